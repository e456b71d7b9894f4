/*
 * names.c - the system calls that make and remove names: mkdir, mknod, link,
 * unlink, rmdir.
 *
 * Each walks its path, checks, and changes one directory, all under fs_lock.
 * A node whose last name has gone is put only after that: freeing a large file
 * takes a while.
 */
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "syscall.h"

/* ---- making ---- */

static uint32_t masked(uint32_t mode)
{
	return mode & 07777 & ~current_process()->umask;
}

/* In a directory with S_ISGID, what is made gets the directory's group; but who
 * is not in that group makes no program that others run with its rights. */
static void inherit_group(const struct inode *dir, struct inode *inode)
{
	const uint32_t program = S_ISGID | S_IXGRP;

	inode->gid = dir->gid;
	if (inode_is(inode, S_IFDIR))
		inode->mode |= S_ISGID;
	else if ((inode->mode & program) == program && !fs_is_root() &&
		 !fs_in_group(dir->gid))
		inode->mode &= ~S_ISGID;
}

int name_create(struct lookup *l, struct inode *inode)
{
	int error = lookup_may_create(l, inode_is(inode, S_IFDIR));

	if (error)
		return error;
	if (l->dir->mode & S_ISGID)
		inherit_group(l->dir, inode);
	return dir_add(l->dir, l->name, l->len, inode);
}

long name_new(int dirfd, uintptr_t path, struct inode *inode)
{
	struct lookup l;
	long result = lookup_user(&l, dirfd, path, LOOKUP_NAME);

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

long sys_mkdir(uintptr_t path, unsigned int mode)
{
	return make_directory(AT_FDCWD, path, mode);
}

long sys_mkdirat(int dirfd, uintptr_t path, unsigned int mode)
{
	return make_directory(dirfd, path, mode);
}

static bool is_device(uint32_t type)
{
	return type == S_IFCHR || type == S_IFBLK;
}

static long make_node(int dirfd, uintptr_t path, uint32_t mode, uint64_t rdev)
{
	struct inode *inode;
	uint32_t type = mode & S_IFMT;

	if (type == 0)
		type = S_IFREG;
	if (type == S_IFDIR)
		return -EPERM;
	if (is_device(type) && !fs_is_root())
		return -EPERM;
	if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK &&
	    !is_device(type))
		return -EINVAL;
	inode = inode_create(type | masked(mode));
	if (!inode)
		return -ENOMEM;
	inode->rdev = is_device(type) ? rdev : 0;
	return name_new(dirfd, path, inode);
}

long sys_mknod(uintptr_t path, unsigned int mode, unsigned int dev)
{
	return make_node(AT_FDCWD, path, mode, dev);
}

long sys_mknodat(int dirfd, uintptr_t path, unsigned int mode, unsigned int dev)
{
	return make_node(dirfd, path, mode, dev);
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
	result = lookup_user(&l, dirfd, path, LOOKUP_NAME);
	if (!result) {
		result = lookup_may_create(&l, false);
		if (!result && inode_is(inode, S_IFDIR))
			result = -EPERM;
		if (!result && inode->virtual)
			result = -EXDEV;
		if (!result && inode->nlink == 0)
			result = -ENOENT;
		if (!result)
			result = dir_add(l.dir, l.name, l.len, inode);
		lookup_end(&l);
	}
	inode_put(inode);
	return result;
}

long sys_link(uintptr_t old_path, uintptr_t new_path)
{
	return make_link(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

long sys_linkat(int old_dirfd, uintptr_t old_path, int new_dirfd,
		uintptr_t new_path, int flags)
{
	return make_link(old_dirfd, old_path, new_dirfd, new_path, flags);
}

/* ---- removing ---- */

/* In a directory with the sticky bit (/tmp), only one's own. */
int name_may_remove(const struct inode *dir, const struct inode *inode)
{
	int error = inode_permission(dir, MAY_WRITE | MAY_EXEC);

	if (!error && (dir->virtual || inode->virtual))
		error = -EPERM;
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
	if (lookup_needs_directory(l))
		return -ENOTDIR;
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
	long result = lookup_user(&l, dirfd, path, LOOKUP_NAME);

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

long sys_unlink(uintptr_t path)
{
	return remove_name(AT_FDCWD, path, false);
}

long sys_rmdir(uintptr_t path)
{
	return remove_name(AT_FDCWD, path, true);
}

long sys_unlinkat(int dirfd, uintptr_t path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return remove_name(dirfd, path, flags & AT_REMOVEDIR);
}
