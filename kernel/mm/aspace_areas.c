/*
 * aspace_areas.c - the list of areas of an address space.
 *
 * An area is a range of pages of one kind: the same rights, the same flags, the
 * same backing if any, at offsets that go on.  Areas do not overlap, and are on
 * a list in the order of their addresses.  Two neighbours that touch and are of
 * one kind are joined, so that a program that maps page after page has one area
 * and not thousands.
 *
 * mprotect() and munmap() may begin or end in the middle of an area.  They cut
 * it there first (areas_split), when nothing has changed yet, so that a lack of
 * memory leaves everything as it was but for the cut; and then work on whole
 * areas.
 *
 * Room for a new mapping is looked for from MMAP_TOP downwards.  The search
 * begins at map_hint, below the mapping made last, and only when there is none
 * left further down begins again at the top; what is unmapped raises the hint.
 * So a program that maps much, or maps and unmaps in turn, has no long search,
 * and its mappings stay close together, in few page tables.
 *
 * All of this needs as->lock.
 */
#include "aspace_parts.h"

#include "errno.h"
#include "heap.h"
#include "pagetable.h"
#include "panic.h"
#include "process.h"

/* As many as a Linux process may have (vm.max_map_count). */
#define AREAS_MAX 65530

/* ---- single areas ---- */

struct area *area_next(struct aspace *as, struct area *area)
{
	if (area->link.next == &as->areas)
		return NULL;
	return list_entry(area->link.next, struct area, link);
}

struct area *area_prev(struct aspace *as, struct area *area)
{
	if (area->link.prev == &as->areas)
		return NULL;
	return list_entry(area->link.prev, struct area, link);
}

struct area *area_at_or_above(struct aspace *as, uintptr_t addr)
{
	struct area *area = as->recent;

	if (area && addr >= area->start && addr < area->end)
		return area;
	list_for_each (area, &as->areas, link)
		if (addr < area->end)
			return area;
	return NULL;
}

struct area *area_copy(struct aspace *as, const struct area *model)
{
	struct area *area;

	if (as->area_count >= AREAS_MAX)
		return NULL;
	area = kmalloc(sizeof(*area));
	if (!area)
		return NULL;
	*area = *model;
	backing_get(area->backing);
	return area;
}

void area_free(struct area *area)
{
	backing_put(area->backing);
	kfree(area);
}

/* Takes an area off the list, and frees it. */
static void area_remove(struct aspace *as, struct area *area)
{
	if (as->recent == area)
		as->recent = NULL;
	as->area_count--;
	list_remove(&area->link);
	area_free(area);
}

static size_t area_pages(const struct area *area)
{
	return (area->end - area->start) >> PAGE_SHIFT;
}

void area_grow_down(struct aspace *as, struct area *area, uintptr_t start)
{
	as->mapped_pages += (area->start - start) >> PAGE_SHIFT;
	area->start = start;
}

/* ---- joining and cutting ---- */

static bool areas_alike(const struct area *low, const struct area *high)
{
	return low->end == high->start && low->prot == high->prot &&
	       low->flags == high->flags &&
	       low->backing.object == high->backing.object &&
	       low->backing.ops == high->backing.ops &&
	       (!low->backing.ops ||
		low->offset + (low->end - low->start) == high->offset);
}

/* Joins two neighbours if they are alike; the lower one stays. */
static bool area_join(struct aspace *as, struct area *low, struct area *high)
{
	if (!low || !high || !areas_alike(low, high))
		return false;
	low->end = high->end;
	area_remove(as, high);
	return true;
}

void area_insert(struct aspace *as, struct area *area)
{
	struct area *next = area_at_or_above(as, area->start);
	struct list_head *at = next ? &next->link : &as->areas;

	assert(!next || area->end <= next->start);
	list_push_back(at, &area->link);
	as->area_count++;
	as->mapped_pages += area_pages(area);
	area_join(as, area, next);
	area_join(as, area_prev(as, area), area);
}

