/*
 * test_aspace.c - a random test of address spaces, against a model.
 *
 * The test keeps a model of some address spaces, all descended from one by
 * forks: for each page whether it is mapped, with which rights, and the word
 * that is in it.  A page that is shared too long, copied too late or lost
 * shows in the words; the rest in user_check(), after each step.
 */
#include "errno.h"
#include "heap.h"
#include "test_mm.h"
#include "test_user.h"

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
