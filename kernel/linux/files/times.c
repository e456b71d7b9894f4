/*
 * times.c - when a file was last read and written, set: utimensat(2) and its
 * older relatives.
 *
 * The calls come with times in four formats; one function does the work under
 * fs_lock.
 */
#include "errno.h"
#include "fs.h"
#include "realtime.h"
#include "time.h"
#include "uaccess.h"

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
