/*
 * heap.h - the kernel heap: size classes from 16 to 2048 bytes in slabs of one
 * page, larger sizes in whole pages.
 */
#ifndef HEAP_H
#define HEAP_H

#include "types.h"

/*
 * What the first eight bytes of a freed object begin with (bits 63-32): reads
 * as "free".  No address begins so, and a pointer fetched from there faults.
 */
#define HEAP_FREE_MARK 0xf4eef4ee00000000ul

/*
 * NULL when memory is exhausted, or for more than 4 MiB.  Aligned to 16 bytes;
 * from more than 2048 bytes on, to a page.  Contents undefined, or zero.  Any
 * context but NMI, with no lock of RANK_HEAP or above.
 */
void *kmalloc(size_t size);
void *kzalloc(size_t size);

/* NULL is allowed.  A double free, or a pointer that is not the heap's,
 * panics in words; so does, at the next kmalloc, an object that was written
 * to after it was freed, where that can be seen. */
void kfree(void *ptr);

/* Objects in use, for leak accounting. */
size_t heap_object_count(void);

/* The place in a slab that an address is in, of an object in use or not: false
 * when it is in none.  For messages: takes no lock. */
struct heap_slot {
	uintptr_t start;
	size_t size;
};

bool heap_slot_find(uintptr_t addr, struct heap_slot *slot);

/* Gives the empty slabs that are kept for the next kmalloc back to the page
 * allocator, so that its count shows what is really in use. */
void heap_trim(void);

/* How many pages that would be. */
size_t heap_kept_pages(void);

/* One line a size class, by printk. */
void heap_print(void);

#endif
