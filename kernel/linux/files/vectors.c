/*
 * vectors.c - readv(2) and writev(2) at a place: preadv(2) and its relatives.
 */
#include "errno.h"
#include "rw.h"

long sys_preadv(int fd, uintptr_t iov, size_t count, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer_vector(fd, READ, iov, count, &pos);
}

long sys_pwritev(int fd, uintptr_t iov, size_t count, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer_vector(fd, WRITE, iov, count, &pos);
}

#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u

/* At a place, or at -1 the position.  The flags that are known ask for nothing
 * that is not so in any case; the place comes in one register, and then again
 * for machines with smaller ones (preadv2(2)). */
static long transfer_vector2(int fd, enum direction way, uintptr_t list,
			     uint64_t count, int64_t offset, int flags)
{
	uint64_t pos = offset;

	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return -EOPNOTSUPP;
	if (offset < -1)
		return -EINVAL;
	return transfer_vector(fd, way, list, count,
			       offset == -1 ? NULL : &pos);
}

long sys_preadv2(int fd, uintptr_t iov, size_t count, int64_t offset,
		 uint64_t offset_high, int flags)
{
	return transfer_vector2(fd, READ, iov, count, offset, flags);
}

long sys_pwritev2(int fd, uintptr_t iov, size_t count, int64_t offset,
		  uint64_t offset_high, int flags)
{
	return transfer_vector2(fd, WRITE, iov, count, offset, flags);
}
