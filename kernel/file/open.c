/*
 * open.c - open(2): from a path to a struct file.
 *
 * The path is walked, the file made if it is missing and O_CREAT asks for it,
 * and permissions checked, in one go under fs_lock: so of two programs that
 * make a file with O_EXCL, one fails.  What kind of node it is decides the
 * file's ops.
 */
#include "errno.h"
#include "fs.h"
#include "panic.h"
#include "process.h"
#include "syscall.h"

#define O_TMPFILE 020000000 /* not supported */

/* These matter only while the file is opened. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* What O_PATH leaves of a file: a name for the directory calls. */
static const struct file_ops path_ops;

static bool wants_write(unsigned int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

/* The file does not exist.  Needs fs_lock. */
static int missing_create(struct lookup *l, unsigned int flags, uint32_t mode)
{
	const struct process *p = current_process();
	struct inode *inode;
	int error;

	if (!(flags & O_CREAT))
		return -ENOENT;
	if (l->slashes)
		return -EISDIR;
	inode = inode_create(S_IFREG | (mode & 07777 & ~(p ? p->umask : 0)));
	if (!inode)
		return -ENOMEM;
	error = name_create(l, inode);
	if (!error)
		l->inode = inode;
	inode_put(inode); /* its name has a reference */
	return error;
}

/* May the node that exists be opened so?  Needs fs_lock. */
static int open_check(const struct inode *inode, unsigned int flags)
{
	unsigned int want = 0;

	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if ((flags & O_DIRECTORY) && !inode_is(inode, S_IFDIR))
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (inode_is(inode, S_IFLNK))
		return -ELOOP; /* O_NOFOLLOW */
	if ((flags & O_NOATIME) && !inode_is_owner(inode))
		return -EPERM;
	if (inode_is(inode, S_IFDIR) &&
	    ((flags & O_CREAT) || wants_write(flags)))
		return -EISDIR;
	if ((flags & O_ACCMODE) != O_WRONLY)
		want |= MAY_READ;
	if (wants_write(flags))
		want |= MAY_WRITE;
	return inode_permission(inode, want);
}

/* The node to open, with a reference; one that is made here has nothing in it,
 * so O_TRUNC is done.  Takes fs_lock. */
static int target_find(struct lookup *l, unsigned int *flags, uint32_t mode,
		       struct inode **out)
{
	bool nofollow = (*flags & O_NOFOLLOW) ||
			((*flags & O_CREAT) && (*flags & O_EXCL));
	int error;

	core_mutex_lock(&fs_lock);
	error = lookup_walk(l, nofollow ? 0 : LOOKUP_FOLLOW);
	if (!error && l->inode) {
		error = open_check(l->inode, *flags);
	} else if (!error) {
		error = missing_create(l, *flags, mode);
		*flags &= ~O_TRUNC;
	}
	if (!error)
		*out = inode_get(l->inode);
	core_mutex_unlock(&fs_lock);
	return error;
}

/* A session leader's first terminal becomes that of its session: open(2). */
static bool may_acquire(unsigned int flags)
{
	return !(flags & O_NOCTTY) && (flags & O_ACCMODE) != O_WRONLY;
}

/* O_TRUNC is a write, also to a program with S_ISUID. */
static int empty(struct inode *inode)
{
	int error = ram_file_truncate(inode, 0);

	if (!error)
		inode_drop_rights(inode);
	return error;
}

/* What the file can do depends on the kind of the node. */
static int inode_attach(struct file *f, struct inode *inode, unsigned int flags)
{
	f->inode = inode;
	if (flags & O_PATH)
		return 0;
	if (inode->virtual && inode_is(inode, S_IFREG))
		return inode->virtual->open(f);
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		f->ops = &ram_file_ops;
		return flags & O_TRUNC ? empty(inode) : 0;
	case S_IFDIR:
		f->ops = &dir_ops;
		return 0;
	case S_IFCHR:
		return dev_open(f, inode->rdev, may_acquire(flags));
	default:
		return -ENXIO;
	}
}

static int open_prepared(struct lookup *l, unsigned int flags, uint32_t mode,
			 struct file **out)
{
	struct inode *inode;
	struct file *f;
	int error;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	if ((flags & O_TMPFILE) || ((flags & O_CREAT) && (flags & O_DIRECTORY)))
		return -EINVAL;
	f = file_create(&path_ops, flags & ~OPEN_ONLY);
	if (!f)
		return -ENOMEM;
	error = target_find(l, &flags, mode, &inode);
	if (!error)
		error = inode_attach(f, inode, flags);
	if (error)
		file_put(f);
	else
		*out = f;
	return error;
}

int fs_open(int dirfd, const char *path, unsigned int flags, uint32_t mode,
	    struct file **out)
{
	struct lookup l;
	int error = lookup_prepare(&l, dirfd, path);

	if (error)
		return error;
	error = open_prepared(&l, flags, mode, out);
	lookup_release(&l);
	return error;
}

int fs_open_exec(const char *path, struct file **out)
{
	struct lookup l;
	struct file *f;
	int error = lookup_prepare(&l, AT_FDCWD, path);

	if (error)
		return error;
	f = file_create(&ram_file_ops, O_RDONLY);
	core_mutex_lock(&fs_lock);
	error = lookup_walk(&l, LOOKUP_FOLLOW);
	if (!error && !l.inode)
		error = -ENOENT;
	if (!error && !inode_is(l.inode, S_IFREG))
		error = -EACCES;
	if (!error)
		error = inode_permission(l.inode, MAY_EXEC);
	if (!error && !f)
		error = -ENOMEM;
	if (!error)
		f->inode = inode_get(l.inode);
	core_mutex_unlock(&fs_lock);
	lookup_release(&l);
	if (!error)
		*out = f;
	else if (f)
		file_put(f);
	return error;
}

/* ---- the system calls ---- */

static long open_at(int dirfd, uintptr_t path, unsigned int flags,
		    uint32_t mode)
{
	struct lookup l;
	struct file *f;
	long fd = lookup_prepare_user(&l, dirfd, path);

	if (fd)
		return fd;
	fd = open_prepared(&l, flags | O_LARGEFILE, mode, &f);
	lookup_release(&l);
	if (fd)
		return fd;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_open(uintptr_t path, int flags, unsigned int mode)
{
	return open_at(AT_FDCWD, path, flags, mode);
}

long sys_openat(int dirfd, uintptr_t path, int flags, unsigned int mode)
{
	return open_at(dirfd, path, flags, mode);
}

long sys_creat(uintptr_t path, unsigned int mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
