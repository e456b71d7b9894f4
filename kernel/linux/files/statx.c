/*
 * statx.c - statx(2): what stat(2) says, in a struct with more room and a mask
 * that tells what is valid.
 */
#include "errno.h"
#include "fs.h"
#include "uaccess.h"

struct statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t padding;
};

/* The kernel's struct statx. */
struct statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, padding;
	uint64_t ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t unused[14];
};

_Static_assert(sizeof(struct statx) == 256, "Linux's size");

#define STATX_BASIC_STATS 0x7ffu /* all that stat(2) has */
#define STATX_RESERVED 0x80000000u
#define AT_STATX_SYNC_TYPE 0x6000u /* of two, at most one */

static struct statx_time statx_time(struct timespec t)
{
	return (struct statx_time){.sec = t.sec, .nsec = t.nsec};
}

static struct statx statx_of(const struct kernel_stat *st)
{
	return (struct statx){
		.mask = STATX_BASIC_STATS,
		.blksize = st->blksize,
		.nlink = st->nlink,
		.uid = st->uid,
		.gid = st->gid,
		.mode = st->mode,
		.ino = st->ino,
		.size = st->size,
		.blocks = st->blocks,
		.atime = statx_time(st->atime),
		.ctime = statx_time(st->ctime),
		.mtime = statx_time(st->mtime),
		.rdev_major = st->rdev >> 8,
		.rdev_minor = st->rdev & 0xff,
		.dev_major = st->dev >> 8,
		.dev_minor = st->dev & 0xff,
	};
}

/* Whatever the mask asks for, all. */
long sys_statx(int dirfd, uintptr_t path, unsigned int flags, unsigned int mask,
	       uintptr_t buf)
{
	struct kernel_stat st;
	struct statx stx;
	int error;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
		       AT_STATX_SYNC_TYPE)) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (mask & STATX_RESERVED))
		return -EINVAL;
	error = stat_at_user(dirfd, path, flags, &st);
	if (error)
		return error;
	stx = statx_of(&st);
	return put_user(stx, buf);
}
