/*
 * test_page.c - tests of the page allocator.
 *
 * The random test keeps a model: which blocks it holds, and a word in each
 * page that says whose it is.  Two blocks that overlap, a block that is not
 * aligned, and a page that is lost all show.
 */
#include "aspace.h"
#include "boot.h"
#include "cpu.h"
#include "heap.h"
#include "ktest.h"
#include "page.h"
#include "string.h"
#include "test_mm.h"
#include "thread.h"
#include "vm.h"

struct random random_seeded(uint64_t seed)
{
	return (struct random){seed * 0x9e3779b97f4a7c15ul + 1};
}

size_t random_below(struct random *r, size_t below)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (r->state * 0x2545f4914f6cdd1dul >> 32) % below;
}

void memory_take_all(struct list_head *blocks)
{
	for (int order = MAX_ORDER; order >= 0; order--) {
		struct page *page;

		while ((page = page_alloc(order)))
			list_push_back(blocks, &page->link);
	}
}

void memory_give_back(struct list_head *blocks)
{
	struct list_head *node;

	while ((node = list_pop_front(blocks)))
		page_put(list_entry(node, struct page, link));
}

size_t memory_used(void)
{
	vm_stack_trim();
	aspace_trim();
	heap_trim();
	return page_total_count() - page_free_count();
}

/* ---- the model ---- */

#define SLOTS 48
#define LARGEST_ORDER 5
#define STEPS 600

struct model {
	struct page *block[SLOTS];
	unsigned int order[SLOTS];
	uint64_t name; /* differs for each thread */
};

/* The word that page i of the block in a slot must hold. */
static uint64_t model_word(const struct model *m, size_t slot, size_t i)
{
	return m->name << 32 | slot << 16 | i;
}

static uint64_t *block_word(const struct page *block, size_t i)
{
	return page_virt(block + i);
}

static void model_alloc(struct ktest *t, struct model *m, size_t slot,
			unsigned int order)
{
	struct page *block = page_alloc(order);

	m->block[slot] = block;
	m->order[slot] = order;
	if (!block)
		return;
	EXPECT_EQ(t, page_phys(block) % (PAGE_SIZE << order), 0);
	EXPECT_EQ(t, block->refs, 1);
	for (size_t i = 0; i < 1ul << order; i++)
		*block_word(block, i) = model_word(m, slot, i);
}

static void model_free(struct ktest *t, struct model *m, size_t slot)
{
	struct page *block = m->block[slot];

	for (size_t i = 0; i < 1ul << m->order[slot]; i++)
		EXPECT_EQ(t, *block_word(block, i), model_word(m, slot, i));
	page_put(block);
	m->block[slot] = NULL;
}

static void model_run(struct ktest *t, struct model *m, struct random *r)
{
	for (int step = 0; step < STEPS; step++) {
		size_t slot = random_below(r, SLOTS);

		if (m->block[slot])
			model_free(t, m, slot);
		else
			model_alloc(t, m, slot,
				    random_below(r, LARGEST_ORDER + 1));
	}
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (m->block[slot])
			model_free(t, m, slot);
}

struct free_counts {
	size_t blocks[MAX_ORDER + 1];
};

static struct free_counts free_counts(void)
{
	struct free_counts counts;

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		counts.blocks[order] = page_free_blocks(order);
	return counts;
}

/* Free blocks whose buddies are free too: they should be one. */
static size_t unmerged_blocks(void)
{
	size_t count = 0, end = page_limit() >> PAGE_SHIFT, number = 0;

	while (number < end) {
		const struct page *page = &page_array[number];
		size_t size = page->state == PAGE_FREE ? 1ul << page->order : 1;
		const struct page *buddy = &page_array[number ^ size];

		if (page->state == PAGE_FREE && page->order < MAX_ORDER &&
		    buddy->state == PAGE_FREE && buddy->order == page->order)
			count++;
		number += size;
	}
	return count;
}

/* Which blocks are free depends on which pages are, and on nothing else, when
 * every pair that can merge has merged. */
static void expect_free_counts(struct ktest *t, const struct free_counts *want)
{
	struct free_counts got = free_counts();

	EXPECT_EQ(t, unmerged_blocks(), 0);
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		EXPECT_EQ(t, got.blocks[order], want->blocks[order]);
}

static void test_page_random(struct ktest *t)
{
	struct free_counts before = free_counts();
	struct random r = random_seeded(t->seed);
	struct model m = {.name = 1};

	model_run(t, &m, &r);
	expect_free_counts(t, &before);
}
KTEST(mm, page_random);

/* ---- the same on all CPUs at once ---- */

struct page_worker {
	struct ktest *t;
	struct thread *thread;
	struct model model;
	struct random random;
};

static void page_worker_run(void *arg)
{
	struct page_worker *w = arg;

	model_run(w->t, &w->model, &w->random);
}

