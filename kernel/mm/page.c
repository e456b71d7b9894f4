/*
 * page.c - the physical page allocator.
 *
 * A buddy system (Knowlton 1965; Knuth, The Art of Computer Programming, vol.
 * 1, 2.5): free memory is kept in blocks of 2^order pages, each aligned to its
 * own size.  The address of a block's buddy, the other half of the block
 * they were cut from, differs in one bit.  So:
 *
 *	page_alloc	takes the smallest free block that is large enough,
 *			and while it is larger than asked for, cuts it in two
 *			and puts the upper half on its free list
 *	page_put	of the last reference: while the buddy is free too,
 *			takes it off its list and goes on with the pair
 *
 * Each page has a struct page in page_array, indexed by page frame number
 * (address / PAGE_SIZE).  Holes in the memory map have one too, in state
 * PAGE_HOLE, and never merge; the array ends on a boundary of the largest
 * block, so that a buddy's struct page always exists.
 *
 * Free lists are filled in order of address and used from the front: the low
 * memory that old devices can reach goes to the drivers, which start first.
 *
 * The lock `pages` guards the free lists, the counters, and state, order and
 * link of free pages.  A page in use belongs to whoever holds a reference.
 */
#include "page.h"

#include "boot.h"
#include "lock.h"
#include "panic.h"
#include "printk.h"
#include "sanitize.h"
#include "string.h"

#define LOW_MEMORY_END (1 * MIB)  /* firmware data, video memory, ROM */
#define MEMORY_NEEDED (24 * MIB)  /* of a machine of 32 MiB, firmware's out */
#define MEMORY_MANAGED (64 * GIB) /* the page array must fit below 1 GiB */

#define BLOCK_PAGES(order) (1ul << (order))
#define MAX_BLOCK (PAGE_SIZE << MAX_ORDER)

static struct core_lock pages_lock = CORE_LOCK_INIT("pages", RANK_PAGES);

/* Needs pages_lock. */
static struct list_head free_lists[MAX_ORDER + 1];
static size_t free_blocks[MAX_ORDER + 1];
static size_t free_pages, total_pages;

/* Fixed in page_init(). */
struct page *page_array;
static size_t page_array_count;

/* What must not be given out; fixed in page_init(). */
enum {
	RESERVED_LOW,
	RESERVED_IMAGE,
	RESERVED_MODULE,
	RESERVED_ARRAY,
	RESERVED_COUNT
};
static struct boot_range reserved[RESERVED_COUNT];
static const struct boot_info *boot_memory;

static size_t page_number(const struct page *page)
{
	return page - page_array;
}

static struct page *page_buddy(const struct page *page, unsigned int order)
{
	return &page_array[page_number(page) ^ BLOCK_PAGES(order)];
}

/* ---- free lists: all of these need pages_lock ---- */

static void block_unlink(struct page *block)
{
	list_remove(&block->link);
	free_blocks[block->order]--;
}

/* At the front: memory used lately is in the cache. */
static void block_link(struct page *block, unsigned int order)
{
	block->state = PAGE_FREE;
	block->order = order;
	list_push_front(&free_lists[order], &block->link);
	free_blocks[order]++;
}

static struct page *block_take(unsigned int order)
{
	unsigned int have = order;

	while (list_empty(&free_lists[have]))
		if (++have > MAX_ORDER)
			return NULL;

	struct page *block = list_first(&free_lists[have], struct page, link);

	block_unlink(block);
	while (have > order) {
		have--;
		block_link(block + BLOCK_PAGES(have), have);
	}
	free_pages -= BLOCK_PAGES(order);
	return block;
}

static void block_give(struct page *block, unsigned int order)
{
	free_pages += BLOCK_PAGES(order);
	for (; order < MAX_ORDER; order++) {
		struct page *buddy = page_buddy(block, order);

		if (buddy->state != PAGE_FREE || buddy->order != order)
			break;
		block_unlink(buddy);
		if (buddy < block) {
			block->state = PAGE_TAIL;
			block = buddy;
		} else {
			buddy->state = PAGE_TAIL;
		}
	}
	block_link(block, order);
}

/* ---- the interface ---- */

