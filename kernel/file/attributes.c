/*
 * attributes.c - what is said about a file, changed: chmod, chown, utimensat
 * and their relatives, umask.
 *
 * Each call comes in several forms, by path and by descriptor, and with times
 * in four formats; each form finds the node, and one function does the work on
 * it under fs_lock.
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

static int inode_of_fd(int fd, struct inode **out)
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

static long change_mode_at(int dirfd, uintptr_t path, uint32_t mode)
{
	struct inode *inode;
	int error = lookup_inode(dirfd, path, LOOKUP_FOLLOW, &inode);

	return error ? error : change_mode(inode, mode);
}

long sys_chmod(uintptr_t path, unsigned int mode)
{
	return change_mode_at(AT_FDCWD, path, mode);
}

long sys_fchmodat(int dirfd, uintptr_t path, unsigned int mode)
{
	return change_mode_at(dirfd, path, mode);
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

static long change_owner_at(int dirfd, uintptr_t path, uint32_t uid,
			    uint32_t gid, unsigned int flags)
{
	struct inode *inode;
	int error = lookup_inode(dirfd, path, flags, &inode);

	return error ? error : change_owner(inode, uid, gid);
}

long sys_chown(uintptr_t path, unsigned int uid, unsigned int gid)
{
	return change_owner_at(AT_FDCWD, path, uid, gid, LOOKUP_FOLLOW);
}

long sys_lchown(uintptr_t path, unsigned int uid, unsigned int gid)
{
	return change_owner_at(AT_FDCWD, path, uid, gid, 0);
}

long sys_fchownat(int dirfd, uintptr_t path, unsigned int uid, unsigned int gid,
		  int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_owner_at(dirfd, path, uid, gid,
			       lookup_flags(flags, true));
}

long sys_fchown(int fd, unsigned int uid, unsigned int gid)
{
	struct inode *inode;
	int error = inode_of_fd(fd, &inode);

	return error ? error : change_owner(inode, uid, gid);
}

/* ---- times ---- */

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

#define USEC_PER_SEC 1000000

static bool time_is_valid(const struct timespec *t)
{
	return (uint64_t)t->nsec < NSEC_PER_SEC || t->nsec == UTIME_NOW ||
	       t->nsec == UTIME_OMIT;
}

/* From 1970 to 2554 a node can tell; other times become the nearest. */
static uint64_t seconds_in_range(int64_t sec)
{
	return sec < 0 ? 0 : MIN((uint64_t)sec, UINT64_MAX / NSEC_PER_SEC - 1);
}

static void time_apply(uint64_t *time, const struct timespec *t)
{
	if (t->nsec == UTIME_NOW)
		*time = realtime_ns();
	else if (t->nsec != UTIME_OMIT)
		*time = seconds_in_range(t->sec) * NSEC_PER_SEC + t->nsec;
}

static bool both(const struct timespec times[2], int64_t nsec)
{
	return times[0].nsec == nsec && times[1].nsec == nsec;
}

/* Who may write may say "now"; another time needs the owner.  Takes the
 * reference over. */
static long change_times(struct inode *inode, const struct timespec times[2])
{
	long result = 0;

	core_mutex_lock(&fs_lock);
	if (!inode_is_owner(inode))
		result = both(times, UTIME_NOW)
				 ? inode_permission(inode, MAY_WRITE)
				 : -EPERM;
	if (!result && inode->virtual)
		result = -EPERM;
	if (!result) {
		time_apply(&inode->atime, &times[0]);
		time_apply(&inode->mtime, &times[1]);
		inode->ctime = realtime_ns();
	}
	core_mutex_unlock(&fs_lock);
	inode_put(inode);
	return result;
}

/* Without a path: the descriptor itself. */
static long change_times_at(int dirfd, uintptr_t path,
			    const struct timespec times[2],
			    unsigned int at_flags)
{
	struct inode *inode;
	int error;

	if (!time_is_valid(&times[0]) || !time_is_valid(&times[1]))
		return -EINVAL;
	if (both(times, UTIME_OMIT))
		return 0;
	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (path || dirfd == AT_FDCWD)
		error = lookup_inode(dirfd, path, lookup_flags(at_flags, true),
				     &inode);
	else
		error = at_flags ? -EINVAL : inode_of_fd(dirfd, &inode);
	return error ? error : change_times(inode, times);
}

long sys_utimensat(int dirfd, uintptr_t path, uintptr_t times_addr, int flags)
{
	struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

	if (times_addr && copy_from_user(times, times_addr, sizeof(times)))
		return -EFAULT;
	return change_times_at(dirfd, path, times, flags);
}

/* The older calls count in microseconds, and the oldest in seconds. */
static long change_times_usec(int dirfd, uintptr_t path, uintptr_t addr)
{
	struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

	if (addr && copy_from_user(times, addr, sizeof(times)))
		return -EFAULT;
	for (unsigned int i = 0; addr && i < 2; i++) {
		if ((uint64_t)times[i].nsec >= USEC_PER_SEC)
			return -EINVAL;
		times[i].nsec *= NSEC_PER_USEC;
	}
	return change_times_at(dirfd, path, times, 0);
}

long sys_futimesat(int dirfd, uintptr_t path, uintptr_t times)
{
	return change_times_usec(dirfd, path, times);
}

long sys_utimes(uintptr_t path, uintptr_t times)
{
	return change_times_usec(AT_FDCWD, path, times);
}

long sys_utime(uintptr_t path, uintptr_t times_addr)
{
	struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	int64_t seconds[2];

	if (times_addr && copy_from_user(seconds, times_addr, sizeof(seconds)))
		return -EFAULT;
	for (unsigned int i = 0; times_addr && i < 2; i++)
		times[i] = (struct timespec){seconds[i], 0};
	return change_times_at(AT_FDCWD, path, times, 0);
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
