/*
 * test_aspace.c - tests of address spaces: pages, copy on write, fork, the end.
 *
 * No program runs here.  A test does what the CPU and the page fault handler
 * would do for one: it calls aspace_fault(), and then goes to the page through
 * its entry and the direct map.
 *
 * The random test keeps a model of some address spaces, all descended from one
 * by forks: for each page whether it is mapped, with which rights, and the word
 * that is in it.  A page that is shared too long, copied too late or lost
 * shows in the words; the rest in user_check(), after each step.
 */
#include "test_user.h"

#include "cpu.h"
#include "errno.h"
#include "heap.h"
#include "page.h"
#include "string.h"
#include "test_mm.h"
#include "thread.h"
#include "trap.h"
#include "vm.h"

/* ---- helpers for all tests of address spaces ---- */

uint64_t user_entry(const struct aspace *as, uintptr_t addr)
{
	struct vm_walk_step steps[4];
	unsigned int count = vm_walk(as->root, addr, steps);

	return count == 4 ? steps[3].entry : 0;
}

static uint64_t *user_word(const struct aspace *as, uintptr_t addr)
{
	paddr_t page = user_entry(as, addr) & PTE_ADDRESS;

	return phys_to_virt(page + addr % PAGE_SIZE);
}

int user_read(struct aspace *as, uintptr_t addr, uint64_t *value)
{
	int error = aspace_fault(as, addr, FAULT_USER);

	if (!error)
		*value = *user_word(as, addr);
	return error;
}

int user_write(struct aspace *as, uintptr_t addr, uint64_t value)
{
	int error = aspace_fault(as, addr, FAULT_USER | FAULT_WRITE);

	if (!error)
		*user_word(as, addr) = value;
	return error;
}

long user_map(struct aspace *as, uintptr_t addr, size_t pages,
	      unsigned int prot)
{
	return aspace_map(as, addr, pages * PAGE_SIZE, prot,
			  ANONYMOUS | MAP_FIXED, NULL, 0);
}

size_t user_area_count(const struct aspace *as)
{
	const struct area *area;
	size_t count = 0;

	list_for_each (area, &as->areas, link)
		count++;
	return count;
}

static void check_page(struct ktest *t, const struct area *area, uint64_t entry)
{
	const struct page *page = page_of_phys(entry & PTE_ADDRESS);

	EXPECT(t, page && page->state == PAGE_USED && page->refs > 0);
	EXPECT(t, entry & PTE_USER);
	EXPECT_EQ(t, !!(entry & PTE_PRESENT), area->prot != PROT_NONE);
	EXPECT_EQ(t, !(entry & PTE_NX), !!(area->prot & PROT_EXEC));
	if (entry & PTE_WRITE) {
		EXPECT(t, area->prot & PROT_WRITE);
		EXPECT_EQ(t, page->refs, 1);
	}
}

/* How many pages the area has. */
static size_t check_area(struct ktest *t, struct aspace *as,
			 const struct area *area)
{
	size_t resident = 0;

	for (uintptr_t at = area->start; at < area->end; at += PAGE_SIZE) {
		uint64_t entry = user_entry(as, at);

		if (!entry)
			continue;
		check_page(t, area, entry);
		resident++;
	}
	return resident;
}

static bool can_join(const struct area *low, const struct area *high)
{
	return low->end == high->start && low->prot == high->prot &&
	       low->flags == high->flags && low->file == high->file &&
	       (!low->file ||
		high->offset - low->offset == high->start - low->start);
}

void user_check(struct ktest *t, struct aspace *as)
{
	const struct area *area, *last = NULL;
	size_t resident = 0, mapped = 0, count = 0;

	core_mutex_lock(&as->lock);
	list_for_each (area, &as->areas, link) {
		EXPECT(t, area->start < area->end && area->end <= USER_MAX);
		EXPECT(t, !last || last->end <= area->start);
		EXPECT(t, !last || !can_join(last, area));
		resident += check_area(t, as, area);
		mapped += (area->end - area->start) / PAGE_SIZE;
		count++;
		last = area;
	}
	EXPECT_EQ(t, as->resident_pages, resident);
	EXPECT_EQ(t, as->mapped_pages, mapped);
	EXPECT_EQ(t, as->area_count, count);
	EXPECT(t, as->max_resident >= resident);
	core_mutex_unlock(&as->lock);
}

/* ---- the model ---- */

/* The window lies across the border of two page tables. */
#define PAGES 24
#define WINDOW (64 * MIB - PAGES / 2 * PAGE_SIZE)
#define SPACES 4
#define STEPS 150

struct model_page {
	bool mapped;
	unsigned int prot;
	uint64_t word;
};

