/*
 * stat.h - what a program learns of a file, and how times look to it.
 * Source: Linux x86-64's struct stat (stat(2)) and struct timespec.
 */
#ifndef STAT_H
#define STAT_H

#include "types.h"

struct timespec {
	int64_t sec, nsec;
};

struct kernel_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, padding;
	uint64_t rdev;
	int64_t size, blksize, blocks; /* blocks of 512 bytes */
	struct timespec atime, mtime, ctime;
	int64_t unused[3];
};

_Static_assert(sizeof(struct kernel_stat) == 144, "Linux x86-64's size");

static inline bool mode_is(uint32_t mode, uint32_t type)
{
	return (mode & 0170000) == type;
}

/* A device's number as stat(2) gives it, for majors and minors below 256. */
#define DEVICE_NUMBER(major, minor) ((uint64_t)(major) << 8 | (minor))

/* As in openat(2), fstatat(2), unlinkat(2) ... */
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS 0x200
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_NO_AUTOMOUNT 0x800
#define AT_EMPTY_PATH 0x1000

#endif
