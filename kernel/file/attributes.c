/*
 * attributes.c - what is said about a file, changed: chmod, chown and their
 * relatives, umask.
 *
 * Each call comes in several forms, by path and by descriptor; each form finds
 * the node, and one function does the work on it under fs_lock.
 *
 * A program with S_ISUID or S_ISGID runs with the rights of its owner or group.
 * So these bits go when the owner changes, and when somebody writes to it who
 * is not root: else the one who wrote would get the rights.
 */
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "realtime.h"
#include "syscall.h"
#include "uaccess.h"

int inode_of_fd(int fd, struct inode **out)
{
	struct file *f = fd_get(fd);
	int error = 0;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH)
		error = -EBADF;
	else if (f->inode)
		*out = inode_get(f->inode);
	else
		error = -EINVAL;
	file_put(f);
	return error;
}

/* ---- chmod ---- */

/* Takes the reference over. */
static long change_mode(struct inode *inode, uint32_t mode)
{
	long result = 0;

	core_mutex_lock(&fs_lock);
	if (inode_is(inode, S_IFLNK)) {
		result = -EOPNOTSUPP;
	} else if (!inode_is_owner(inode) || inode->virtual) {
		result = -EPERM;
	} else {
		if (!fs_is_root() && !fs_in_group(inode->gid))
			mode &= ~S_ISGID;
		inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
		inode->ctime = realtime_ns();
	}
	core_mutex_unlock(&fs_lock);
	inode_put(inode);
	return result;
}

long mode_change_at(int dirfd, uintptr_t path, uint32_t mode)
{
	struct inode *inode;
	int error = lookup_inode(dirfd, path, LOOKUP_FOLLOW, &inode);

	return error ? error : change_mode(inode, mode);
}

long sys_chmod(uintptr_t path, unsigned int mode)
{
	return mode_change_at(AT_FDCWD, path, mode);
}

long sys_fchmod(int fd, unsigned int mode)
{
	struct inode *inode;
	int error = inode_of_fd(fd, &inode);

	return error ? error : change_mode(inode, mode);
}

/* ---- chown ---- */

#define UNCHANGED UINT32_MAX

/* Root may do all; the owner may give a file to a group of his. */
static int may_chown(const struct inode *inode, uint32_t uid, uint32_t gid)
{
	if (fs_is_root())
		return 0;
	if (!inode_is_owner(inode) || (uid != UNCHANGED && uid != inode->uid) ||
	    (gid != UNCHANGED && gid != inode->gid && !fs_in_group(gid)))
		return -EPERM;
	return 0;
}

/* S_ISGID without the right to execute is no program's, and stays for those who
 * may set it. */
static void rights_clear(struct inode *inode)
{
	inode->mode &= ~S_ISUID;
	if ((inode->mode & S_IXGRP) ||
	    (!fs_is_root() && !fs_in_group(inode->gid)))
		inode->mode &= ~S_ISGID;
}

void inode_drop_rights(struct inode *inode)
{
	if (likely(!(inode->mode & (S_ISUID | S_ISGID))) || fs_is_root())
		return;
	core_mutex_lock(&fs_lock);
	rights_clear(inode);
	core_mutex_unlock(&fs_lock);
}

/* Takes the reference over. */
static long change_owner(struct inode *inode, uint32_t uid, uint32_t gid)
{
	long result;

	core_mutex_lock(&fs_lock);
	result = inode->virtual ? -EPERM : may_chown(inode, uid, gid);
	if (!result) {
		if (!inode_is(inode, S_IFDIR))
			rights_clear(inode);
		if (uid != UNCHANGED)
			inode->uid = uid;
		if (gid != UNCHANGED)
			inode->gid = gid;
		inode->ctime = realtime_ns();
	}
	core_mutex_unlock(&fs_lock);
	inode_put(inode);
	return result;
}

long owner_change_at(int dirfd, uintptr_t path, uint32_t uid, uint32_t gid,
		     unsigned int flags)
{
	struct inode *inode;
	int error = lookup_inode(dirfd, path, flags, &inode);

	return error ? error : change_owner(inode, uid, gid);
}

long sys_chown(uintptr_t path, unsigned int uid, unsigned int gid)
{
	return owner_change_at(AT_FDCWD, path, uid, gid, LOOKUP_FOLLOW);
}

long sys_lchown(uintptr_t path, unsigned int uid, unsigned int gid)
{
	return owner_change_at(AT_FDCWD, path, uid, gid, 0);
}

long sys_fchown(int fd, unsigned int uid, unsigned int gid)
{
	struct inode *inode;
	int error = inode_of_fd(fd, &inode);

	return error ? error : change_owner(inode, uid, gid);
}

/* ---- umask ---- */

long sys_umask(int mask)
{
	struct process *p = current_process();
	uint32_t old;

	spin_lock(&p->lock);
	old = p->umask;
	p->umask = mask & 0777;
	spin_unlock(&p->lock);
	return old;
}