struct model {
	struct aspace *as; /* NULL: not alive */
	struct model_page pages[PAGES];
};

static const unsigned int all_prots[] = {
	PROT_NONE,
	PROT_READ,
	PROT_READ | PROT_WRITE,
	PROT_READ | PROT_EXEC,
	PROT_READ | PROT_WRITE | PROT_EXEC,
};

static uintptr_t page_addr(size_t i)
{
	return WINDOW + i * PAGE_SIZE;
}

static void model_map(struct ktest *t, struct model *m, size_t from,
		      size_t count, unsigned int prot)
{
	EXPECT_EQ(t, user_map(m->as, page_addr(from), count, prot),
		  page_addr(from));
	for (size_t i = from; i < from + count; i++)
		m->pages[i] = (struct model_page){true, prot, 0};
}

static void model_unmap(struct ktest *t, struct model *m, size_t from,
			size_t count)
{
	EXPECT_EQ(t, aspace_unmap(m->as, page_addr(from), count * PAGE_SIZE),
		  0);
	for (size_t i = from; i < from + count; i++)
		m->pages[i].mapped = false;
}

static bool model_is_mapped(const struct model *m, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++)
		if (!m->pages[i].mapped)
			return false;
	return true;
}

static void model_protect(struct ktest *t, struct model *m, size_t from,
			  size_t count, unsigned int prot)
{
	bool mapped = model_is_mapped(m, from, count);

	EXPECT_EQ(
		t,
		aspace_protect(m->as, page_addr(from), count * PAGE_SIZE, prot),
		mapped ? 0 : -ENOMEM);
	for (size_t i = from; mapped && i < from + count; i++)
		m->pages[i].prot = prot;
}

static void model_discard(struct ktest *t, struct model *m, size_t from,
			  size_t count)
{
	bool mapped = model_is_mapped(m, from, count);

	EXPECT_EQ(t, aspace_discard(m->as, page_addr(from), count * PAGE_SIZE),
		  mapped ? 0 : -ENOMEM);
	for (size_t i = from; i < from + count; i++)
		m->pages[i].word = 0;
}

static void model_write(struct ktest *t, struct model *m, size_t i,
			uint64_t word)
{
	struct model_page *page = &m->pages[i];
	bool allowed = page->mapped && (page->prot & PROT_WRITE);

	EXPECT_EQ(t, user_write(m->as, page_addr(i) + 8, word),
		  allowed ? 0 : -EFAULT);
	if (allowed)
		page->word = word;
}

static void model_read(struct ktest *t, struct model *m, size_t i)
{
	struct model_page *page = &m->pages[i];
	bool allowed = page->mapped && page->prot != PROT_NONE;
	uint64_t word = 0;

	EXPECT_EQ(t, user_read(m->as, page_addr(i) + 8, &word),
		  allowed ? 0 : -EFAULT);
	if (allowed)
		EXPECT_EQ(t, word, page->word);
}

/* Moves a range of the window into another, which it does not overlap. */
static void model_move(struct ktest *t, struct model *m, size_t from,
		       size_t count, size_t to)
{
	struct model_page *old = &m->pages[from], *new = &m->pages[to];
	unsigned int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	for (size_t i = 1; i < count; i++)
		if (old[i].prot != old[0].prot)
			return; /* more than one area */
	if (!model_is_mapped(m, from, count) ||
	    (to < from + count && from < to + count))
		return;
	EXPECT_EQ(t,
		  aspace_remap(m->as, page_addr(from), count * PAGE_SIZE,
			       count * PAGE_SIZE, flags, page_addr(to)),
		  page_addr(to));
	for (size_t i = 0; i < count; i++) {
		new[i] = old[i];
		old[i].mapped = false;
	}
}

/* Forks into another slot, whose address space ends first. */
static void model_fork(struct ktest *t, struct model *from, struct model *to)
{
	if (from == to)
		return;
	if (to->as)
		aspace_put(to->as);
	*to = *from;
	to->as = aspace_fork(from->as);
	EXPECT(t, to->as != NULL);
	if (to->as)
		user_check(t, to->as);
}

static void model_step(struct ktest *t, struct model *models, struct model *m,
		       struct random *r)
{
	size_t from = random_below(r, PAGES);
	size_t count = 1 + random_below(r, PAGES - from);
	unsigned int prot = all_prots[random_below(r, ARRAY_SIZE(all_prots))];

