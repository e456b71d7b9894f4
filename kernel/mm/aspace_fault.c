/*
 * aspace_fault.c - finding the page that a program has touched.
 *
 * A page of an area is in one of these states, and a fault moves it on:
 *
 *	not there ----- read of a file's area -----> shared, read-only
 *	    |                                             |  ^
 *	    | first touch of zeroed memory,         write |  | fork
 *	    | or write to a file's area                   v  |
 *	    +---------------------------------------> its own, writable
 *
 * "Shared" means that the page may have other owners: the file, or the other
 * side of a fork.  A write to it makes a copy, unless all the others have left:
 * page->refs is 1, and the only reference is this entry's.  Nobody else can
 * take a new one then, since the way to the page leads through this entry, and
 * as->lock is held.
 *
 * A program that touches one page of a file soon touches the next: when a page
 * is read, those around it are mapped too.  An entry costs far less than a
 * fault.
 *
 * The area of a stack (MAP_GROWSDOWN) grows when memory below it is touched, as
 * far as RLIMIT_STACK permits and STACK_GAP keeps it from the next area.
 *
 * When memory runs out, whoever asks next is refused, and a program that is
 * refused a page is killed.  That shall be the one that has taken most of it,
 * and not one that happens to write to its stack just then: so the last pages
 * are only for the kernel, and for programs that have few.
 */
#include "aspace.h"

#include "aspace_parts.h"
#include "errno.h"
#include "pagetable.h"
#include "process.h"
#include "string.h"
#include "trap.h"

#define STACK_GAP (1 * MIB)
#define AROUND (64 * KIB) /* mapped together; a power of two */

#define RESERVE_SHARE 32 /* of all pages, one in so many */
#define MODEST_PAGES 256

/* ---- the area ---- */

static bool stack_may_grow(struct aspace *as, struct area *area,
			   uintptr_t start)
{
	const struct area *below = area_prev(as, area);
	uintptr_t lowest = below ? below->end + STACK_GAP : USER_MIN;

	return start >= lowest &&
	       area->end - start <=
		       current_limit(RLIMIT_STACK, USER_STACK_SIZE) &&
	       aspace_may_grow(as, area->start - start);
}

static struct area *area_of_fault(struct aspace *as, uintptr_t addr)
{
	struct area *area = area_at_or_above(as, addr);
	uintptr_t start = ALIGN_DOWN(addr, (uintptr_t)PAGE_SIZE);

	if (!area)
		return NULL;
	if (addr < area->start) {
		if (!(area->flags & MAP_GROWSDOWN) ||
		    !stack_may_grow(as, area, start))
			return NULL;
		area_grow_down(as, area, start);
	}
	as->recent = area;
	return area;
}

/* This CPU can read whatever it can write or execute. */
static bool access_allowed(unsigned int prot, unsigned int error)
{
	if (error & FAULT_RESERVED)
		return false;
	if (error & FAULT_FETCH)
		return prot & PROT_EXEC;
	if (error & FAULT_WRITE)
		return prot & PROT_WRITE;
	return prot != PROT_NONE;
}

/* ---- the page ---- */

bool aspace_may_have_page(const struct aspace *as)
{
	return page_free_count() > page_total_count() / RESERVE_SHARE ||
	       as->resident_pages < MODEST_PAGES;
}

static struct page *page_copy(const struct aspace *as, const struct page *page)
{
	struct page *copy = aspace_may_have_page(as) ? page_alloc(0) : NULL;

	if (copy)
		memcpy(page_virt(copy), page_virt(page), PAGE_SIZE);
	return copy;
}

/* A write to a page that is there, and read-only. */
static int own_page(struct aspace *as, uint64_t *entry, uintptr_t addr)
{
	struct page *page = entry_page(*entry), *copy;

	/* Acquire: what the others did with it has happened. */
	if (__atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) == 1) {
		*entry |= PTE_WRITE;
		return 0;
	}
	copy = page_copy(as, page);
	if (!copy)
		return -ENOMEM;
	pagetable_replace(as, entry, addr, copy);
	return 0;
}

static int find_zeroed(struct aspace *as, const struct area *area,
		       uint64_t *entry)
{
	struct page *page =
		aspace_may_have_page(as) ? page_alloc_zeroed(0) : NULL;

	if (!page)
		return -ENOMEM;
	pagetable_install(as, entry, page, area->prot, true);
	return 0;
}

static int backed_page(const struct area *area, uintptr_t addr,
		       struct page **out)
{
	uint64_t offset = area->offset + (addr - area->start);

	return area->backing.ops->page(area->backing.object, offset, out);
}

/* Maps what is missing around addr, whose entry is given: the window is
 * aligned, so its entries lie in the same page table. */
static void map_around(struct aspace *as, const struct area *area,
		       uintptr_t addr, uint64_t *entry)
{
	uintptr_t window = ALIGN_DOWN(addr, AROUND);
	uintptr_t end = MIN(window + AROUND, area->end);

	for (uintptr_t at = MAX(window, area->start); at < end;
	     at += PAGE_SIZE) {
		uint64_t *near = entry + ((intptr_t)(at - addr) >> PAGE_SHIFT);
		struct page *page;

		if (!*near && backed_page(area, at, &page) == 0)
			pagetable_install(as, near, page, area->prot, false);
	}
}

static int find_backed(struct aspace *as, const struct area *area,
		       uintptr_t addr, bool write, uint64_t *entry)
{
	struct page *page, *copy;
	int error = backed_page(area, addr, &page);

	if (error)
		return error;
	if (!write) {
		pagetable_install(as, entry, page, area->prot, false);
		map_around(as, area, addr, entry);
		return 0;
	}
	copy = page_copy(as, page);
	page_put(page);
	if (!copy)
		return -ENOMEM;
	pagetable_install(as, entry, copy, area->prot, true);
	return 0;
}

int fault_in(struct aspace *as, uintptr_t addr, unsigned int error,
	     uint64_t **out)
{
	struct area *area = area_of_fault(as, addr);
	bool write = error & FAULT_WRITE;
	uint64_t *entry;

	if (!area || !access_allowed(area->prot, error))
		return -EFAULT;
	addr = ALIGN_DOWN(addr, (uintptr_t)PAGE_SIZE);
	entry = pagetable_entry(as, addr, true);
	if (!entry)
		return -ENOMEM;
	*out = entry;
	if (!*entry)
		return area->backing.ops
			       ? find_backed(as, area, addr, write, entry)
			       : find_zeroed(as, area, entry);
	if (write && !(*entry & PTE_WRITE))
		return own_page(as, entry, addr);
	return 0; /* another thread was here first */
}

int aspace_fault(struct aspace *as, uintptr_t addr, unsigned int error)
{
	uint64_t *entry;
	int result;

	if (!as)
		return -EFAULT;
	core_mutex_lock(&as->lock);
	result = fault_in(as, addr, error, &entry);
	core_mutex_unlock(&as->lock);
	return result;
}

struct page *aspace_page(struct aspace *as, uintptr_t addr, bool write)
{
	struct page *page = NULL;
	uint64_t *entry;

	core_mutex_lock(&as->lock);
	if (!fault_in(as, addr, write ? FAULT_WRITE : 0, &entry)) {
		page = entry_page(*entry);
		page_get(page);
	}
	core_mutex_unlock(&as->lock);
	return page;
}
