/*
 * test_user.c - what the tests of address spaces share: see test_user.h.
 *
 * Most of them need no program.  A test does what the CPU and the page fault
 * handler would do for one: it calls aspace_fault(), and then goes to the page
 * through its entry and the direct map.
 */
#include "test_user.h"

#include "page.h"
#include "trap.h"
#include "vm.h"
#include "x86.h"

uint64_t user_entry(const struct aspace *as, uintptr_t addr)
{
	struct vm_walk_step steps[4];
	unsigned int count = vm_walk(as->root, addr, steps);

	return count == 4 ? steps[3].entry : 0;
}

static uint64_t *user_word(const struct aspace *as, uintptr_t addr)
{
	paddr_t page = user_entry(as, addr) & PTE_ADDRESS;

	return phys_to_virt(page + addr % PAGE_SIZE);
}

int user_read(struct aspace *as, uintptr_t addr, uint64_t *value)
{
	int error = aspace_fault(as, addr, FAULT_USER);

	if (!error)
		*value = *user_word(as, addr);
	return error;
}

int user_write(struct aspace *as, uintptr_t addr, uint64_t value)
{
	int error = aspace_fault(as, addr, FAULT_USER | FAULT_WRITE);

	if (!error)
		*user_word(as, addr) = value;
	return error;
}

long user_map(struct aspace *as, uintptr_t addr, size_t pages,
	      unsigned int prot)
{
	return aspace_map(as, addr, pages * PAGE_SIZE, prot,
			  ANONYMOUS | MAP_FIXED, NULL, 0);
}

size_t user_area_count(const struct aspace *as)
{
	const struct area *area;
	size_t count = 0;

	list_for_each (area, &as->areas, link)
		count++;
	return count;
}

static void check_page(struct ktest *t, const struct area *area, uint64_t entry)
{
	const struct page *page = page_of_phys(entry & PTE_ADDRESS);

	EXPECT(t, page && page->state == PAGE_USED && page->refs > 0);
	EXPECT(t, entry & PTE_USER);
	EXPECT_EQ(t, !!(entry & PTE_PRESENT), area->prot != PROT_NONE);
	EXPECT_EQ(t, !(entry & PTE_NX), !!(area->prot & PROT_EXEC));
	if (entry & PTE_WRITE) {
		EXPECT(t, area->prot & PROT_WRITE);
		EXPECT_EQ(t, page->refs, 1);
	}
}

/* How many pages the area has. */
static size_t check_area(struct ktest *t, struct aspace *as,
			 const struct area *area)
{
	size_t resident = 0;

	for (uintptr_t at = area->start; at < area->end; at += PAGE_SIZE) {
		uint64_t entry = user_entry(as, at);

		if (!entry)
			continue;
		check_page(t, area, entry);
		resident++;
	}
	return resident;
}

static bool can_join(const struct area *low, const struct area *high)
{
	return low->end == high->start && low->prot == high->prot &&
	       low->flags == high->flags &&
	       low->backing.object == high->backing.object &&
	       (!low->backing.object ||
		high->offset - low->offset == high->start - low->start);
}

void user_check(struct ktest *t, struct aspace *as)
{
	const struct area *area, *last = NULL;
	size_t resident = 0, mapped = 0, count = 0;

	core_mutex_lock(&as->lock);
	list_for_each (area, &as->areas, link) {
		EXPECT(t, area->start < area->end && area->end <= USER_MAX);
		EXPECT(t, !last || last->end <= area->start);
		EXPECT(t, !last || !can_join(last, area));
		resident += check_area(t, as, area);
		mapped += (area->end - area->start) / PAGE_SIZE;
		count++;
		last = area;
	}
	EXPECT_EQ(t, as->resident_pages, resident);
	EXPECT_EQ(t, as->mapped_pages, mapped);
	EXPECT_EQ(t, as->area_count, count);
	EXPECT(t, as->max_resident >= resident);
	core_mutex_unlock(&as->lock);
}
