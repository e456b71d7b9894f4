/*
 * heap.c - the kernel heap.
 *
 * Slabs, after Bonwick (The Slab Allocator, USENIX 1994).  A slab is one page
 * cut into objects of one size; ten size classes serve what is asked for, up
 * to 2048 bytes.  Larger objects are blocks of whole pages.
 *
 * All that there is to know of a slab is in its struct page: its class, how
 * many objects are in use, and where the first free one is.  A slab with a
 * free object is on its class's list `partial`; a full one is on no list, and
 * the next kfree() of one of its objects finds it by the object's address.
 *
 *	          kmalloc                      kmalloc
 *	empty  ------------->  partly used  ------------->  full
 *	       <-------------               <-------------
 *	          kfree                        kfree
 *
 * A class keeps one empty slab, at the end of its list, lest a kmalloc and a
 * kfree in turn take and give back a page each time; others are given back at
 * once.  heap_trim() gives back the kept ones too.
 *
 * A free object holds two words: the offset of the next free object in its
 * slab, marked so that it is no valid pointer, and a seal made from its own
 * address.  An object being freed that carries the seal is free already; a
 * free object whose seal is broken was written to after kfree().
 *
 * The lock of a class guards its list, its counters, and its slabs.
 */
#include "heap.h"

#include "lock.h"
#include "page.h"
#include "panic.h"
#include "printk.h"
#include "sanitize.h"
#include "string.h"

#define LARGEST_CLASS_SIZE 2048
#define CLASS_GRAIN 16   /* class sizes are multiples of it */
#define NO_OBJECT 0xffff /* no offset: the end of a slab's free list */
#define SEAL 0x5ea1000000000000ul

struct free_object {
	uint64_t next; /* HEAP_FREE_MARK | offset in the page */
	uint64_t seal;
};

struct class
{
	struct core_lock lock;
	const uint16_t size;

	/* Needs lock. */
	struct list_head partial; /* empty slabs last */
	size_t slabs, empty;
	size_t objects; /* in use */
};