static void test_page_cpus(struct ktest *t)
{
	static struct page_worker workers[MAX_CPUS];
	size_t used = memory_used();
	unsigned int started = 0;

	for (; started < cpu_count; started++) {
		struct page_worker *w = &workers[started];

		w->t = t;
		w->model.name = started + 1;
		w->random = random_seeded(t->seed * MAX_CPUS + started);
		if (thread_spawn_on(started, &w->thread, "page_worker",
				    page_worker_run, w))
			break;
	}
	EXPECT_EQ(t, started, cpu_count);
	while (started-- > 0)
		thread_join(workers[started].thread);
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, page_cpus, .min_cpus = 2, .seeds = 3);

/* ---- single properties ---- */

#define SHUFFLED 1024

/* Single pages, freed in random order, become the large blocks again that
 * they were cut from. */
static void test_page_merge(struct ktest *t)
{
	static struct page *pages[SHUFFLED];
	struct free_counts before = free_counts();
	struct random r = random_seeded(t->seed);

	for (size_t i = 0; i < SHUFFLED; i++) {
		pages[i] = page_alloc(0);
		ASSERT(t, pages[i]);
	}
	for (size_t left = SHUFFLED; left > 0; left--) {
		size_t i = random_below(&r, left);

		page_put(pages[i]);
		pages[i] = pages[left - 1];
	}
	expect_free_counts(t, &before);
}
KTEST(mm, page_merge);

static void test_page_exhaustion(struct ktest *t)
{
	struct free_counts before = free_counts();
	struct list_head blocks = LIST_INIT(blocks);

	memory_take_all(&blocks);
	size_t left = page_free_count();
	struct page *page = page_alloc(0);
	struct page *zeroed = page_alloc_zeroed(3);
	memory_give_back(&blocks);

	EXPECT_EQ(t, left, 0);
	EXPECT(t, page == NULL);
	EXPECT(t, zeroed == NULL);
	EXPECT(t, page_alloc(MAX_ORDER + 1) == NULL);
	expect_free_counts(t, &before);
}
KTEST(mm, page_exhaustion);

static void test_page_references(struct ktest *t)
{
	size_t free = page_free_count();
	struct page *page = page_alloc(2);

	ASSERT(t, page);
	page_get(page);
	page_get(page);
	page_put(page);
	page_put(page);
	EXPECT_EQ(t, page_free_count(), free - 4);
	EXPECT(t, !page_is_free(page));
	page_put(page);
	EXPECT_EQ(t, page_free_count(), free);
	EXPECT(t, page_is_free(page));
	EXPECT(t, page_is_free(page + 3));
}
KTEST(mm, page_references);

static void test_page_zeroed(struct ktest *t)
{
	struct page *page = page_alloc(1);

	ASSERT(t, page);
	memset(page_virt(page), 0xa5, 2 * PAGE_SIZE);
	page_put(page);

	/* The block freed last is the first to be used again. */
	struct page *zeroed = page_alloc_zeroed(1);
	EXPECT(t, zeroed == page);
	ASSERT(t, zeroed);
	const uint64_t *words = page_virt(zeroed);
	size_t nonzero = 0;
	for (size_t i = 0; i < 2 * PAGE_SIZE / sizeof(*words); i++)
		nonzero += words[i] != 0;
	page_put(zeroed);
	EXPECT_EQ(t, nonzero, 0);
}
KTEST(mm, page_zeroed);

static void test_page_of_phys(struct ktest *t)
{
	const paddr_t apic = 0xfee00000, video = 0xb8000;
	struct page *image = page_of_phys(virt_to_phys(kernel_start));
	struct page *page = page_alloc(0);

	ASSERT(t, page);
	EXPECT(t, page_of_phys(page_phys(page)) == page);
	EXPECT(t, page_of_phys(page_phys(page) + PAGE_SIZE - 1) == page);
	EXPECT(t, virt_to_phys(page_virt(page)) == page_phys(page));
	page_put(page);
	ASSERT(t, image);
	EXPECT_EQ(t, image->state, PAGE_RESERVED);
	EXPECT_EQ(t, page_of_phys(virt_to_phys(kernel_end) - 1)->state,
		  PAGE_RESERVED);
	EXPECT(t, page_of_phys(apic) == NULL);
	EXPECT(t, page_of_phys(video) == NULL);
	EXPECT(t, page_of_phys(page_limit()) == NULL);
	EXPECT(t, page_of_phys(UINT64_MAX) == NULL);
}
KTEST(mm, page_of_phys);

/* ---- mistakes: each of these ends in a panic that names it ---- */

static void test_page_put_twice(struct ktest *t)
{
	struct page *page = page_alloc(0);

	ASSERT(t, page);
	page_put(page);
	page_put(page);
}
KTEST(mm, page_put_twice, .manual = true);

static void test_page_put_tail(struct ktest *t)
{
	struct page *page = page_alloc(1);

	ASSERT(t, page);
	page_put(page + 1);
}
KTEST(mm, page_put_tail, .manual = true);

static void test_page_put_reserved(struct ktest *t)
{
	page_put(page_of_phys(virt_to_phys(text_start)));
}
KTEST(mm, page_put_reserved, .manual = true);
