/*
 * vm.h - the kernel's half of the address space: page tables, guarded
 * mappings, stacks, device registers.
 */
#ifndef VM_H
#define VM_H

#include "layout.h"
#include "types.h"

struct list_head;

enum vm_prot {
	VM_READ = 0, /* every mapping can be read */
	VM_WRITE = 1,
	VM_EXEC = 2, /* never together with VM_WRITE */
	VM_UNCACHED = 4,
};

/* Builds the final page tables, W^X, and switches to them; boot CPU. */
void vm_init(void);

/* Switches another CPU to them. */
void vm_init_cpu(void);

extern paddr_t vm_root; /* the kernel's PML4 */

/* How many pages the kernel's page tables are.  They are never freed, and not
 * counted among the managed pages (page_reserve). */
size_t vm_table_count(void);

/* Maps count pages at addr.  -ENOMEM, -EEXIST: nothing is mapped then.  Any
 * context but NMI, with no lock of RANK_VM or above. */
int vm_map(uintptr_t addr, paddr_t phys, size_t count, unsigned int prot);

/* Unmaps and flushes every TLB; pages that were not mapped are passed over.
 * The pages themselves are the caller's.  Interrupts must be on. */
void vm_unmap(uintptr_t addr, size_t count);

/* Maps count fresh pages at addr, writable, each with this owner (page.h).
 * Contexts and errors as vm_map(). */
int vm_populate(uintptr_t addr, size_t count, void *owner);

/*
 * The first half of vm_unmap(), for callers that flush once for many ranges,
 * by tlb_shootdown(): puts the struct page of each page that was mapped on the
 * list.  They may be freed only after the flush.
 */
void vm_detach(uintptr_t addr, size_t count, struct list_head *pages);

/* Drops a reference of each page on the list, and empties it. */
void vm_put_pages(struct list_head *pages);

/*
 * Fresh pages in VM_AREA with an unmapped guard page on both sides: NULL
 * when memory is exhausted.  Contents undefined.  Any context but NMI, with no
 * lock of RANK_VM or above.
 */
void *vm_alloc(size_t count);

/* Panics in words when addr is not what vm_alloc(count) returned.  Interrupts
 * must be on. */
void vm_free(void *addr, size_t count);

/* Device registers, uncached.  Never unmapped.  Panics when out of memory. */
volatile void *vm_map_mmio(paddr_t phys, size_t size);

/*
 * A kernel stack of STACK_SIZE bytes: its lowest address, or 0 when memory is
 * exhausted.  Freed stacks are kept mapped for the next thread; what is more
 * than a few is given back at once, and vm_stack_trim() gives back the rest.
 * Both need interrupts on: they flush TLBs.
 */
uintptr_t vm_stack_alloc(void);
void vm_stack_free(uintptr_t stack);
void vm_stack_trim(void);

/* Pages of the stacks that are kept. */
size_t vm_stack_kept_pages(void);

/* Is addr in the unmapped half of a stack's slot?  Then *stack is it. */
bool vm_stack_guard(uintptr_t addr, uintptr_t *stack);

/* One step of a page walk, for the monitor and fault messages. */
struct vm_walk_step {
	unsigned int level; /* 4: PML4 ... 1: page table */
	unsigned int index;
	uint64_t entry;
};

/*
 * The entries from the root down to where the walk ends; how many there are,
 * at most 4, and 0 for an address that is not canonical.  Takes no lock and
 * touches only page tables: safe in a panic.
 */
unsigned int vm_walk(paddr_t root, uintptr_t addr,
		     struct vm_walk_step steps[4]);

/* Can the kernel read len bytes at addr without a fault?  Any context. */
bool vm_readable(uintptr_t addr, size_t len);

#endif
