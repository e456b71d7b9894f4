/*
 * fd_table.h - tables of descriptors, for the system calls on them and for
 * tests.
 */
#ifndef FD_TABLE_H
#define FD_TABLE_H

#include "file.h"
#include "types.h"

/* The lowest free number from `from` on and below `limit`; the file's
 * reference goes to the table.  -EMFILE, -ENOMEM: it stays the caller's. */
long fdtable_install(struct fdtable *t, struct file *f, unsigned int from,
		     unsigned int limit, bool cloexec);

/* The same with a given number; what was open there is closed. */
long fdtable_replace(struct fdtable *t, struct file *f, unsigned int fd,
		     bool cloexec);

/* -EBADF: it was not open. */
int fdtable_close(struct fdtable *t, int fd);

/* 0 or 1; -EBADF. */
int fdtable_get_cloexec(struct fdtable *t, int fd);
int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec);

/* The first open descriptor from `from` on, or -1. */
int fdtable_next(struct fdtable *t, unsigned int from);

/* How many descriptors the current process may have. */
unsigned int fd_limit(void);

#endif
