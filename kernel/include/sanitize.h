/*
 * sanitize.h - SANITIZE=1: the kernel checks each access that it makes.
 *
 * What these functions tell kernel/test/sanitize.c is which bytes of the
 * direct map may be touched.  In a kernel without the sanitizer they are
 * nothing at all.
 */
#ifndef SANITIZE_H
#define SANITIZE_H

#include "types.h"

#ifdef SANITIZE

#define SANITIZING 1

/* At least so much of a heap object's slot, at its end, is not the user's: who
 * runs over the end of the object comes here first. */
#define HEAP_REDZONE 16

/* When all memory is mapped; panics when there is not enough for the shadow. */
void sanitize_init(void);

/* A block of pages is given out, is given back. */
void sanitize_pages_alloc(void *block, size_t size);
void sanitize_pages_free(void *block, size_t size);

/* Size bytes of the slot, which is longer, are given out to who called from
 * site.  NULL is allowed: there was no memory. */
void sanitize_alloc(void *object, size_t size, size_t slot, uintptr_t site);

/* The object is freed by who called from site.  It is kept for a while, lest
 * it is given out again and a late access looks like a good one: returns an
 * object to be freed in its place, or NULL.  Freeing it twice panics. */
void *sanitize_free(void *object, size_t slot, uintptr_t site);

/* One of those that are kept, to be freed; NULL when there is none. */
void *sanitize_release(void);
size_t sanitize_kept_objects(void);

/* Are these bytes good to read, to write?  Panics if not.  For what the
 * compiler does not see, as copies by string instructions; who called from site
 * asked for it.  Any context. */
void sanitize_read(const void *start, size_t len, uintptr_t site);
void sanitize_write(const void *start, size_t len, uintptr_t site);

#else

#define SANITIZING 0
#define HEAP_REDZONE 0

static inline void sanitize_init(void)
{
}

static inline void sanitize_pages_alloc(void *block, size_t size)
{
}

static inline void sanitize_pages_free(void *block, size_t size)
{
}

static inline void sanitize_alloc(void *object, size_t size, size_t slot,
				  uintptr_t site)
{
}

static inline void *sanitize_free(void *object, size_t slot, uintptr_t site)
{
	return object;
}

static inline void *sanitize_release(void)
{
	return NULL;
}

static inline size_t sanitize_kept_objects(void)
{
	return 0;
}

static inline void sanitize_read(const void *start, size_t len, uintptr_t site)
{
}

static inline void sanitize_write(const void *start, size_t len, uintptr_t site)
{
}

#endif

#endif
