/*
 * stat.c - what a file is, and who may do what with it: stat, access, chmod,
 * chown, utimensat, umask.
 *
 * Most calls come in several forms, by path and by descriptor; each form finds
 * the node, and one function does the work on it under fs_lock.
 */
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "realtime.h"
#include "syscall.h"
#include "uaccess.h"

#define S_ISUID 04000
#define S_ISGID 02000

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

static int inode_of_fd(int fd, struct inode **out)
{
	struct file *f = fd_get(fd);
	int error = 0;

	if (!f)
		return -EBADF;
	if (f->inode)
		*out = inode_get(f->inode);
	else
		error = -EINVAL;
	file_put(f);
	return error;
}

/* ---- stat ---- */

static long stat_copy(uintptr_t to, const struct kernel_stat *st)
{
	return copy_to_user(to, st, sizeof(*st));
}

static long stat_fd(int fd, uintptr_t to)
{
	struct file *f = fd_get(fd);
	struct kernel_stat st;
	long result = 0;

	if (!f)
		return -EBADF;
	if (f->ops->stat)
		result = f->ops->stat(f, &st);
	else if (f->inode)
		inode_stat(f->inode, &st);
	else
		result = -EBADF;
	file_put(f);
	return result ? result : stat_copy(to, &st);
}

static long stat_path(int dirfd, uintptr_t path, uintptr_t to,
		      unsigned int flags)
{
	struct kernel_stat st;
	struct lookup l;
	int error = lookup_user(&l, dirfd, path, flags);

	if (error)
		return error;
	if (l.inode)
		inode_stat(l.inode, &st);
	else
		error = -ENOENT;
	lookup_end(&l);
	return error ? error : stat_copy(to, &st);
}

SYSCALL(stat)
{
	UNUSED_FROM_C;
	return stat_path(AT_FDCWD, a, b, LOOKUP_FOLLOW);
}

SYSCALL(lstat)
{
	UNUSED_FROM_C;
	return stat_path(AT_FDCWD, a, b, 0);
}

SYSCALL(fstat)
{
	UNUSED_FROM_C;
	return stat_fd(a, b);
}

/* An empty path and a descriptor: any file, also one without a node. */
SYSCALL(newfstatat)
{
	UNUSED_FROM_E;
	char first;

	if (d & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800))
		return -EINVAL;
	if ((d & AT_EMPTY_PATH) && (int)a != AT_FDCWD) {
		if (get_user(first, b))
			return -EFAULT;
		if (first == '\0')
			return stat_fd(a, c);
	}
	return stat_path(a, b, c, lookup_flags(d, true));
}

/* ---- access ---- */

static long access_at(int dirfd, uintptr_t path, unsigned int want,
		      unsigned int flags)
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

SYSCALL(access)
{
	UNUSED_FROM_C;
	return access_at(AT_FDCWD, a, b, 0);
}

SYSCALL(faccessat)
{
	UNUSED_FROM_D;
	return access_at(a, b, c, 0);
}

SYSCALL(faccessat2)
{
	UNUSED_FROM_E;
	return access_at(a, b, c, d);
}

/* ---- chmod ---- */

/* Takes the reference over. */
static long change_mode(struct inode *inode, uint32_t mode)
{
	long result = 0;

	core_mutex_lock(&fs_lock);
	if (inode_is(inode, S_IFLNK)) {
		result = -EOPNOTSUPP;
	} else if (!inode_is_owner(inode)) {
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

SYSCALL(chmod)
{
	UNUSED_FROM_C;
	return change_mode_at(AT_FDCWD, a, b);
}

SYSCALL(fchmodat)
{
	UNUSED_FROM_D;
	return change_mode_at(a, b, c);
}

SYSCALL(fchmod)
{
	UNUSED_FROM_C;
	struct inode *inode;
	int error = inode_of_fd(a, &inode);

	return error ? error : change_mode(inode, b);
}

/* ---- chown ---- */

#define UNCHANGED UINT32_MAX

/* Root may do all; the owner may give a file to a group of his. */
static int may_chown(const struct inode *inode, uint32_t uid, uint32_t gid)
{
	if (fs_is_root())
		return 0;
	if (!inode_is_owner(inode) || (uid != UNCHANGED && uid != inode->uid) ||
	    (gid != UNCHANGED && !fs_in_group(gid)))
		return -EPERM;
	return 0;
}

/* Takes the reference over. */
static long change_owner(struct inode *inode, uint32_t uid, uint32_t gid)
{
	long result;

	core_mutex_lock(&fs_lock);
	result = may_chown(inode, uid, gid);
	if (!result) {
		if (uid != UNCHANGED)
			inode->uid = uid;
		if (gid != UNCHANGED)
			inode->gid = gid;
		if (!inode_is(inode, S_IFDIR))
			inode->mode &= ~(S_ISUID | S_ISGID);
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

SYSCALL(chown)
{
	UNUSED_FROM_D;
	return change_owner_at(AT_FDCWD, a, b, c, LOOKUP_FOLLOW);
}

SYSCALL(lchown)
{
	UNUSED_FROM_D;
	return change_owner_at(AT_FDCWD, a, b, c, 0);
}

SYSCALL(fchownat)
{
	UNUSED_FROM_F;
	if (e & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_owner_at(a, b, c, d, lookup_flags(e, true));
}

SYSCALL(fchown)
{
	UNUSED_FROM_D;
	struct inode *inode;
	int error = inode_of_fd(a, &inode);

	return error ? error : change_owner(inode, b, c);
}

/* ---- utimensat ---- */

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static bool time_is_valid(const struct timespec *t)
{
	return (uint64_t)t->nsec < NSEC_PER_SEC || t->nsec == UTIME_NOW ||
	       t->nsec == UTIME_OMIT;
}

static void time_apply(uint64_t *time, const struct timespec *t)
{
	if (t->nsec == UTIME_NOW)
		*time = realtime_ns();
	else if (t->nsec != UTIME_OMIT)
		*time = t->sec * NSEC_PER_SEC + t->nsec;
}

/* Who may write may say "now"; another time needs the owner.  Takes the
 * reference over. */
static long change_times(struct inode *inode, const struct timespec times[2])
{
	bool now = times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW;
	long result = 0;

	core_mutex_lock(&fs_lock);
	if (!inode_is_owner(inode))
		result = now ? inode_permission(inode, MAY_WRITE) : -EPERM;
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
SYSCALL(utimensat)
{
	UNUSED_FROM_E;
	struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct inode *inode;
	int error;

	if (d & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (c && copy_from_user(times, c, sizeof(times)))
		return -EFAULT;
	if (!time_is_valid(&times[0]) || !time_is_valid(&times[1]))
		return -EINVAL;
	if (b)
		error = lookup_inode(a, b, lookup_flags(d, true), &inode);
	else
		error = inode_of_fd(a, &inode);
	return error ? error : change_times(inode, times);
}

SYSCALL(umask)
{
	UNUSED_FROM_B;
	struct process *p = current_process();
	uint32_t old;

	spin_lock(&p->lock);
	old = p->umask;
	p->umask = a & 0777;
	spin_unlock(&p->lock);
	return old;
}