#define CLASS(n, bytes) \
	[n] = { \
		.lock = CORE_LOCK_INIT("heap " #bytes, RANK_HEAP), \
		.size = (bytes), \
		.partial = LIST_INIT(classes[n].partial), \
	}

static struct class classes[] = {
	CLASS(0, 16),   CLASS(1, 32),   CLASS(2, 64),  CLASS(3, 96),
	CLASS(4, 128),  CLASS(5, 192),  CLASS(6, 256), CLASS(7, 512),
	CLASS(8, 1024), CLASS(9, 2048),
};

/* The class for a size in grains, rounded up. */
static const uint8_t class_of[LARGEST_CLASS_SIZE / CLASS_GRAIN + 1] = {
	[0 ... 1] = 0,   [2] = 1,          [3 ... 4] = 2,   [5 ... 6] = 3,
	[7 ... 8] = 4,   [9 ... 12] = 5,   [13 ... 16] = 6, [17 ... 32] = 7,
	[33 ... 64] = 8, [65 ... 128] = 9,
};

static size_t large_objects; /* atomic */

/* ---- slabs: all of these need the class's lock ---- */

static struct free_object *slab_object(const struct page *page, size_t offset)
{
	return (struct free_object *)((char *)page_virt(page) + offset);
}

static uint64_t object_seal(const struct free_object *object)
{
	return (uintptr_t)object ^ SEAL;
}

static void slab_push(struct page *page, struct free_object *object)
{
	object->next = HEAP_FREE_MARK | page->slab.free;
	object->seal = object_seal(object);
	page->slab.free = (uintptr_t)object % PAGE_SIZE;
}

static bool slab_is_full(const struct page *page)
{
	return page->slab.free == NO_OBJECT;
}

/* Is it on the free list?  The seal says so, but its bytes may also be what
 * the object's user wrote there: then the list decides. */
static bool object_is_free(const struct page *page,
			   const struct free_object *object)
{
	if (likely(object->seal != object_seal(object)))
		return false;
	uint16_t at = page->slab.free;

	/* Not longer than the slab: the list may be what was overwritten. */
	for (size_t n = 0; n < PAGE_SIZE / CLASS_GRAIN; n++) {
		if (at == NO_OBJECT)
			return false;
		if (slab_object(page, at) == object)
			return true;
		at = slab_object(page, at)->next;
	}
	return false;
}

/* A new slab, all free, on the class's list. */
static struct page *slab_create(struct class *class)
{
	struct page *page = page_alloc(0);

	if (!page)
		return NULL;
	page->state = PAGE_SLAB;
	page->slab = (struct slab){
		.free = NO_OBJECT,
		.class = class - classes,
	};
	for (size_t n = PAGE_SIZE / class->size; n-- > 0;)
		slab_push(page, slab_object(page, n * class->size));
	list_push_front(&class->partial, &page->link);
	class->slabs++;
	class->empty++;
	return page;
}

static void slab_destroy(struct class *class, struct page *page)
{
	list_remove(&page->link);
	class->slabs--;
	class->empty--;
	page->state = PAGE_USED;
	page_put(page);
}

/* ---- small objects ---- */

static void *small_alloc(struct class *class)
{
	struct free_object *object = NULL;
	struct page *page;
	bool intact = true;

	core_lock(&class->lock);
	if (likely(!list_empty(&class->partial)))
		page = list_first(&class->partial, struct page, link);
	else
		page = slab_create(class);
	if (likely(page)) {
		object = slab_object(page, page->slab.free);
		intact = object->seal == object_seal(object) &&
			 object->next >> 32 == HEAP_FREE_MARK >> 32;
		page->slab.free = object->next;
		object->seal = 0;
		class->objects++;
		if (page->slab.used++ == 0)
			class->empty--;
		if (slab_is_full(page))
			list_remove(&page->link);
	}
	core_unlock(&class->lock);
	if (unlikely(!intact))
		panic("kmalloc: the free object 0x%lx of %u bytes was written "
		      "to after kfree",
		      (uintptr_t)object, class->size);
	return object;
}

/* Puts the slab where it belongs after one of its objects was freed. */
static void slab_sort(struct class *class, struct page *page, bool was_full)
{
	if (page->slab.used > 0) {
		if (was_full)
			list_push_front(&class->partial, &page->link);
		return;
	}
	if (!was_full)
		list_remove(&page->link);
	list_push_back(&class->partial, &page->link);
	if (++class->empty > 1)
		slab_destroy(class, page);
}

static void small_free(struct page *page, struct free_object *object)
{
	struct class *class = &classes[page->slab.class];
	size_t excess = (uintptr_t)object % PAGE_SIZE % class->size;

	if (unlikely(excess))
		panic("kfree: 0x%lx is %zu bytes into an object of %u",
		      (uintptr_t)object, excess, class->size);
	core_lock(&class->lock);
	bool twice = object_is_free(page, object);
	if (likely(!twice)) {
		bool was_full = slab_is_full(page);

		slab_push(page, object);
		class->objects--;
		page->slab.used--;
		slab_sort(class, page, was_full);
	}
	core_unlock(&class->lock);
	if (unlikely(twice))
		panic("kfree: 0x%lx (%u bytes) is already free",
		      (uintptr_t)object, class->size);
}

/* ---- large objects ---- */

static void *large_alloc(size_t size)
{
	unsigned int order = 0;

	while (((size_t)PAGE_SIZE << order) < size)
		if (++order > MAX_ORDER)
			return NULL;
	struct page *page = page_alloc(order);

	if (!page)
		return NULL;
	page->state = PAGE_LARGE;
	__atomic_fetch_add(&large_objects, 1, __ATOMIC_RELAXED);
	sanitize_alloc(page_virt(page), size, (size_t)PAGE_SIZE << order, 0);
	return page_virt(page);
}

static void large_free(struct page *page, void *ptr)
{
	if (ptr != page_virt(page))
		panic("kfree: 0x%lx is inside a large object, which starts at "
		      "0x%lx",
		      (uintptr_t)ptr, (uintptr_t)page_virt(page));
	page->state = PAGE_USED;
	page_put(page);
	__atomic_fetch_sub(&large_objects, 1, __ATOMIC_RELAXED);
}

/* ---- the interface ---- */

static inline void *alloc(size_t size, uintptr_t site)
{
	size_t grains = (size + HEAP_REDZONE + CLASS_GRAIN - 1) / CLASS_GRAIN;
	struct class *class;
	void *object;

	if (unlikely(size > LARGEST_CLASS_SIZE - HEAP_REDZONE))
		return large_alloc(size);
	class = &classes[class_of[grains]];
	object = small_alloc(class);
	sanitize_alloc(object, size, class->size, site);
	return object;
}

void *kmalloc(size_t size)
{
	return alloc(size, CALL_SITE);
}

void *kzalloc(size_t size)
{
	void *ptr = alloc(size, CALL_SITE);

	if (ptr)
		memset(ptr, 0, size);
	return ptr;
}

static __attribute__((noreturn)) void kfree_panic(const struct page *page,
						  uintptr_t addr)
{
	if (!page)
		panic("kfree: 0x%lx is not an address of the heap", addr);
	if (page_is_free(page))
		panic("kfree: 0x%lx is already free", addr);
	if (page->state == PAGE_TAIL)
		panic("kfree: 0x%lx is inside a block of pages, not at its "
		      "start",
		      addr);
	panic("kfree: 0x%lx is in a page that is not the heap's", addr);
}

/* The page that it would be in; NULL when there is none. */
static inline struct page *page_of(uintptr_t addr)
{
	/* Addresses below the direct map wrap to physical ones far above. */
	return likely(addr < STACK_AREA) ? page_of_phys(addr - DIRECT_MAP)
					 : NULL;
}

/* The sanitizer has another object freed in place of this one. */
static void small_exchange(struct page *page, void *object, uintptr_t site)
{
	object = sanitize_free(object, classes[page->slab.class].size, site);
	if (object)
		small_free(page_of((uintptr_t)object), object);
}

void kfree(void *ptr)
{
	uintptr_t addr = (uintptr_t)ptr;
	struct page *page;

	if (!ptr)
		return;
	page = page_of(addr);
	if (SANITIZING && page && page->state == PAGE_SLAB)
		small_exchange(page, ptr, CALL_SITE);
	else if (likely(page && page->state == PAGE_SLAB))
		small_free(page, ptr);
	else if (likely(page && page->state == PAGE_LARGE))
		large_free(page, ptr);
	else
		kfree_panic(page, addr);
}

size_t heap_object_count(void)
{
	size_t count = __atomic_load_n(&large_objects, __ATOMIC_RELAXED);

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		count += __atomic_load_n(&classes[i].objects, __ATOMIC_RELAXED);
	return count - sanitize_kept_objects();
}

bool heap_slot_find(uintptr_t addr, struct heap_slot *slot)
{
	const struct page *page = page_of(addr);

	if (!page || page->state != PAGE_SLAB)
		return false;
	slot->size = classes[page->slab.class].size;
	slot->start = addr - addr % PAGE_SIZE % slot->size;
	return true;
}

void heap_trim(void)
{
	void *object;

	while ((object = sanitize_release()) != NULL)
		small_free(page_of((uintptr_t)object), object);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		struct class *class = &classes[i];

		core_lock(&class->lock);
		if (class->empty > 0)
			slab_destroy(class, list_entry(class->partial.prev,
						       struct page, link));
		core_unlock(&class->lock);
	}
}

size_t heap_kept_pages(void)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		count += __atomic_load_n(&classes[i].empty, __ATOMIC_RELAXED);
	return count;
}

void heap_print(void)
{
	printk("  size  objects   slabs  unused\n");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		struct class *class = &classes[i];

		core_lock(&class->lock);
		size_t objects = class->objects, slabs = class->slabs;
		core_unlock(&class->lock);
		size_t room = slabs * (PAGE_SIZE / class->size);

		printk("%6u %8zu %7zu %6zu%%\n", class->size, objects, slabs,
		       room ? (room - objects) * 100 / room : 0);
	}
	printk(" pages %8zu\n",
	       __atomic_load_n(&large_objects, __ATOMIC_RELAXED));
}
