/*
 * dev.c - /dev: the devices that others register (device.h), and a few that
 * need no hardware.
 */
#include "device.h"
#include "errno.h"
#include "fs.h"
#include "page.h"
#include "panic.h"
#include "random.h"
#include "string.h"
#include "uaccess.h"
#include "waitq.h"

/* ---- null, zero, full ---- */

static long null_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return 0;
}

static long null_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return len;
}

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

/* Devices without a position accept any: lseek(2) on /dev/null succeeds. */
static long null_lseek(struct file *f, int64_t offset, int whence)
{
	return f->pos = 0;
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

/* ---- the table ---- */

static long null_write_kernel(struct file *f, const void *buf, size_t len,
			      uint64_t *pos)
{
	return len;
}

static const struct file_ops null_ops = {
	.read = null_read,
	.write = null_write,
	.lseek = null_lseek,
	.write_kernel = null_write_kernel,
};

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

DEVICE(.name = "null", .number = DEVICE_NUMBER(1, 3), .ops = &null_ops);
DEVICE(.name = "zero", .number = DEVICE_NUMBER(1, 5), .ops = &zero_ops);
DEVICE(.name = "full", .number = DEVICE_NUMBER(1, 7), .ops = &full_ops);
DEVICE(.name = "random", .number = DEVICE_NUMBER(1, 8), .ops = &random_ops);
DEVICE(.name = "urandom", .number = DEVICE_NUMBER(1, 9), .ops = &random_ops);

/* ---- all devices ---- */

#define MINOR_MASK 0xffu

static const struct device *device_find(uint64_t number)
{
	const struct device *d, *found = NULL;

	table_for_each (d, devices)
		if (number >= d->number &&
		    number <= d->number + d->more_minors &&
		    (!found || found->stand_in))
			found = d;
	return found;
}

int dev_open(struct file *f, uint64_t number, bool acquire)
{
	const struct device *d = device_find(number);

	if (!d)
		return -ENXIO;
	if (d->open)
		return d->open(f, number & MINOR_MASK, acquire);
	f->ops = d->ops;
	return 0;
}

static void make_device(struct inode *dir, const struct device *d)
{
	struct inode *inode =
		inode_create(S_IFCHR | (d->mode ? d->mode : 0666));

	if (!inode || dir_add(dir, d->name, strlen(d->name), inode))
		panic("dev_init: no memory for /dev/%s", d->name);
	inode->rdev = d->number;
	inode_put(inode);
}

/* What the archive has brought stays as it is. */
void dev_init(struct inode *dir)
{
	const struct device *d;

	table_for_each (d, devices)
		if (d->name && !dir_find(dir, d->name, strlen(d->name)))
			make_device(dir, d);
}