	switch (random_below(r, 12)) {
	case 0:
		model_map(t, m, from, count, prot);
		break;
	case 1:
		model_unmap(t, m, from, count);
		break;
	case 2:
	case 3:
		model_protect(t, m, from, count, prot);
		break;
	case 4:
		model_fork(t, m, &models[random_below(r, SPACES)]);
		break;
	case 5:
		model_discard(t, m, from, count);
		break;
	case 6:
		model_move(t, m, from, count,
			   random_below(r, PAGES - count + 1));
		break;
	case 7:
	case 8:
	case 9:
		model_write(t, m, from, 1 + random_below(r, 1 << 20));
		break;
	default:
		model_read(t, m, from);
	}
}

static void test_random(struct ktest *t)
{
	struct random r = random_seeded(t->seed);
	struct model *models = kzalloc(SPACES * sizeof(*models));

	ASSERT(t, models);
	models[0].as = aspace_create();
	for (int step = 0; models[0].as && step < STEPS; step++) {
		struct model *m = &models[random_below(&r, SPACES)];

		if (!m->as)
			m = &models[0];
		if (!m->as)
			break;
		model_step(t, models, m, &r);
		user_check(t, m->as);
	}
	for (size_t s = 0; s < SPACES; s++) {
		for (size_t i = 0; models[s].as && i < PAGES; i++)
			model_read(t, &models[s], i);
		if (models[s].as)
			aspace_put(models[s].as);
	}
	kfree(models);
	aspace_trim();
}
KTEST(aspace, random, .seeds = 40);

/* ---- copy on write ---- */

static void test_copy_on_write(struct ktest *t)
{
	struct aspace *parent = aspace_create(), *child;
	uint64_t word = 0;

	ASSERT(t, parent);
	EXPECT_EQ(t, user_map(parent, WINDOW, 1, PROT_RW), WINDOW);
	EXPECT_EQ(t, user_write(parent, WINDOW, 1), 0);
	child = aspace_fork(parent);
	ASSERT(t, child);

	/* One page, read-only on both sides. */
	uint64_t before = user_entry(parent, WINDOW);
	EXPECT_EQ(t, before, user_entry(child, WINDOW));
	EXPECT(t, !(before & PTE_WRITE));

	/* The first to write gets a copy, the last one takes it over. */
	EXPECT_EQ(t, user_write(child, WINDOW, 2), 0);
	EXPECT(t, (user_entry(child, WINDOW) ^ before) & PTE_ADDRESS);
	EXPECT_EQ(t, user_read(parent, WINDOW, &word), 0);
	EXPECT_EQ(t, word, 1);
	EXPECT_EQ(t, user_write(parent, WINDOW, 3), 0);
	EXPECT_EQ(t, user_entry(parent, WINDOW) & PTE_ADDRESS,
		  before & PTE_ADDRESS);
	EXPECT_EQ(t, user_read(child, WINDOW, &word), 0);
	EXPECT_EQ(t, word, 2);
	aspace_put(parent);
	aspace_put(child);
	aspace_trim();
}
KTEST(aspace, copy_on_write);

/* When the child has gone, the parent writes without a copy. */
static void test_take_over(struct ktest *t)
{
	struct aspace *parent = aspace_create(), *child;

	ASSERT(t, parent);
	user_map(parent, WINDOW, 8, PROT_RW);
	for (size_t i = 0; i < 8; i++)
		EXPECT_EQ(t, user_write(parent, WINDOW + i * PAGE_SIZE, i), 0);
	child = aspace_fork(parent);
	ASSERT(t, child);
	aspace_put(child);

	size_t free = page_free_count();
	for (size_t i = 0; i < 8; i++)
		EXPECT_EQ(t, user_write(parent, WINDOW + i * PAGE_SIZE, i), 0);
	EXPECT_EQ(t, page_free_count(), free);
	user_check(t, parent);
	aspace_put(parent);
	aspace_trim();
}
KTEST(aspace, take_over);

/* ---- no memory ---- */

/* Takes all memory but some pages. */
static void memory_leave(struct list_head *blocks, size_t left)
{
	struct list_head pages = LIST_INIT(pages);

	while (left-- > 0) {
		struct page *page = page_alloc(0);

		if (page)
			list_push_back(&pages, &page->link);
	}
	memory_take_all(blocks);
	memory_give_back(&pages);
}

