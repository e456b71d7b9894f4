/*
 * aspace.h - the user half of an address space.
 *
 * An address space is a list of areas, sorted by address, that say what may be
 * where, and a page table with the pages that are really there.  A page is
 * found when it is first touched: zeroed memory, or a copy of a file's page.
 * After a fork both sides share their pages read-only; who writes gets a copy
 * (unless it is the only one left that has the page: page->refs is 1).
 *
 * aspace->lock, a sleeping lock, guards the areas and the page table's user
 * half.  It is taken before any other lock of memory or files.  A fault takes
 * it too: so nobody may touch user memory while holding it.
 */
#ifndef ASPACE_H
#define ASPACE_H

#include "core_mutex.h"
#include "layout.h"
#include "list.h"
#include "types.h"

struct file;
struct inode;
struct trap_frame;

/* As mmap(2), Linux x86-64. */
#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_SHARED_VALIDATE 0x03 /* MAP_SHARED, and flags are checked */
#define MAP_TYPE 0x0f
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x100
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE 0x8000
#define MAP_STACK 0x20000
#define MAP_FIXED_NOREPLACE 0x100000

#define USER_MIN 0x10000               /* below it nothing is mapped */
#define USER_MAX 0x00007ffffffff000    /* one page below USER_TOP */
#define USER_STACK_SIZE (8 * MIB)      /* the default of RLIMIT_STACK */
#define MMAP_TOP (USER_MAX - 64 * MIB) /* mmap() goes down from here */

struct area {
	struct list_head link; /* aspace->areas */
	uintptr_t start, end;
	unsigned int prot, flags; /* PROT_*, MAP_* */
	struct file *file;        /* a reference; NULL: zeroed memory */
	uint64_t offset;          /* of start, in the file */
};

/* What execve(2) has put there; set once. */
struct program_memory {
	uintptr_t args, variables; /* strings, one after the other ... */
	uintptr_t strings_end;     /* ... up to here */
	struct inode *exe;         /* a reference, or NULL */
};

struct aspace {
	unsigned int refs;          /* atomic: threads, and who looks at it */
	paddr_t root;               /* PML4; the kernel's half is shared */
	volatile unsigned int cpus; /* atomic mask: CPUs that have it loaded */

	struct core_mutex lock;

	/* Needs lock. */
	struct list_head areas; /* by address */
	unsigned int area_count;
	struct area *recent; /* of the last fault, or NULL */
	uintptr_t map_hint;  /* the search for room begins below it */
	uintptr_t brk_start, brk;
	struct list_head tables; /* its page tables but the root: pagetable.c */
	size_t mapped_pages;     /* in areas; RLIMIT_AS */
	size_t resident_pages;   /* in the page table */
	size_t max_resident;

	struct program_memory program;
};

/* Sets up the first address space's prerequisites, once; boot CPU. */
void aspace_init(void);

/* Without areas, and with one reference.  NULL when memory is exhausted. */
struct aspace *aspace_create(void);

void aspace_get(struct aspace *as);

/*
 * Interrupts must be on; sleeps.  Before the last reference goes, no thread may
 * be left that a switch would load it for: the process that ends, or becomes
 * another program, first sets its pointer to something else.
 */
void aspace_put(struct aspace *as);

/* A copy in which written pages are shared until one side writes.  NULL when
 * memory is exhausted.  Sleeps. */
struct aspace *aspace_fork(struct aspace *as);

/*
 * Loads it on this CPU (NULL: the kernel's own); interrupts off.  Kernel
 * threads may keep what is loaded: when the address space ends, or is flushed,
 * aspace_leave() takes it from them.
 */
void aspace_activate(struct aspace *as);

/* For the TLB interrupt: this CPU goes back to the kernel's own page tables if
 * it has others loaded for nobody. */
void aspace_leave(void);

/* Gives back what is kept for the next address spaces, so that the count of
 * pages shows what is really in use. */
void aspace_trim(void);

/* How many pages that would be. */
size_t aspace_kept_pages(void);

/*
 * A fault of a user program, or of uaccess on its behalf, at addr.  error is
 * the CPU's error code.  0: the access may be tried again.  -EFAULT: nothing
 * there, or not allowed, or as is NULL; -ENXIO: a page behind the end of a
 * mapped file; -ENOMEM.  Sleeps.
 */
int aspace_fault(struct aspace *as, uintptr_t addr, unsigned int error);

/* Is there a page for a program?  Not the last ones, if it has many. */
bool aspace_may_have_page(const struct aspace *as);

/*
 * As mmap(2) with lengths in bytes; address or negative errno.  A file must
 * have been opened so that this is allowed; the mapping takes a reference of
 * its own.  A shared mapping is shared by the threads of the process only: a
 * fork copies it as it does all others, and so files may not be mapped shared
 * and writable (-ENODEV).  Sleeps, as do the others.
 */
long aspace_map(struct aspace *as, uintptr_t addr, size_t len,
		unsigned int prot, unsigned int flags, struct file *file,
		uint64_t offset);

/* As munmap(2), mprotect(2), mremap(2): 0 (or the address), -EINVAL, -ENOMEM,
 * -EFAULT, -EACCES as there. */
int aspace_unmap(struct aspace *as, uintptr_t addr, size_t len);
int aspace_protect(struct aspace *as, uintptr_t addr, size_t len,
		   unsigned int prot);
long aspace_remap(struct aspace *as, uintptr_t addr, size_t old_len,
		  size_t new_len, unsigned int flags, uintptr_t new_addr);

/* flags of aspace_remap(). */
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2

/* The end of the heap after the attempt to move it to brk, as the system call
 * returns it: unchanged when that cannot be. */
long aspace_brk(struct aspace *as, uintptr_t brk);

/* The pages of the range are forgotten, and found anew when they are touched,
 * zeroed or as the file has them.  -ENOMEM: it has holes; the rest is done. */
int aspace_discard(struct aspace *as, uintptr_t addr, size_t len);

/* Calls fn for each area, by address, with as->lock held.  Sleeps. */
void aspace_for_each_area(struct aspace *as,
			  void (*fn)(const struct aspace *as,
				     const struct area *area, void *arg),
			  void *arg);

/* Is all of the range inside areas? */
bool aspace_is_mapped(struct aspace *as, uintptr_t addr, size_t len);

/* The physical page at a user address, with a reference, writable if asked;
 * NULL when it cannot be had.  Sleeps. */
struct page *aspace_page(struct aspace *as, uintptr_t addr, bool write);

#endif
