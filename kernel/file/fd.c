/*
 * fd.c - the system calls on descriptors: close, dup, fcntl.
 *
 * dup(2) and its relatives make another number for the same open file, with
 * one position and one set of status flags.  What belongs to the number alone
 * is one flag, close-on-exec, which lives in the table.
 */
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "process.h"
#include "syscall.h"

#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 1030
#define FD_CLOEXEC 1

/* What F_SETFL may change; the rest is ignored (fcntl(2)). */
#define SETFL_MASK (O_APPEND | O_NONBLOCK)

long sys_close(int fd)
{
	return fd_close(fd);
}

/* The reference of fd_get() goes to the new descriptor. */
static long fd_duplicate(int fd, int from, bool cloexec)
{
	struct file *f = fd_get(fd);
	long new;

	if (!f)
		return -EBADF;
	new = fd_install(f, from, cloexec);
	if (new < 0)
		file_put(f);
	return new;
}

long sys_dup(int fd)
{
	return fd_duplicate(fd, 0, false);
}

static long duplicate_to(int fd, unsigned int new, bool cloexec)
{
	struct file *f;
	long result;

	if (new >= fd_limit())
		return -EBADF;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	result = fdtable_replace(current_process()->files, f, new, cloexec);
	if (result < 0)
		file_put(f);
	return result;
}

/* To itself: only the check that it is open (dup(2)). */
long sys_dup2(int fd, int new_fd)
{
	if (fd == new_fd) {
		struct file *f = fd_get(fd);

		if (!f)
			return -EBADF;
		file_put(f);
		return fd;
	}
	return duplicate_to(fd, new_fd, false);
}

long sys_dup3(int fd, int new_fd, int flags)
{
	if ((flags & ~O_CLOEXEC) || fd == new_fd)
		return -EINVAL;
	return duplicate_to(fd, new_fd, flags & O_CLOEXEC);
}

static long set_flags(struct file *f, unsigned int flags)
{
	core_mutex_lock(&f->lock);
	f->flags = (f->flags & ~SETFL_MASK) | (flags & SETFL_MASK);
	core_mutex_unlock(&f->lock);
	return 0;
}

static long fd_control_other(struct file *f, int fd, int command, uint64_t arg)
{
	const struct fcntl_command *c;

	table_for_each (c, fcntl_commands)
		if (c->command == command)
			return c->control(f, fd, command, arg);
	return -EINVAL;
}

static long fd_control(struct file *f, int fd, int command, uint64_t arg)
{
	struct fdtable *t = current_process()->files;

	if ((f->flags & O_PATH) && command == F_SETFL)
		return -EBADF;
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= fd_limit())
			return -EINVAL;
		return fd_duplicate(fd, arg, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fdtable_get_cloexec(t, fd);
	case F_SETFD:
		return fdtable_set_cloexec(t, fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return f->flags;
	case F_SETFL:
		return set_flags(f, arg);
	default:
		return fd_control_other(f, fd, command, arg);
	}
}

long sys_fcntl(int fd, int command, uintptr_t arg)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = fd_control(file, fd, command, arg);
	file_put(file);
	return result;
}
