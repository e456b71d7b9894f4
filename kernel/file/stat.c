/*
 * stat.c - what a file is, and what one may do with it: stat, access.
 *
 * The calls come in several forms, by path and by descriptor.  All find what
 * there is to say in the form of stat(2), a struct kernel_stat.
 */
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "syscall.h"
#include "uaccess.h"

/* ---- finding the node ---- */

unsigned int lookup_flags(unsigned int at_flags, bool follow)
{
	unsigned int flags = at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;

	if (at_flags & AT_SYMLINK_FOLLOW)
		follow = true;
	if (at_flags & AT_SYMLINK_NOFOLLOW)
		follow = false;
	return flags | (follow ? LOOKUP_FOLLOW : 0);
}

/* ---- finding what there is to say ---- */

static int stat_fd(int fd, struct kernel_stat *st)
{
	struct file *f = fd_get(fd);
	int error = 0;

	if (!f)
		return -EBADF;
	if (f->ops->stat)
		error = f->ops->stat(f, st);
	else if (f->inode)
		inode_stat(f->inode, st);
	else /* an object without a node */
		*st = (struct kernel_stat){.nlink = 1, .mode = 0600};
	file_put(f);
	return error;
}

static int stat_path(int dirfd, uintptr_t path, unsigned int flags,
		     struct kernel_stat *st)
{
	struct lookup l;
	int error = lookup_user(&l, dirfd, path, flags);

	if (error)
		return error;
	if (l.inode)
		inode_stat(l.inode, st);
	else
		error = -ENOENT;
	lookup_end(&l);
	return error;
}

int stat_at_user(int dirfd, uintptr_t path, unsigned int at_flags,
		 struct kernel_stat *st)
{
	char first;

	if ((at_flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD) {
		if (get_user(first, path))
			return -EFAULT;
		if (first == '\0')
			return stat_fd(dirfd, st);
	}
	return stat_path(dirfd, path, lookup_flags(at_flags, true), st);
}

/* ---- stat ---- */

long sys_stat(uintptr_t path, uintptr_t buf)
{
	struct kernel_stat st;
	int error = stat_path(AT_FDCWD, path, LOOKUP_FOLLOW, &st);

	return error ? error : put_user(st, buf);
}

long sys_lstat(uintptr_t path, uintptr_t buf)
{
	struct kernel_stat st;
	int error = stat_path(AT_FDCWD, path, 0, &st);

	return error ? error : put_user(st, buf);
}

long sys_fstat(int fd, uintptr_t buf)
{
	struct kernel_stat st;
	int error = stat_fd(fd, &st);

	return error ? error : put_user(st, buf);
}

/* ---- access ---- */

long access_at(int dirfd, uintptr_t path, unsigned int want, unsigned int flags)
{
	struct inode *inode;
	long result;

	if ((want & ~7u) ||
	    (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	result = lookup_inode(dirfd, path, lookup_flags(flags, true), &inode);
	if (result)
		return result;
	result = inode_access(inode, want, !(flags & AT_EACCESS));
	inode_put(inode);
	return result;
}

long sys_access(uintptr_t path, int mode)
{
	return access_at(AT_FDCWD, path, mode, 0);
}

long sys_faccessat(int dirfd, uintptr_t path, int mode)
{
	return access_at(dirfd, path, mode, 0);
}