/* Cuts the area that addr lies in, if one does, in two.  -ENOMEM. */
static int area_split(struct aspace *as, uintptr_t addr)
{
	struct area *low = area_at_or_above(as, addr), *high;

	if (!low || low->start >= addr)
		return 0;
	high = area_copy(as, low);
	if (!high)
		return -ENOMEM;
	high->start = addr;
	high->offset += addr - low->start;
	low->end = addr;
	list_insert_after(&low->link, &high->link);
	as->area_count++;
	return 0;
}

int areas_split(struct aspace *as, uintptr_t start, uintptr_t end)
{
	int error = area_split(as, start);

	return error ? error : area_split(as, end);
}

void areas_join(struct aspace *as, uintptr_t start, uintptr_t end)
{
	struct area *area = area_at_or_above(as, start), *prev;

	if (!area)
		return;
	prev = area_prev(as, area);
	if (prev)
		area = prev;
	while (area && area->start <= end)
		if (!area_join(as, area, area_next(as, area)))
			area = area_next(as, area);
}

bool areas_cover(struct aspace *as, uintptr_t start, uintptr_t end)
{
	struct area *area = area_at_or_above(as, start);

	while (area && area->start <= start && area->end < end) {
		start = area->end;
		area = area_next(as, area);
	}
	return area && area->start <= start;
}

int areas_clear(struct aspace *as, uintptr_t start, uintptr_t end)
{
	struct area *area = area_at_or_above(as, start), *next;

	if (!area || area->start >= end)
		return 0;
	if (areas_split(as, start, end)) {
		areas_join(as, start, end);
		return -ENOMEM;
	}
	for (area = area_at_or_above(as, start); area && area->start < end;
	     area = next) {
		next = area_next(as, area);
		pagetable_clear(as, area->start, area->end);
		as->mapped_pages -= area_pages(area);
		area_remove(as, area);
	}
	if (start < MMAP_TOP)
		as->map_hint = MAX(as->map_hint, MIN(end, MMAP_TOP));
	return 0;
}

/* ---- room ---- */

/* Room below top, as high as possible; 0: none. */
static uintptr_t room_below(struct aspace *as, size_t len, uintptr_t top)
{
	struct list_head *node = &as->areas;
	struct area *area;

	/* The last area that begins below top. */
	while (node->next != &as->areas &&
	       list_entry(node->next, struct area, link)->start < top)
		node = node->next;
	for (; node != &as->areas; node = node->prev) {
		area = list_entry(node, struct area, link);
		if (area->end < top && top - area->end >= len)
			return top - len;
		top = MIN(top, area->start);
	}
	return top > USER_MIN && top - USER_MIN >= len ? top - len : 0;
}

uintptr_t areas_find_room(struct aspace *as, size_t len)
{
	uintptr_t addr = room_below(as, len, as->map_hint);

	if (!addr && as->map_hint < MMAP_TOP)
		addr = room_below(as, len, MMAP_TOP);
	if (addr)
		as->map_hint = addr;
	return addr;
}

/* ---- limits ---- */

/* Read without the lock: it is one word, and may change the moment after. */
uint64_t current_limit(unsigned int which, uint64_t otherwise)
{
	const struct process *p = current_process();

	return p ? p->limits[which].soft : otherwise;
}

bool aspace_may_grow(struct aspace *as, size_t bytes)
{
	uint64_t limit = current_limit(RLIMIT_AS, RLIM_INFINITY);

	return bytes <= limit &&
	       (uint64_t)as->mapped_pages * PAGE_SIZE <= limit - bytes;
}

bool user_pages_ok(uintptr_t addr, size_t len, uintptr_t *end)
{
	if (addr % PAGE_SIZE || len > USER_MAX || addr > USER_MAX)
		return false;
	*end = addr + ALIGN_UP(len, PAGE_SIZE);
	return *end <= USER_MAX;
}
