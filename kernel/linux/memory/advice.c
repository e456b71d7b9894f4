/*
 * advice.c - mappings that move, and what programs say about them: mremap(2),
 * madvise(2), msync(2).
 */
#include "aspace.h"
#include "errno.h"
#include "process.h"

long sys_mremap(uintptr_t addr, size_t old_len, size_t new_len,
		unsigned int flags, uintptr_t new_addr)
{
	return aspace_remap(current_process()->aspace, addr, old_len, new_len,
			    flags, new_addr);
}

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_COLD 20
#define MADV_PAGEOUT 21

/* What is only a hint is not taken. */
long sys_madvise(uintptr_t addr, size_t len, int advice)
{
	struct aspace *as = current_process()->aspace;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
		return aspace_discard(as, addr, len);
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return aspace_is_mapped(as, addr, len) ? 0 : -ENOMEM;
	default:
		return -EINVAL;
	}
}

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

/* Files are memory, and have nothing to wait for. */
long sys_msync(uintptr_t addr, size_t len, int flags)
{
	if (addr % PAGE_SIZE || (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)))
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	return aspace_is_mapped(current_process()->aspace, addr, len) ? 0
								      : -ENOMEM;
}
