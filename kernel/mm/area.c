/*
 * area.c - addresses for mappings: VM_AREA and MMIO_AREA.
 *
 * An area is a range of VM_AREA that vm_alloc() has given out: `count` pages,
 * and a guard page that is never mapped behind them.  The first page of
 * VM_AREA is a guard as well, so each area lies between two.  The areas are
 * on a list sorted by address; what is free is the gaps between them.
 *
 * The search is next fit: it goes on where the last one ended, so that an
 * address is used again as late as possible, and a pointer that is used after
 * its area was freed faults instead of finding somebody else's data.  But
 * page tables are never freed (vm.c), so the search must not wander through
 * the whole terabyte: it turns back at the end of a window, which doubles only
 * when nothing in it fits.
 *
 * The lock `areas` guards the list, the search position, and the next free
 * address of MMIO_AREA.
 */
#include "apic.h"
#include "heap.h"
#include "list.h"
#include "lock.h"
#include "page.h"
#include "panic.h"
#include "vm.h"
#include "x86.h"

#define FIRST_WINDOW (16 * MIB)

struct area {
	struct list_head link;
	uintptr_t start;
	size_t count; /* pages, without the guard */
};

static struct core_lock areas_lock = CORE_LOCK_INIT("areas", RANK_VM);

/* Needs areas_lock. */
static struct list_head areas = LIST_INIT(areas);
static size_t window = FIRST_WINDOW;
static struct list_head *search_after = &areas; /* the last area before ... */
static uintptr_t search_from = VM_AREA;         /* ... this address */
static uintptr_t mmio_next = MMIO_AREA + PAGE_SIZE;

/* The gap behind a node of the list, which may be the head. */
static uintptr_t gap_start(const struct list_head *node)
{
	const struct area *area = list_entry(node, struct area, link);

	if (node == &areas)
		return VM_AREA + PAGE_SIZE;
	return area->start + (area->count + 1) * PAGE_SIZE;
}

static uintptr_t gap_end(const struct list_head *node)
{
	if (node->next == &areas)
		return VM_AREA + window;
	return list_entry(node->next, struct area, link)->start;
}

/*
 * Looks at each gap once, beginning behind search_after at address `from`.
 * Puts the area on the list where it fits.
 */
static bool area_place(struct area *area, uintptr_t from)
{
	struct list_head *node = search_after;
	size_t size = (area->count + 1) * PAGE_SIZE;

	do {
		uintptr_t start = MAX(gap_start(node), from);

		if (start < gap_end(node) && gap_end(node) - start >= size) {
			area->start = start;
			list_insert_after(node, &area->link);
			search_after = &area->link;
			search_from = start + size;
			return true;
		}
		from = 0;
		node = node->next;
	} while (node != search_after);
	return false;
}

static bool area_reserve(struct area *area)
{
	bool placed;

	core_lock(&areas_lock);
	placed = area_place(area, search_from) || area_place(area, 0);
	while (!placed && window < VM_AREA_SIZE) {
		window *= 2;
		placed = area_place(area, 0);
	}
	core_unlock(&areas_lock);
	return placed;
}

static void area_release(struct area *area)
{
	core_lock(&areas_lock);
	if (search_after == &area->link)
		search_after = area->link.prev;
	list_remove(&area->link);
	core_unlock(&areas_lock);
	kfree(area);
}

void *vm_alloc(size_t count)
{
	struct area *area;

	if (count == 0 || count >= page_total_count())
		return NULL;
	area = kmalloc(sizeof(*area));
	if (!area)
		return NULL;
	area->count = count;
	if (!area_reserve(area)) {
		kfree(area);
		return NULL;
	}
	if (vm_populate(area->start, count, area)) {
		area_release(area);
		return NULL;
	}
	return (void *)area->start;
}

/* Each page of an area knows it by its owner. */
static struct area *area_of(uintptr_t addr)
{
	struct vm_walk_step steps[4];

	if (addr < VM_AREA || addr >= VM_AREA + VM_AREA_SIZE)
		panic("vm_free: 0x%lx is not in VM_AREA", addr);
	unsigned int count = vm_walk(vm_root, addr, steps);
	uint64_t entry = steps[count - 1].entry;

	if (!(entry & PTE_PRESENT))
		panic("vm_free: 0x%lx is not mapped; was it freed already?",
		      addr);
	return page_of_phys(entry & PTE_ADDRESS)->owner;
}

void vm_free(void *addr, size_t count)
{
	struct list_head pages = LIST_INIT(pages);
	uintptr_t start = (uintptr_t)addr;
	struct area *area;

	if (!addr)
		return;
	area = area_of(start);
	if (area->start != start || area->count != count)
		panic("vm_free: 0x%lx, %zu pages: the area is 0x%lx, %zu pages",
		      start, count, area->start, area->count);
	vm_detach(start, count, &pages);
	tlb_shootdown(start, count);
	vm_put_pages(&pages);
	area_release(area);
}

volatile void *vm_map_mmio(paddr_t phys, size_t size)
{
	size_t offset = phys % PAGE_SIZE;
	size_t count = ALIGN_UP(offset + size, PAGE_SIZE) / PAGE_SIZE;
	uintptr_t addr;

	core_lock(&areas_lock);
	addr = mmio_next;
	mmio_next += (count + 1) * PAGE_SIZE;
	core_unlock(&areas_lock);

	int err = vm_map(addr, phys - offset, count, VM_WRITE | VM_UNCACHED);
	if (err)
		panic("vm_map_mmio: cannot map 0x%lx, %zu bytes: error %d",
		      phys, size, err);
	return (volatile void *)(addr + offset);
}
