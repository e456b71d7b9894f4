/*
 * page.h - the physical page allocator (buddy system) and struct page.
 *
 * Every page of RAM has a struct page.  Blocks are 2^order pages, aligned to
 * their size.  A block comes with one reference, held on its first page;
 * page_put() of the last one frees it.
 */
#ifndef PAGE_H
#define PAGE_H

#include "layout.h"
#include "list.h"
#include "types.h"

#define MAX_ORDER 10 /* 4 MiB blocks at most */

/* Only the first page of a block says what the block is; the others are TAIL,
 * so that splitting and merging touch two pages and no more. */
enum page_state {
	PAGE_HOLE,     /* no RAM: device registers, or nothing */
	PAGE_RESERVED, /* firmware, the image, kernel page tables */
	PAGE_FREE,     /* first page of a free block */
	PAGE_USED,     /* first page of a block in use */
	PAGE_SLAB,     /* in use, cut into heap objects: heap.c */
	PAGE_LARGE,    /* first page of a large heap object */
	PAGE_TAIL,     /* inside a block, free or not */
};

/* What a slab needs to know of itself: heap.c. */
struct slab {
	uint16_t used; /* objects in use */
	uint16_t free; /* offset of the first free one */
	uint8_t class;
};

/* 32 bytes a page: 0.8 % of memory. */
struct page {
	/* FREE: its free list, needs the page lock.  Else the holder's. */
	struct list_head link;
	uint32_t refs; /* atomic */
	uint8_t state, order;
	/* The holder's. */
	union {
		struct slab slab;
		void *owner;
	};
};

struct boot_info;

/*
 * Takes over the memory in the boot loader's map: at first what lies below
 * BOOT_MAP_SIZE, and in page_init_high() the rest, which vm_init() has mapped
 * by then.  Panics in words when there is too little.
 */
void page_init(const struct boot_info *boot);
void page_init_high(void);

/* The first address above all managed memory. */
paddr_t page_limit(void);

/* 2^order pages, not zeroed; NULL when there is none.  Any context but NMI. */
struct page *page_alloc(unsigned int order);
struct page *page_alloc_zeroed(unsigned int order);

/*
 * One more reference, one less.  Any context but NMI.  Putting a block that
 * is free already, or that is not the caller's to free, panics in words.
 */
void page_get(struct page *page);
void page_put(struct page *page);

/* The caller will never give this block back: it is no longer managed. */
void page_reserve(struct page *page);

/* Pages free, and pages managed: free or in use.  The difference is what a
 * leak would change. */
size_t page_free_count(void);
size_t page_total_count(void);

/* Free blocks of an order, for the monitor. */
size_t page_free_blocks(unsigned int order);

/* Is this page inside a free block?  For messages: takes no lock. */
bool page_is_free(const struct page *page);

/* Indexed by page frame number; page_of_phys() is the checked way in. */
extern struct page *page_array;

/* NULL when the address is no RAM that has a struct page. */
struct page *page_of_phys(paddr_t addr);

static inline paddr_t page_phys(const struct page *page)
{
	return (paddr_t)(page - page_array) << PAGE_SHIFT;
}

static inline void *phys_to_virt(paddr_t addr)
{
	return (void *)(addr + DIRECT_MAP);
}

static inline void *page_virt(const struct page *page)
{
	return phys_to_virt(page_phys(page));
}

/* For addresses in the direct map or the kernel image. */
static inline paddr_t virt_to_phys(const void *addr)
{
	uintptr_t virt = (uintptr_t)addr;

	return virt >= KERNEL_BASE ? virt - KERNEL_BASE : virt - DIRECT_MAP;
}

#endif
