/*
 * device.h - the devices that programs find in /dev: a row each, in the file of
 * what serves them.
 *
 *	DEVICE(.name = "null", .number = DEVICE_NUMBER(1, 3), .ops = &null_ops);
 *
 * A node's number, its major and minor as on Linux, decides what an open file
 * of it is; so a node that mknod(2) makes elsewhere works as well.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "file.h"
#include "stat.h"
#include "table.h"

struct device {
	const char *name; /* in /dev; NULL: its names are made as they come */
	uint64_t number;
	unsigned int more_minors; /* whose number it also has */
	uint32_t mode;            /* permissions; 0: everybody's */
	bool stand_in;            /* only while no other has the number */

	/* Of a file that is open; or what gives it ops.  acquire: a terminal
	 * becomes that of a session that has none. */
	const struct file_ops *ops;
	int (*open)(struct file *f, unsigned int minor, bool acquire);
};

TABLE(devices, struct device);

#define DEVICE(...) \
	TABLE_ROW(devices, struct device) \
	{ \
		__VA_ARGS__ \
	}

/* What /dev/null does, for its like: takes everything, and is at any position.
 */
long null_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos);
long null_lseek(struct file *f, int64_t offset, int whence);

#endif
