/*
 * close_range.c - close_range(2): many descriptors at once.
 */
#include "errno.h"
#include "fd_table.h"
#include "file.h"
#include "process.h"

#define CLOSE_RANGE_CLOEXEC 4u

/* Looks at open descriptors only, however wide the range. */
long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	struct fdtable *t = current_process()->files;

	if (first > last || (flags & ~CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	for (int fd; (fd = fdtable_next(t, first)) >= 0; first = fd + 1) {
		if ((unsigned int)fd > last)
			break;
		if (flags & CLOSE_RANGE_CLOEXEC)
			fdtable_set_cloexec(t, fd, true);
		else
			fdtable_close(t, fd);
	}
	return 0;
}
