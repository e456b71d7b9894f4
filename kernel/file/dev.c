/*
 * dev.c - /dev: the devices that others register (device.h), and /dev/null.
 */
#include "device.h"
#include "errno.h"
#include "fs.h"
#include "panic.h"
#include "string.h"

/* ---- null ---- */

static long null_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return 0;
}

long null_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return len;
}

/* Devices without a position accept any: lseek(2) on /dev/null succeeds. */
long null_lseek(struct file *f, int64_t offset, int whence)
{
	return f->pos = 0;
}

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

DEVICE(.name = "null", .number = DEVICE_NUMBER(1, 3), .ops = &null_ops);

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
