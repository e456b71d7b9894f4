/*
 * sys_memory.c - the system calls about memory: mmap(2) and its family.
 *
 * Faces of kernel/mm/aspace_*.c, which do the work: here are only the checks
 * that belong to the calls and not to address spaces.
 */
#include "aspace.h"
#include "errno.h"
#include "file.h"
#include "process.h"
#include "syscall.h"

/* What the file was opened for must permit the mapping. */
static int mmap_check_access(const struct file *file, unsigned int prot,
			     unsigned int flags)
{
	unsigned int mode = file->flags & O_ACCMODE;

	if (mode == O_WRONLY)
		return -EACCES;
	if ((flags & MAP_TYPE) == MAP_SHARED && (prot & PROT_WRITE) &&
	    mode != O_RDWR)
		return -EACCES;
	return 0;
}

static long mmap_file(uintptr_t addr, size_t len, unsigned int prot,
		      unsigned int flags, int fd, uint64_t offset)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = mmap_check_access(file, prot, flags);
	if (!result)
		result = aspace_map(current_process()->aspace, addr, len, prot,
				    flags, file, offset);
	file_put(file);
	return result;
}

/* mmap(addr, len, prot, flags, fd, offset) */
SYSCALL(mmap)
{
	if (f % PAGE_SIZE)
		return -EINVAL;
	if (!(d & MAP_ANONYMOUS))
		return mmap_file(a, b, c, d, e, f);
	return aspace_map(current_process()->aspace, a, b, c, d, NULL, 0);
}

/* munmap(addr, len) */
SYSCALL(munmap)
{
	UNUSED_FROM_C;
	return aspace_unmap(current_process()->aspace, a, b);
}

/* mprotect(addr, len, prot) */
SYSCALL(mprotect)
{
	UNUSED_FROM_D;
	return aspace_protect(current_process()->aspace, a, b, c);
}

/* mremap(addr, old_len, new_len, flags, new_addr) */
SYSCALL(mremap)
{
	UNUSED_FROM_F;
	return aspace_remap(current_process()->aspace, a, b, c, d, e);
}

/* brk(addr): never an error, see brk(2), "C library/kernel differences". */
SYSCALL(brk)
{
	UNUSED_FROM_B;
	return aspace_brk(current_process()->aspace, a);
}

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_COLD 20
#define MADV_PAGEOUT 21

/* madvise(addr, len, advice): what is only a hint is not taken. */
SYSCALL(madvise)
{
	struct aspace *as = current_process()->aspace;

	UNUSED_FROM_D;
	if (a % PAGE_SIZE)
		return -EINVAL;
	switch ((int)c) {
	case MADV_DONTNEED:
	case MADV_FREE:
		return aspace_discard(as, a, b);
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return aspace_is_mapped(as, a, b) ? 0 : -ENOMEM;
	default:
		return -EINVAL;
	}
}

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

/* msync(addr, len, flags): files are memory, and have nothing to wait for. */
SYSCALL(msync)
{
	UNUSED_FROM_D;
	if (a % PAGE_SIZE ||
	    (c & ~(uint64_t)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)))
		return -EINVAL;
	if ((c & MS_ASYNC) && (c & MS_SYNC))
		return -EINVAL;
	return aspace_is_mapped(current_process()->aspace, a, b) ? 0 : -ENOMEM;
}