struct page *page_alloc(unsigned int order)
{
	if (unlikely(order > MAX_ORDER))
		return NULL;

	core_lock(&pages_lock);
	struct page *block = block_take(order);
	if (likely(block)) {
		block->state = PAGE_USED;
		block->order = order;
		block->refs = 1;
		sanitize_pages_alloc(page_virt(block), PAGE_SIZE << order);
	}
	core_unlock(&pages_lock);
	return block;
}

struct page *page_alloc_zeroed(unsigned int order)
{
	struct page *block = page_alloc(order);

	if (block)
		memset(page_virt(block), 0, PAGE_SIZE << order);
	return block;
}

/*
 * Only a reference that somebody else holds, or none, makes these panic, so
 * the state may be read without the lock: a page in use keeps it.
 */
static void page_check_used(const struct page *page, const char *who)
{
	static const char *const why[] = {
		[PAGE_HOLE] = "is no memory at all",
		[PAGE_RESERVED] = "is reserved, and nobody's to give back",
		[PAGE_FREE] = "is already free",
		[PAGE_SLAB] = "belongs to the heap",
		[PAGE_LARGE] = "belongs to the heap",
		[PAGE_TAIL] = "is inside a block, not its first page",
	};

	if (likely(page->state == PAGE_USED))
		return;
	panic("%s: page 0x%lx %s", who, page_phys(page),
	      page_is_free(page) ? why[PAGE_FREE] : why[page->state]);
}

void page_get(struct page *page)
{
	page_check_used(page, __func__);
	__atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED);
}

void page_put(struct page *page)
{
	page_check_used(page, __func__);

	/* Acquire and release: all that other holders did with the memory has
	 * happened before it is given out again. */
	uint32_t refs = __atomic_fetch_sub(&page->refs, 1, __ATOMIC_ACQ_REL);
	if (refs > 1)
		return;
	if (refs == 0)
		panic("page_put: page 0x%lx is already free", page_phys(page));

	core_lock(&pages_lock);
	sanitize_pages_free(page_virt(page), PAGE_SIZE << page->order);
	block_give(page, page->order);
	core_unlock(&pages_lock);
}

void page_reserve(struct page *page)
{
	page_check_used(page, __func__);
	core_lock(&pages_lock);
	page->state = PAGE_RESERVED;
	total_pages -= BLOCK_PAGES(page->order);
	core_unlock(&pages_lock);
}

size_t page_free_count(void)
{
	return __atomic_load_n(&free_pages, __ATOMIC_RELAXED);
}

size_t page_total_count(void)
{
	return __atomic_load_n(&total_pages, __ATOMIC_RELAXED);
}

size_t page_free_blocks(unsigned int order)
{
	if (order > MAX_ORDER)
		return 0;
	return __atomic_load_n(&free_blocks[order], __ATOMIC_RELAXED);
}

bool page_is_free(const struct page *page)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		const struct page *first = &page_array[ALIGN_DOWN(
			page_number(page), BLOCK_PAGES(order))];

		if (first->state == PAGE_FREE && first->order >= order)
			return true;
	}
	return false;
}

struct page *page_of_phys(paddr_t addr)
{
	size_t number = addr >> PAGE_SHIFT;

	if (number >= page_array_count || page_array[number].state == PAGE_HOLE)
		return NULL;
	return &page_array[number];
}

paddr_t page_limit(void)
{
	return page_array_count << PAGE_SHIFT;
}

/* ---- at boot ---- */

static bool ranges_overlap(const struct boot_range *a,
			   const struct boot_range *b)
{
	return a->start < b->end && b->start < a->end;
}

/* The reserved range that overlaps this one; NULL when it is all free. */
static const struct boot_range *reserved_in(const struct boot_range *range)
{
	for (unsigned int i = 0; i < RESERVED_COUNT; i++)
		if (ranges_overlap(&reserved[i], range))
			return &reserved[i];
	return NULL;
}

/* Hands a range without a reserved page in it to the free lists, in the
 * largest blocks that fit. */
