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

/* What is wrong with the call comes before what is wrong with the file. */
static int mmap_check_arguments(uintptr_t addr, size_t len, unsigned int flags)
{
	unsigned int type = flags & MAP_TYPE;

	if (len == 0 || (type != MAP_SHARED && type != MAP_PRIVATE) ||
	    ((flags & MAP_FIXED) && addr % PAGE_SIZE))
		return -EINVAL;
	return 0;
}

/* MAP_SHARED, and no flag that is unknown: mmap(2).  0 or -EOPNOTSUPP. */
static int mmap_validate(unsigned int *flags)
{
	const unsigned int known = MAP_TYPE | MAP_FIXED | MAP_GROWSDOWN |
				   MAP_NORESERVE | MAP_POPULATE | MAP_STACK |
				   MAP_FIXED_NOREPLACE;

	if ((*flags & MAP_TYPE) != MAP_SHARED_VALIDATE)
		return 0;
	if (*flags & ~known)
		return -EOPNOTSUPP;
	*flags = (*flags & ~MAP_TYPE) | MAP_SHARED;
	return 0;
}

static long mmap_file(uintptr_t addr, size_t len, unsigned int prot,
		      unsigned int flags, int fd, uint64_t offset)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = mmap_check_arguments(addr, len, flags);
	if (!result)
		result = mmap_check_access(file, prot, flags);
	if (!result)
		result = aspace_map(current_process()->aspace, addr, len, prot,
				    flags, file, offset);
	file_put(file);
	return result;
}

long sys_mmap(uintptr_t addr, size_t len, unsigned int prot, unsigned int flags,
	      int fd, uint64_t offset)
{
	if (offset % PAGE_SIZE)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		long error = mmap_validate(&flags);

		return error ? error
			     : mmap_file(addr, len, prot, flags, fd, offset);
	}
	return aspace_map(current_process()->aspace, addr, len, prot, flags,
			  NULL, 0);
}

long sys_munmap(uintptr_t addr, size_t len)
{
	return aspace_unmap(current_process()->aspace, addr, len);
}

long sys_mprotect(uintptr_t addr, size_t len, unsigned int prot)
{
	return aspace_protect(current_process()->aspace, addr, len, prot);
}

long sys_mremap(uintptr_t addr, size_t old_len, size_t new_len,
		unsigned int flags, uintptr_t new_addr)
{
	return aspace_remap(current_process()->aspace, addr, old_len, new_len,
			    flags, new_addr);
}

/* Never an error, see brk(2), "C library/kernel differences". */
long sys_brk(uintptr_t addr)
{
	return aspace_brk(current_process()->aspace, addr);
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
