/*
 * aspace_remap.c - mremap(2): a mapping becomes longer or shorter, where it is
 * or somewhere else.
 *
 * Its pages are moved and not copied: their entries go from the old place to
 * the new.  What needs memory comes first, the new area and the tables for the
 * new entries, so that a lack of it changes nothing; but what was at a place
 * chosen by MREMAP_FIXED is gone then.
 */
#include "aspace.h"

#include "aspace_parts.h"
#include "errno.h"
#include "pagetable.h"

/* What is asked for: lengths are multiples of the page size. */
struct remap {
	uintptr_t addr, new_addr;
	size_t old_len, new_len;
	unsigned int flags;
};

/* The area that all of the old range lies in. */
static struct area *remap_area(struct aspace *as, const struct remap *r)
{
	struct area *area = area_at_or_above(as, r->addr);

	if (!area || area->start > r->addr || area->end - r->addr < r->old_len)
		return NULL;
	return area;
}

/* Is there room for the area to grow where it is? */
static bool grows_in_place(struct aspace *as, const struct remap *r,
			   struct area *area)
{
	const struct area *next = area_next(as, area);
	uintptr_t end = r->addr + r->new_len;

	return area->end == r->addr + r->old_len && end <= USER_MAX &&
	       (!next || end <= next->start);
}

static long grow_in_place(struct aspace *as, const struct remap *r,
			  const struct area *area)
{
	struct area *more = area_copy(as, area);

	if (!more)
		return -ENOMEM;
	more->start = area->end;
	more->end = r->addr + r->new_len;
	more->offset += area->end - area->start;
	area_insert(as, more); /* and joins it */
	return r->addr;
}

static long choose_place(struct aspace *as, const struct remap *r)
{
	uintptr_t addr = r->new_addr;

	if (r->flags & MREMAP_FIXED)
		return areas_clear(as, addr, addr + r->new_len) ? -ENOMEM
								: (long)addr;
	addr = areas_find_room(as, r->new_len);
	return addr ? (long)addr : -ENOMEM;
}

/* Needs the area that the old range lies in, and it may be cut. */
static long pages_move(struct aspace *as, const struct remap *r)
{
	uintptr_t end = r->addr + MIN(r->old_len, r->new_len);
	long to = choose_place(as, r);
	struct area *area = remap_area(as, r), *copy;

	if (to < 0)
		return to;
	copy = area_copy(as, area);
	if (!copy)
		return -ENOMEM;
	copy->start = to;
	copy->end = to + r->new_len;
	copy->offset += r->addr - area->start;
	copy->flags &= ~MAP_GROWSDOWN;

	/* The old place can be emptied without memory, once it is cut out. */
	if (areas_split(as, r->addr, r->addr + r->old_len) ||
	    pagetable_move(as, r->addr, end, to)) {
		areas_join(as, r->addr, r->addr + r->old_len);
		area_free(copy);
		return -ENOMEM;
	}
	areas_clear(as, r->addr, r->addr + r->old_len);
	area_insert(as, copy);
	return to;
}

static long remap_locked(struct aspace *as, const struct remap *r)
{
	struct area *area = remap_area(as, r);
	size_t more = r->new_len > r->old_len ? r->new_len - r->old_len : 0;

	if (!area)
		return -EFAULT;
	if (!aspace_may_grow(as, more))
		return -ENOMEM;
	if (r->flags & MREMAP_FIXED)
		return pages_move(as, r);
	if (!more) {
		int error = areas_clear(as, r->addr + r->new_len,
					r->addr + r->old_len);

		return error ? error : (long)r->addr;
	}
	if (grows_in_place(as, r, area))
		return grow_in_place(as, r, area);
	return r->flags & MREMAP_MAYMOVE ? pages_move(as, r) : -ENOMEM;
}

/* Source of what is refused: mremap(2). */
static bool remap_is_sane(const struct remap *r)
{
	uintptr_t old_end, new_end;

	if (r->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED))
		return false;
	if (r->old_len == 0 || r->new_len == 0 ||
	    !user_pages_ok(r->addr, r->old_len, &old_end))
		return false;
	if (!(r->flags & MREMAP_FIXED))
		return true;
	if (!(r->flags & MREMAP_MAYMOVE) || r->new_addr < USER_MIN ||
	    !user_pages_ok(r->new_addr, r->new_len, &new_end))
		return false;
	return old_end <= r->new_addr || new_end <= r->addr;
}

long aspace_remap(struct aspace *as, uintptr_t addr, size_t old_len,
		  size_t new_len, unsigned int flags, uintptr_t new_addr)
{
	struct remap r = {
		.addr = addr,
		.new_addr = new_addr,
		.old_len = ALIGN_UP(MIN(old_len, USER_TOP), PAGE_SIZE),
		.new_len = ALIGN_UP(MIN(new_len, USER_TOP), PAGE_SIZE),
		.flags = flags,
	};
	long result;

	if (!remap_is_sane(&r))
		return -EINVAL;
	if (r.new_len > USER_MAX)
		return -ENOMEM;
	core_mutex_lock(&as->lock);
	result = remap_locked(as, &r);
	core_mutex_unlock(&as->lock);
	return result;
}
