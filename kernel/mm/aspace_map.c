/*
 * aspace_map.c - what mmap(), munmap(), mprotect(), madvise() and brk() ask
 * for.
 *
 * Each checks what it was given, takes the lock, and changes all or nothing:
 * what can fail for a lack of memory comes first.  A new area has no pages;
 * they come with the faults (aspace_fault.c).
 *
 * What a mapping promises is not reserved: the pages of all programs together
 * may become more than there are, and then a fault fails.  Only what could
 * never be fulfilled is refused at once, a writable mapping larger than all of
 * memory, unless MAP_NORESERVE says that the program knows.
 */
#include "aspace.h"

#include "aspace_parts.h"
#include "errno.h"
#include "pagetable.h"
#include "process.h"
#include "trap.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define AREA_FLAGS (MAP_TYPE | MAP_ANONYMOUS | MAP_GROWSDOWN)

/* ---- map ---- */

static bool area_is_shared(const struct area *area)
{
	return area->backing.ops && (area->flags & MAP_TYPE) == MAP_SHARED;
}

/* Is this area something that we can do? */
static int model_check(const struct area *model, size_t len)
{
	unsigned int type = model->flags & MAP_TYPE;

	if (len == 0 || (type != MAP_SHARED && type != MAP_PRIVATE))
		return -EINVAL;
	if (len > USER_MAX)
		return -ENOMEM;
	if (!model->backing.ops)
		return 0;
	if (model->offset % PAGE_SIZE)
		return -EINVAL;
	if (model->offset + len < len)
		return -EOVERFLOW;
	if (!model->backing.ops->page)
		return -ENODEV;
	if (area_is_shared(model) && (model->prot & PROT_WRITE))
		return -ENODEV;
	return 0;
}

static bool range_is_free(struct aspace *as, uintptr_t start, uintptr_t end)
{
	const struct area *area = area_at_or_above(as, start);

	return !area || area->start >= end;
}

/* Where a mapping goes that may be nowhere else. */
static long place_fixed(struct aspace *as, uintptr_t addr, size_t len,
			unsigned int flags)
{
	uintptr_t end;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	if (!user_pages_ok(addr, len, &end))
		return -ENOMEM;
	if (addr < USER_MIN)
		return -EPERM;
	if ((flags & MAP_FIXED_NOREPLACE) && !range_is_free(as, addr, end))
		return -EEXIST;
	return addr;
}

/* Where the program would like it, if there is room, else where there is. */
static long mapping_place(struct aspace *as, uintptr_t addr, size_t len,
			  unsigned int flags)
{
	uintptr_t end;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		return place_fixed(as, addr, len, flags);
	addr = MIN(addr, USER_TOP); /* ALIGN_UP() shall not wrap around */
	addr = ALIGN_UP(addr, (uintptr_t)PAGE_SIZE);
	if (addr >= USER_MIN && user_pages_ok(addr, len, &end) &&
	    range_is_free(as, addr, end))
		return addr;
	addr = areas_find_room(as, len);
	return addr ? (long)addr : -ENOMEM;
}

static bool is_too_much(const struct area *model, size_t len,
			unsigned int flags)
{
	return (model->prot & PROT_WRITE) && !(flags & MAP_NORESERVE) &&
	       len / PAGE_SIZE > page_total_count();
}

/* Needs the lock; len is a multiple of the page size. */
static long map_locked(struct aspace *as, uintptr_t addr, size_t len,
		       unsigned int flags, const struct area *model)
{
	long start = mapping_place(as, addr, len, flags);
	struct area *area;

	if (start < 0)
		return start;
	if (!aspace_may_grow(as, len) || is_too_much(model, len, flags))
		return -ENOMEM;
	area = area_copy(as, model);
	if (!area)
		return -ENOMEM;
	area->start = start;
	area->end = start + len;
	if (areas_clear(as, area->start, area->end)) {
		area_free(area);
		return -ENOMEM;
	}
	area_insert(as, area);
	return start;
}

/* MAP_POPULATE: as many pages as can be had. */
static void range_populate(struct aspace *as, uintptr_t start, uintptr_t end,
			   unsigned int prot)
{
	unsigned int access = prot & PROT_WRITE ? FAULT_WRITE : 0;
	uint64_t *entry;

	for (uintptr_t at = start; at < end; at += PAGE_SIZE)
		if (fault_in(as, at, access, &entry))
			return;
}