static void range_free(const struct boot_range *range)
{
	size_t number = range->start >> PAGE_SHIFT;
	size_t end = range->end >> PAGE_SHIFT;

	for (size_t i = number; i < end; i++)
		page_array[i].state = PAGE_TAIL;
	total_pages += end - number;
	free_pages += end - number;

	while (number < end) {
		struct page *block = &page_array[number];
		unsigned int order = MAX_ORDER;

		while (number % BLOCK_PAGES(order) != 0 ||
		       number + BLOCK_PAGES(order) > end)
			order--;
		block->state = PAGE_FREE;
		block->order = order;
		list_push_back(&free_lists[order], &block->link);
		free_blocks[order]++;
		number += BLOCK_PAGES(order);
	}
}

/* The same for any range: around what is reserved. */
static void range_add(struct boot_range range)
{
	if (range.start >= range.end)
		return;

	const struct boot_range *gap = reserved_in(&range);

	if (!gap) {
		range_free(&range);
		return;
	}
	range_add((struct boot_range){range.start, gap->start});
	range_add((struct boot_range){gap->end, range.end});
}

static void memory_add(paddr_t from, paddr_t to)
{
	for (unsigned int i = 0; i < boot_memory->range_count; i++) {
		struct boot_range range = {
			MAX(boot_memory->ram[i].start, from),
			MIN(boot_memory->ram[i].end, to),
		};

		for (paddr_t at = range.start; at < range.end; at += PAGE_SIZE)
			page_array[at >> PAGE_SHIFT].state = PAGE_RESERVED;
		range_add(range);
	}
}

/* Checks that there is enough memory; the end of what will be managed. */
static paddr_t memory_measure(const struct boot_info *boot)
{
	paddr_t size = 0, end = 0;

	for (unsigned int i = 0; i < boot->range_count; i++) {
		size += boot->ram[i].end - boot->ram[i].start;
		end = MAX(end, boot->ram[i].end);
	}
	if (size < MEMORY_NEEDED)
		panic("page_init: this machine has %lu MiB of memory; "
		      "Signalbox needs 32",
		      (size + MIB - 1) / MIB);
	if (end > MEMORY_MANAGED) {
		printk("page: memory above %lu GiB is not used\n",
		       MEMORY_MANAGED / GIB);
		end = MEMORY_MANAGED;
	}
	return ALIGN_UP(end, MAX_BLOCK);
}

/* Where size bytes are free, below BOOT_MAP_SIZE. */
static struct boot_range memory_find(size_t size)
{
	for (unsigned int i = 0; i < boot_memory->range_count; i++) {
		const struct boot_range *ram = &boot_memory->ram[i];
		struct boot_range range = {ram->start, ram->start + size};

		while (range.end <= MIN(ram->end, (paddr_t)BOOT_MAP_SIZE)) {
			const struct boot_range *gap = reserved_in(&range);

			if (!gap)
				return range;
			range.start = gap->end;
			range.end = range.start + size;
		}
	}
	panic("page_init: no room below 1 GiB for a page array of %lu KiB",
	      size / KIB);
}

void page_init(const struct boot_info *boot)
{
	paddr_t end = memory_measure(boot);

	boot_memory = boot;
	reserved[RESERVED_LOW] = (struct boot_range){0, LOW_MEMORY_END};
	reserved[RESERVED_IMAGE] = (struct boot_range){
		ALIGN_DOWN(virt_to_phys(kernel_start), PAGE_SIZE),
		ALIGN_UP(virt_to_phys(kernel_end), PAGE_SIZE),
	};
	reserved[RESERVED_MODULE] = (struct boot_range){
		ALIGN_DOWN(boot->module.start, PAGE_SIZE),
		ALIGN_UP(boot->module.end, PAGE_SIZE),
	};

	size_t count = end >> PAGE_SHIFT;
	size_t size = ALIGN_UP(count * sizeof(struct page), PAGE_SIZE);
	reserved[RESERVED_ARRAY] = memory_find(size);
	page_array = phys_to_virt(reserved[RESERVED_ARRAY].start);
	page_array_count = count;
	for (size_t i = 0; i < count; i++)
		page_array[i] = (struct page){.state = PAGE_HOLE};

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		list_init(&free_lists[order]);
	memory_add(0, BOOT_MAP_SIZE);
}

void page_init_high(void)
{
	memory_add(BOOT_MAP_SIZE, page_limit());
}