/* However many pages are left, a fork succeeds whole or changes nothing. */
static void test_fork_exhaustion(struct ktest *t)
{
	struct aspace *parent = aspace_create();
	unsigned int failed = 0, succeeded = 0;

	ASSERT(t, parent);
	for (size_t i = 0; i < 20; i++) {
		user_map(parent, WINDOW + i * GIB, 2, PROT_RW);
		EXPECT_EQ(t, user_write(parent, WINDOW + i * GIB, i), 0);
	}
	for (size_t left = 0; !succeeded && left < 200; left++) {
		struct list_head blocks = LIST_INIT(blocks);
		struct aspace *child;
		size_t used;

		aspace_trim();
		used = memory_used();
		memory_leave(&blocks, left);
		child = aspace_fork(parent);
		if (child)
			aspace_put(child);
		succeeded += child != NULL;
		failed += child == NULL;
		memory_give_back(&blocks);
		aspace_trim();
		EXPECT_EQ(t, memory_used(), used);
	}
	EXPECT(t, failed > 10);
	EXPECT_EQ(t, succeeded, 1);
	for (size_t i = 0; i < 20; i++)
		EXPECT_EQ(t, user_write(parent, WINDOW + i * GIB, i), 0);
	user_check(t, parent);
	aspace_put(parent);
	aspace_trim();
}
KTEST(aspace, fork_exhaustion);

static void test_fault_exhaustion(struct ktest *t)
{
	struct list_head blocks = LIST_INIT(blocks);
	struct aspace *as = aspace_create();
	int error;

	ASSERT(t, as);
	user_map(as, WINDOW, 2, PROT_RW);
	EXPECT_EQ(t, user_write(as, WINDOW, 1), 0);
	memory_take_all(&blocks);
	error = user_write(as, WINDOW + PAGE_SIZE, 1);
	EXPECT(t, aspace_create() == NULL);
	memory_give_back(&blocks);
	EXPECT_EQ(t, error, -ENOMEM);
	EXPECT_EQ(t, user_write(as, WINDOW + PAGE_SIZE, 1), 0);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, fault_exhaustion);

/* ---- several CPUs ---- */

struct lazy {
	struct ktest *t;
	struct aspace *as;
	struct gate go, done;
	uint64_t cr3;
};

static void lazy_run(void *arg)
{
	struct lazy *lazy = arg;

	intr_push();
	aspace_activate(lazy->as);
	intr_pop();
	gate_open(&lazy->done);
	gate_wait(lazy->t, &lazy->go);
	lazy->cr3 = read_cr3();
}

/* A CPU that has an address space loaded for nobody leaves it in time. */
static void test_leave(struct ktest *t)
{
	struct lazy lazy = {.t = t, .as = aspace_create()};
	struct thread *thread;

	ASSERT(t, lazy.as);
	ASSERT(t, thread_spawn_on(cpu_count - 1, &thread, "lazy", lazy_run,
				  &lazy) == 0);
	EXPECT(t, gate_wait(t, &lazy.done));
	EXPECT_EQ(t, lazy.as->cpus, 1u << (cpu_count - 1));
	aspace_put(lazy.as);
	gate_open(&lazy.go);
	thread_join(thread);
	EXPECT_EQ(t, lazy.cr3, vm_root);
	aspace_trim();
}
KTEST(aspace, leave, .min_cpus = 2, .seeds = 5);

#define WORKERS 3
#define WORKER_PAGES 6

struct worker {
	struct ktest *t;
	struct thread *thread;
	struct aspace *as;
	unsigned int number;
};

/* Maps, writes, forks, reads and unmaps in a place of its own, while the others
 * do the same in the same address space. */
static void worker_run(void *arg)
{
	struct worker *w = arg;
	uintptr_t at = WINDOW + w->number * 16 * PAGE_SIZE;
	uint64_t word = 0;

	for (unsigned int round = 0; round < 4; round++) {
		user_map(w->as, at, WORKER_PAGES, PROT_RW);
		for (size_t i = 0; i < WORKER_PAGES; i++)
			EXPECT_EQ(w->t,
				  user_write(w->as, at + i * PAGE_SIZE,
					     w->number),
				  0);
		struct aspace *child = aspace_fork(w->as);
		EXPECT_EQ(w->t, user_write(w->as, at, 99), 0);
		if (child) {
			EXPECT_EQ(w->t, user_read(child, at, &word), 0);
			EXPECT_EQ(w->t, word, w->number);
			aspace_put(child);
		}
		EXPECT_EQ(w->t, user_read(w->as, at, &word), 0);
		EXPECT_EQ(w->t, word, 99);
		aspace_unmap(w->as, at, WORKER_PAGES * PAGE_SIZE);
	}
	aspace_put(w->as);
}

static void test_threads(struct ktest *t)
{
	struct worker workers[WORKERS];
	struct aspace *as = aspace_create();

	ASSERT(t, as);
	for (unsigned int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.t = t, .as = as, .number = i};
		aspace_get(as);
		ASSERT(t, thread_spawn(&workers[i].thread, "worker", worker_run,
				       &workers[i]) == 0);
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		thread_join(workers[i].thread);
	user_check(t, as);
	EXPECT_EQ(t, as->resident_pages, 0);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, threads, .seeds = 20);
