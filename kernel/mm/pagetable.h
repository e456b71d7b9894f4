/*
 * pagetable.h - the page tables of user address spaces: what aspace*.c build
 * on.  Functions that are given an aspace need its lock, or that nobody else
 * knows it.
 */
#ifndef PAGETABLE_H
#define PAGETABLE_H

#include "aspace.h"
#include "page.h"
#include "types.h"
#include "x86.h"

/*
 * An entry of a page table is 0 or has a page, with a reference to it.  One
 * with PROT_NONE is not present: this bit, which the CPU leaves to us (SDM 3A,
 * table 4-20), keeps it from being 0.
 */
#define PTE_NO_ACCESS (1ul << 9)

static inline struct page *entry_page(uint64_t entry)
{
	return &page_array[(entry & PTE_ADDRESS) >> PAGE_SHIFT];
}

/* An empty page table; -ENOMEM. */
int pagetable_create(struct aspace *as);

/* Gives the tables back.  No page is in them, and no CPU has them loaded. */
void pagetable_destroy(struct aspace *as);

/* Gives back the empty tables that are kept for the next ones. */
void pagetable_trim(void);
size_t pagetable_kept_pages(void); /* how many that would be */

/* Puts an empty table into an entry of the level above: false when there is no
 * memory. */
bool pagetable_add(struct aspace *as, uint64_t *entry);

/* The entry for addr; NULL when there is no table for it, and create is false
 * or memory exhausted. */
uint64_t *pagetable_entry(struct aspace *as, uintptr_t addr, bool create);

/* Puts a page, whose reference it takes, into an entry that is empty.
 * writable: may it be written without a fault, if prot permits writing? */
void pagetable_install(struct aspace *as, uint64_t *entry, struct page *page,
		       unsigned int prot, bool writable);

/* Puts another page, writable, into an entry that has one; flushes, and drops
 * the reference to the old one. */
void pagetable_replace(struct aspace *as, uint64_t *entry, uintptr_t addr,
		       struct page *page);

/* The other functions work on the pages of [start, end); these two flush. */

/* Takes the pages out, and drops the references. */
void pagetable_clear(struct aspace *as, uintptr_t start, uintptr_t end);

/* New rights: what may be written then faults first. */
void pagetable_protect(struct aspace *as, uintptr_t start, uintptr_t end,
		       unsigned int prot);

/* Shares the pages with a child, read-only on both sides; -ENOMEM, when some
 * are shared.  The caller flushes the parent, at the end. */
int pagetable_share(struct aspace *parent, struct aspace *child,
		    uintptr_t start, uintptr_t end);

/* Moves the pages to where there are none, and flushes.  -ENOMEM: none was
 * moved. */
int pagetable_move(struct aspace *as, uintptr_t start, uintptr_t end,
		   uintptr_t to);

/* Flushes count pages from addr on out of every TLB that may have them.  May
 * wait for other CPUs. */
void pagetable_flush(struct aspace *as, uintptr_t addr, size_t count);

#define FLUSH_ALL SIZE_MAX

#endif
