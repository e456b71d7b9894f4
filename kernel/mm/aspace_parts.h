/*
 * aspace_parts.h - what aspace.c, aspace_areas.c, aspace_map.c and
 * aspace_fault.c share.  All of it needs as->lock.
 */
#ifndef ASPACE_PARTS_H
#define ASPACE_PARTS_H

#include "aspace.h"
#include "types.h"

/* The area with addr, or else the first one above it; NULL: none. */
struct area *area_at_or_above(struct aspace *as, uintptr_t addr);

/* The neighbours on the list; NULL at its ends. */
struct area *area_next(struct aspace *as, struct area *area);
struct area *area_prev(struct aspace *as, struct area *area);

/* An area like this one, with a reference of its own of what backs it, and on
 * no list. NULL when memory is exhausted, or as has too many areas. */
struct area *area_copy(struct aspace *as, const struct area *model);

/* Puts an area on the list, where there is room for it, and joins it with its
 * neighbours if they are alike: it may be gone afterwards. */
void area_insert(struct aspace *as, struct area *area);

/* Drops that reference, and frees it; it is on no list. */
void area_free(struct area *area);

/* Moves an area's lower end, which nothing else is in the way of. */
void area_grow_down(struct aspace *as, struct area *area, uintptr_t start);

/* Empties a range.  -ENOMEM: nothing has changed. */
int areas_clear(struct aspace *as, uintptr_t start, uintptr_t end);

/* Cuts the areas that a bound of the range lies in, so that each area is
 * either inside or outside of it.  -ENOMEM: some may be cut. */
int areas_split(struct aspace *as, uintptr_t start, uintptr_t end);

/* Joins what areas_split() has cut, where it still is alike. */
void areas_join(struct aspace *as, uintptr_t start, uintptr_t end);

/* Are there areas everywhere between the two? */
bool areas_cover(struct aspace *as, uintptr_t start, uintptr_t end);

/* Where len bytes are free, as mmap() chooses; 0: nowhere. */
uintptr_t areas_find_room(struct aspace *as, size_t len);

/* May the process have so many bytes more, by RLIMIT_AS? */
bool aspace_may_grow(struct aspace *as, size_t bytes);

/* A limit of the current process; what it is without one: of tests. */
uint64_t current_limit(unsigned int which, uint64_t otherwise);

/* The entry of the page at addr, which is made present, and writable if asked;
 * error as of aspace_fault(). */
int fault_in(struct aspace *as, uintptr_t addr, unsigned int error,
	     uint64_t **entry);

/* Is addr + len a range of pages of the user half?  addr must be aligned; the
 * end, rounded up, comes in *end. */
bool user_pages_ok(uintptr_t addr, size_t len, uintptr_t *end);

#endif
