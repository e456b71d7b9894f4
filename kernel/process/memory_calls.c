/*
 * memory_calls.c - the system calls about memory: mmap(2) and its family,
 * sysinfo(2).
 *
 * Faces of kernel/mm/aspace_*.c, which do the work: here are only the checks
 * that belong to the calls and not to address spaces.
 */
#include "aspace.h"
#include "errno.h"
#include "file.h"
#include "heap.h"
#include "page.h"
#include "process.h"
#include "sanitize.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"
#include "vm.h"

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
	struct area_backing backing;
	long result;

	if (!file)
		return -EBADF;
	backing = file_backing(file);
	result = mmap_check_arguments(addr, len, flags);
	if (!result)
		result = mmap_check_access(file, prot, flags);
	if (!result)
		result = aspace_map(current_process()->aspace, addr, len, prot,
				    flags, &backing, offset);
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

/* Never an error, see brk(2), "C library/kernel differences". */
long sys_brk(uintptr_t addr)
{
	return aspace_brk(current_process()->aspace, addr);
}

/* ---- how much there is ---- */

struct sysinfo {
	int64_t uptime;    /* seconds */
	uint64_t loads[3]; /* not measured */
	uint64_t total_ram, free_ram, shared_ram, buffer_ram;
	uint64_t total_swap, free_swap;
	uint16_t procs, padding[3];
	uint64_t total_high, free_high;
	uint32_t unit; /* bytes that the sizes count in */
	uint32_t end;
};

_Static_assert(sizeof(struct sysinfo) == 112, "Linux x86-64's size");

/* What the kernel keeps for reuse is free memory: it could be given back, but
 * that a program asks is no reason to. */
static size_t free_pages(void)
{
	if (SANITIZING)
		heap_trim(); /* what it keeps back is free, too */
	return page_free_count() + vm_stack_kept_pages() + aspace_kept_pages() +
	       heap_kept_pages();
}

long sys_sysinfo(uintptr_t buf)
{
	struct sysinfo info = {
		.uptime = time_ns() / NSEC_PER_SEC,
		.total_ram = page_total_count() * PAGE_SIZE,
		.free_ram = free_pages() * PAGE_SIZE,
		.procs = MIN(process_count(), UINT16_MAX),
		.unit = 1,
	};

	return put_user(info, buf);
}
