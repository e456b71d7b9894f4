/*
 * names.c - the system calls that make and remove names: mkdir, mknod, link,
 * symlink, unlink, rmdir.
 *
 * Each walks its path, checks, and changes one directory, all under fs_lock.
 * A node whose last name has gone is put only after that: freeing a large file
 * takes a while.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

#define S_ISVTX 01000
#define S_ISGID 02000

/* ---- making ---- */

static uint32_t masked(uint32_t mode)
{
	return mode & 07777 & ~current_process()->umask;
}

/* In a directory with S_ISGID, what is made gets the directory's group. */
int name_create(struct lookup *l, struct inode *inode)
{
	bool directory = inode_is(inode, S_IFDIR);
	int error = lookup_may_create(l, directory);

	if (error)
		return error;
	if (l->dir->mode & S_ISGID) {
		inode->gid = l->dir->gid;
		inode->mode |= directory ? S_ISGID : 0;
	}
	return dir_add(l->dir, l->name, l->len, inode);
}

/* A node without a name, and a name for it; the node is put in any case. */
static long name_new(int dirfd, uintptr_t path, struct inode *inode)
{
	struct lookup l;
	long result = lookup_user(&l, dirfd, path, 0);

	if (!result) {
		result = name_create(&l, inode);
		lookup_end(&l);
	}
	inode_put(inode);
	return result;
}

static long make_directory(int dirfd, uintptr_t path, uint32_t mode)
{
	struct inode *inode = inode_create(S_IFDIR | (masked(mode) & 01777));

	return inode ? name_new(dirfd, path, inode) : -ENOMEM;
}

SYSCALL(mkdir)
{
	UNUSED_FROM_C;
	return make_directory(AT_FDCWD, a, b);
}

SYSCALL(mkdirat)
{
	UNUSED_FROM_D;
	return make_directory(a, b, c);
}

static long make_node(int dirfd, uintptr_t path, uint32_t mode, uint64_t rdev)
{
	struct inode *inode;
	uint32_t type = mode & S_IFMT;

	if (type == 0)
		type = S_IFREG;
	if (type == S_IFDIR)
		return -EPERM;
	if (type == S_IFCHR && !fs_is_root())
		return -EPERM;
	if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK &&
	    type != S_IFCHR)
		return -EINVAL;
	inode = inode_create(type | masked(mode));
	if (!inode)
		return -ENOMEM;
	inode->rdev = type == S_IFCHR ? rdev : 0;
	return name_new(dirfd, path, inode);
}

SYSCALL(mknod)
{
	UNUSED_FROM_D;
	return make_node(AT_FDCWD, a, b, c);
}

SYSCALL(mknodat)
{
	UNUSED_FROM_E;
	return make_node(a, b, c, d);
}

static long make_symlink(uintptr_t target, int dirfd, uintptr_t path)
{
	struct inode *inode;
	char *buf = kmalloc(PATH_MAX);
	long len;

	if (!buf)
		return -ENOMEM;
	len = copy_string_from_user(buf, target, PATH_MAX);
	if (len <= 0) {
		kfree(buf);
		return len ? len : -ENOENT;
	}
	inode = inode_create(S_IFLNK | 0777);
	if (inode) {
		inode->link.target = kmalloc(len + 1);
		inode->link.len = len;
		if (inode->link.target)
			memcpy(inode->link.target, buf, len + 1);
	}
	kfree(buf);
	if (inode && inode->link.target)
		return name_new(dirfd, path, inode);
	inode_put(inode);
	return -ENOMEM;
}

SYSCALL(symlink)
{
	UNUSED_FROM_C;
	return make_symlink(a, AT_FDCWD, b);
}

SYSCALL(symlinkat)
{
	UNUSED_FROM_D;
	return make_symlink(a, b, c);
}

/* One more name for a node that has one. */
static long make_link(int old_dirfd, uintptr_t old_path, int dirfd,
		      uintptr_t path, unsigned int flags)
{
	struct inode *inode;
	struct lookup l;
	long result;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	result = lookup_inode(old_dirfd, old_path, lookup_flags(flags, false),
			      &inode);
	if (result)
		return result;
	result = lookup_user(&l, dirfd, path, 0);
	if (!result) {
		result = lookup_may_create(&l, false);
		if (!result && inode_is(inode, S_IFDIR))
			result = -EPERM;
		if (!result && inode->nlink == 0)
			result = -ENOENT;
		if (!result)
			result = dir_add(l.dir, l.name, l.len, inode);
		lookup_end(&l);
	}
	inode_put(inode);
	return result;
}

SYSCALL(link)
{
	UNUSED_FROM_C;
	return make_link(AT_FDCWD, a, AT_FDCWD, b, 0);
}

SYSCALL(linkat)
{
	UNUSED_FROM_F;
	return make_link(a, b, c, d, e);
}

/* ---- removing ---- */

/* In a directory with the sticky bit (/tmp), only one's own. */
int name_may_remove(const struct inode *dir, const struct inode *inode)
{
	int error = inode_permission(dir, MAY_WRITE | MAY_EXEC);

	if (!error && (dir->mode & S_ISVTX) && !inode_is_owner(dir) &&
	    !inode_is_owner(inode))
		error = -EPERM;
	return error;
}

void name_removed(struct inode *inode)
{
	if (inode_is(inode, S_IFDIR))
		inode->nlink = 0; /* nothing can be made in it any more */
}

static int may_unlink(const struct lookup *l)
{
	if (l->last != LAST_NAME)
		return -EISDIR;
	if (!l->inode)
		return -ENOENT;
	int error = name_may_remove(l->dir, l->inode);

	if (!error && inode_is(l->inode, S_IFDIR))
		error = -EISDIR;
	return error;
}

static int may_rmdir(const struct lookup *l)
{
	if (l->last != LAST_NAME)
		return l->last == LAST_DOT    ? -EINVAL
		       : l->last == LAST_ROOT ? -EBUSY
					      : -ENOTEMPTY;
	if (!l->inode)
		return -ENOENT;
	int error = name_may_remove(l->dir, l->inode);

	if (!error && !inode_is(l->inode, S_IFDIR))
		error = -ENOTDIR;
	if (!error && l->inode->dir.count > 0)
		error = -ENOTEMPTY;
	return error;
}

static long remove_name(int dirfd, uintptr_t path, bool directory)
{
	struct inode *gone = NULL;
	struct lookup l;
	long result = lookup_user(&l, dirfd, path, 0);

	if (result)
		return result;
	result = directory ? may_rmdir(&l) : may_unlink(&l);
	if (!result) {
		gone = dir_remove(l.dir, l.name, l.len);
		name_removed(gone);
	}
	lookup_end(&l);
	inode_put(gone);
	return result;
}

SYSCALL(unlink)
{
	UNUSED_FROM_B;
	return remove_name(AT_FDCWD, a, false);
}

SYSCALL(rmdir)
{
	UNUSED_FROM_B;
	return remove_name(AT_FDCWD, a, true);
}

SYSCALL(unlinkat)
{
	UNUSED_FROM_D;
	if (c & ~(uint64_t)AT_REMOVEDIR)
		return -EINVAL;
	return remove_name(a, b, c & AT_REMOVEDIR);
}