long aspace_map(struct aspace *as, uintptr_t addr, size_t len,
		unsigned int prot, unsigned int flags,
		const struct area_backing *backing, uint64_t offset)
{
	struct area model = {
		.prot = prot & PROT_ALL,
		.flags = (flags & AREA_FLAGS) | (backing ? 0 : MAP_ANONYMOUS),
	};
	long start;

	if (backing) {
		model.backing = *backing;
		model.offset = offset;
	}
	start = model_check(&model, len);
	if (start)
		return start;
	len = ALIGN_UP(len, PAGE_SIZE);
	core_mutex_lock(&as->lock);
	start = map_locked(as, addr, len, flags, &model);
	if (start >= 0 && (flags & MAP_POPULATE))
		range_populate(as, start, start + len, prot);
	core_mutex_unlock(&as->lock);
	return start;
}

/* ---- unmap, discard ---- */

int aspace_unmap(struct aspace *as, uintptr_t addr, size_t len)
{
	uintptr_t end;
	int error;

	if (len == 0 || !user_pages_ok(addr, len, &end))
		return -EINVAL;
	core_mutex_lock(&as->lock);
	error = areas_clear(as, addr, end);
	core_mutex_unlock(&as->lock);
	return error;
}

int aspace_discard(struct aspace *as, uintptr_t addr, size_t len)
{
	struct area *area;
	uintptr_t end;
	int error;

	if (!user_pages_ok(addr, len, &end))
		return -EINVAL;
	if (len == 0)
		return 0;
	core_mutex_lock(&as->lock);
	error = areas_cover(as, addr, end) ? 0 : -ENOMEM;
	for (area = area_at_or_above(as, addr); area && area->start < end;
	     area = area_next(as, area))
		pagetable_clear(as, MAX(area->start, addr),
				MIN(area->end, end));
	core_mutex_unlock(&as->lock);
	return error;
}

void aspace_for_each_area(struct aspace *as,
			  void (*fn)(const struct aspace *as,
				     const struct area *area, void *arg),
			  void *arg)
{
	struct area *area;

	core_mutex_lock(&as->lock);
	list_for_each (area, &as->areas, link)
		fn(as, area, arg);
	core_mutex_unlock(&as->lock);
}

bool aspace_is_mapped(struct aspace *as, uintptr_t addr, size_t len)
{
	uintptr_t end;
	bool mapped;

	if (!user_pages_ok(addr, len, &end))
		return false;
	core_mutex_lock(&as->lock);
	mapped = addr == end || areas_cover(as, addr, end);
	core_mutex_unlock(&as->lock);
	return mapped;
}

/* ---- protect ---- */

/* May all areas of the range have these rights? */
static bool may_protect(struct aspace *as, uintptr_t start, uintptr_t end,
			unsigned int prot)
{
	struct area *area = area_at_or_above(as, start);

	for (; area && area->start < end; area = area_next(as, area))
		if (area_is_shared(area) && (prot & PROT_WRITE))
			return false;
	return true;
}

static int protect_locked(struct aspace *as, uintptr_t start, uintptr_t end,
			  unsigned int prot)
{
	struct area *area;
	int error;

	if (!areas_cover(as, start, end))
		return -ENOMEM;
	if (!may_protect(as, start, end, prot))
		return -EACCES;
	error = areas_split(as, start, end);
	for (area = area_at_or_above(as, start);
	     !error && area && area->start < end; area = area_next(as, area)) {
		if (area->prot == prot)
			continue;
		area->prot = prot;
		pagetable_protect(as, area->start, area->end, prot);
	}
	areas_join(as, start, end);
	return error;
}

int aspace_protect(struct aspace *as, uintptr_t addr, size_t len,
		   unsigned int prot)
{
	uintptr_t end;
	int error;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (!user_pages_ok(addr, len, &end))
		return -ENOMEM;
	if (prot & ~PROT_ALL)
		return -EINVAL;
	core_mutex_lock(&as->lock);
	error = protect_locked(as, addr, end, prot);
	core_mutex_unlock(&as->lock);
	return error;
}

/* ---- the heap ---- */

static bool heap_grow(struct aspace *as, uintptr_t start, uintptr_t end)
{
	const struct area model = {
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS,
	};

	if (end - as->brk_start > current_limit(RLIMIT_DATA, RLIM_INFINITY) ||
	    !range_is_free(as, start, end))
		return false;
	return map_locked(as, start, end - start, MAP_FIXED, &model) >= 0;
}

static bool heap_resize(struct aspace *as, uintptr_t brk)
{
	uintptr_t old = ALIGN_UP(as->brk, (uintptr_t)PAGE_SIZE);
	uintptr_t new = ALIGN_UP(brk, (uintptr_t)PAGE_SIZE);

	if (new > old)
		return heap_grow(as, old, new);
	return areas_clear(as, new, old) == 0;
}

long aspace_brk(struct aspace *as, uintptr_t brk)
{
	long result;

	core_mutex_lock(&as->lock);
	if (brk >= as->brk_start && brk < USER_MAX && heap_resize(as, brk))
		as->brk = brk;
	result = as->brk;
	core_mutex_unlock(&as->lock);
	return result;
}
