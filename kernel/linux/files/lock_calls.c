/*
 * lock_calls.c - the system calls that lock files: fcntl(2) and flock(2).
 *
 * They say which lock is wanted, as a struct lock_record; locks.c does the
 * rest.
 */
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "locks.h"
#include "stat.h"
#include "syscall.h"
#include "uaccess.h"

#define LOCK_SH 1u
#define LOCK_EX 2u
#define LOCK_NB 4u
#define LOCK_UN 8u

/* The kernel's struct flock. */
struct flock {
	int16_t type, whence;
	int32_t padding;
	int64_t start, len; /* 0: to the end, wherever that will be */
	int32_t pid, padding2;
};

/* ---- fcntl ---- */

/* The bytes that a struct flock means: from start on; of negative length:
 * before it. */
static int range_of(const struct file *f, const struct flock *fl,
		    struct lock_record *r)
{
	int64_t start = fl->start, last = LOCK_LAST, base = 0;

	if (fl->whence == SEEK_CUR)
		base = f->pos;
	else if (fl->whence == SEEK_END)
		base = inode_size(f->inode);
	else if (fl->whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(start, base, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (fl->len > 0 && __builtin_add_overflow(start, fl->len - 1, &last))
		return -EOVERFLOW;
	if (fl->len < 0) {
		last = start - 1;
		if (__builtin_add_overflow(start, fl->len, &start) || start < 0)
			return -EINVAL;
	}
	r->start = start;
	r->last = last;
	return 0;
}

static bool is_ofd(int command)
{
	return command >= F_OFD_GETLK;
}

static int record_fill(struct lock_record *r, const struct file *f, int command,
		       const struct flock *fl)
{
	const struct process *p = current_process();

	if (fl->type < F_RDLCK || fl->type > F_UNLCK || !f->inode ||
	    (is_ofd(command) && fl->pid != 0))
		return -EINVAL;
	*r = (struct lock_record){
		.kind = LOCK_RANGE,
		.type = fl->type,
		.owner = is_ofd(command) ? (const void *)f : p->files,
		.pid = is_ofd(command) ? -1 : p->pid,
	};
	return range_of(f, fl, r);
}

/* Who is in the way of this lock? */
static long lock_test(const struct file *f, struct lock_record *wanted,
		      struct flock *fl, uintptr_t to)
{
	if (wanted->type == F_UNLCK)
		return -EINVAL;
	if (lock_find_conflict(f->inode, wanted)) {
		fl->type = wanted->type;
		fl->whence = SEEK_SET;
		fl->start = wanted->start;
		fl->len = wanted->last == LOCK_LAST
				  ? 0
				  : wanted->last - wanted->start + 1;
		fl->pid = wanted->pid;
	} else {
		fl->type = F_UNLCK;
	}
	return put_user(*fl, to);
}

/* A lock to read needs a file that may be read, and so on. */
static bool may_lock(const struct file *f, int type)
{
	unsigned int mode = f->flags & O_ACCMODE;

	return type == F_UNLCK ||
	       mode != (type == F_RDLCK ? O_WRONLY : O_RDONLY);
}

/* Another thread may have closed the descriptor while we waited: then its
 * close has ended only the locks that were there. */
static int still_open(const struct file *f, int fd)
{
	struct fd_use use = fd_use_begin(fd);
	bool same = use.file == f;

	fd_use_end(use);
	return same ? 0 : -EBADF;
}

static long lock_control(struct file *f, int fd, int command, uintptr_t arg)
{
	struct lock_record wanted;
	struct flock fl;
	int error;

	if (f->flags & O_PATH)
		return -EBADF;
	if (get_user(fl, arg))
		return -EFAULT;
	error = record_fill(&wanted, f, command, &fl);
	if (error)
		return error;
	if (command == F_GETLK || command == F_OFD_GETLK)
		return lock_test(f, &wanted, &fl, arg);
	if (!may_lock(f, wanted.type))
		return -EBADF;
	error = lock_set(f->inode, &wanted,
			 command == F_SETLKW || command == F_OFD_SETLKW);
	if (!error && wanted.type != F_UNLCK && !is_ofd(command)) {
		error = still_open(f, fd);
		if (error)
			locks_release(f->inode, wanted.owner);
	}
	return error;
}

FCNTL(F_GETLK, lock_control);
FCNTL(F_SETLK, lock_control);
FCNTL(F_SETLKW, lock_control);
FCNTL(F_OFD_GETLK, lock_control);
FCNTL(F_OFD_SETLK, lock_control);
FCNTL(F_OFD_SETLKW, lock_control);

/* ---- flock ---- */

static int flock_type(unsigned int operation)
{
	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
		return F_RDLCK;
	case LOCK_EX:
		return F_WRLCK;
	case LOCK_UN:
		return F_UNLCK;
	default:
		return -EINVAL;
	}
}

static long flock_file(struct file *f, unsigned int operation)
{
	struct lock_record wanted = {.kind = LOCK_WHOLE,
				     .type = flock_type(operation),
				     .owner = f,
				     .pid = -1,
				     .last = LOCK_LAST};

	if (wanted.type < 0)
		return wanted.type;
	if ((f->flags & O_PATH) || !f->inode)
		return -EBADF;
	return lock_set(f->inode, &wanted, !(operation & LOCK_NB));
}

long sys_flock(int fd, unsigned int operation)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = flock_file(file, operation);
	file_put(file);
	return result;
}
