/*
 * devices.c - devices that need no hardware: zero, full, random, urandom.
 */
#include "device.h"
#include "errno.h"
#include "fs.h"
#include "page.h"
#include "random.h"
#include "syscall.h"
#include "uaccess.h"
#include "waitq.h"

/* ---- zero, full ---- */

static long full_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return len > 0 ? -ENOSPC : 0;
}

static long zero_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	size_t done = 0;

	while (done < len) {
		size_t n = MIN(len - done, (size_t)PAGE_SIZE);
		size_t copied = copy_to_user_partial(buf + done, zeros, n);

		done += copied;
		if (copied < n)
			return done ? (long)done : -EFAULT;
		if (wait_interrupted())
			break;
	}
	return done;
}

/* For mmap: fresh zeros each time. */
static int zero_page(struct file *f, uint64_t offset, struct page **out)
{
	*out = page_alloc_zeroed(0);
	return *out ? 0 : -ENOMEM;
}

/* ---- random, urandom ---- */

/* How many bytes, or -EFAULT when not even one. */
static long random_to_user(uintptr_t buf, size_t len)
{
	uint8_t piece[256];
	size_t done = 0;

	while (done < len) {
		size_t n = MIN(len - done, sizeof(piece)), copied;

		random_bytes(piece, n);
		copied = copy_to_user_partial(buf + done, piece, n);
		done += copied;
		if (copied < n)
			return done ? (long)done : -EFAULT;
		if (wait_interrupted())
			break; /* two gigabytes are many seconds */
	}
	return done;
}

static long random_read(struct file *f, uintptr_t buf, size_t len,
			uint64_t *pos)
{
	return random_to_user(buf, len);
}

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2
#define GRND_INSECURE 4
#define GRND_ALL (GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)

/* Never waits: the generator is ready from the start. */
long sys_getrandom(uintptr_t buf, size_t len, unsigned int flags)
{
	if ((flags & ~GRND_ALL) || (flags & (GRND_RANDOM | GRND_INSECURE)) ==
					   (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (!user_range_ok(buf, MIN(len, INT32_MAX)))
		return -EFAULT;
	return random_to_user(buf, MIN(len, INT32_MAX));
}

static const struct file_ops zero_ops = {
	.read = zero_read,
	.write = null_write,
	.lseek = null_lseek,
	.page = zero_page,
};

static const struct file_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.lseek = null_lseek,
};

static const struct file_ops random_ops = {
	.read = random_read,
	.write = null_write,
	.lseek = null_lseek,
};

DEVICE(.name = "zero", .number = DEVICE_NUMBER(1, 5), .ops = &zero_ops);
DEVICE(.name = "full", .number = DEVICE_NUMBER(1, 7), .ops = &full_ops);
DEVICE(.name = "random", .number = DEVICE_NUMBER(1, 8), .ops = &random_ops);
DEVICE(.name = "urandom", .number = DEVICE_NUMBER(1, 9), .ops = &random_ops);
