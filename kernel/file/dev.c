/*
 * dev.c - the devices that programs find in /dev.
 *
 * A device's node has a number, its major and minor as on Linux, and the number
 * decides which ops an open file gets; so a node that mknod(2) makes elsewhere
 * works as well.
 */
#include "errno.h"
#include "fs.h"
#include "input.h"
#include "page.h"
#include "panic.h"
#include "random.h"
#include "stat.h"
#include "string.h"
#include "tty.h"
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

static long random_read(struct file *f, uintptr_t buf, size_t len,
			uint64_t *pos)
{
	return random_to_user(buf, len);
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

static const struct device {
	const char *name;
	uint64_t rdev;
	const struct file_ops *ops;
	/* Or what opens it; acquire: a terminal becomes that of the session. */
	int (*open)(struct file *f, unsigned int minor, bool acquire);
} devices[] = {
	{"null", DEVICE(1, 3), &null_ops, NULL},
	{"zero", DEVICE(1, 5), &zero_ops, NULL},
	{"full", DEVICE(1, 7), &full_ops, NULL},
	{"random", DEVICE(1, 8), &random_ops, NULL},
	{"urandom", DEVICE(1, 9), &random_ops, NULL},
	{"tty1", DEVICE(4, 1), NULL, screen_open},
	{"ttyS0", DEVICE(4, 64), NULL, serial_open},
	{"tty", DEVICE(5, 0), NULL, tty_open_own},
	{"console", DEVICE(5, 1), NULL, console_open},
	{"ptmx", DEVICE(5, 2), NULL, ptmx_open},
	{"ktest", DEVICE(10, 240), &ktest_file_ops, NULL}, /* for local use */
	{"input", DEVICE(13, 64), &input_file_ops, NULL},
};

#define MINOR_MASK 0xffu

int dev_open(struct file *f, uint64_t rdev, bool acquire)
{
	if ((rdev & ~(uint64_t)MINOR_MASK) == DEVICE(PTS_MAJOR, 0))
		return pts_open(f, rdev & MINOR_MASK, acquire);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct device *d = &devices[i];

		if (d->rdev != rdev)
			continue;
		if (d->open)
			return d->open(f, rdev & MINOR_MASK, acquire);
		f->ops = d->ops;
		return 0;
	}
	return -ENXIO;
}

/* ---- /dev ---- */

/* The machine's terminals are root's; /dev/tty is everybody's own. */
static uint32_t permissions(const struct device *d)
{
	return d->rdev == DEVICE(4, 1) || d->rdev == DEVICE(4, 64) ||
			       d->rdev == DEVICE(5, 1)
		       ? 0600
		       : 0666;
}

static void make_device(struct inode *dir, const struct device *d)
{
	struct inode *inode = inode_create(S_IFCHR | permissions(d));

	if (!inode || dir_add(dir, d->name, strlen(d->name), inode))
		panic("dev_init: no memory for /dev/%s", d->name);
	inode->rdev = d->rdev;
	inode_put(inode);
}

/* A process finds its own descriptors by these names. */
static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

static void make_link(struct inode *dir, const char *name, const char *target)
{
	struct inode *inode = inode_create(S_IFLNK | 0777);

	if (!inode || symlink_fill(inode, target, strlen(target)) ||
	    dir_add(dir, name, strlen(name), inode))
		panic("dev_init: no memory for /dev/%s", name);
	inode_put(inode);
}

static bool is_missing(const struct inode *dir, const char *name)
{
	return !dir_find(dir, name, strlen(name));
}

/* What the archive has brought stays as it is. */
void dev_init(struct inode *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (is_missing(dir, devices[i].name))
			make_device(dir, &devices[i]);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (is_missing(dir, links[i].name))
			make_link(dir, links[i].name, links[i].target);
}
