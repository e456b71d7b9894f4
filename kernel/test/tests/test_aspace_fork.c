/*
 * test_aspace_fork.c - tests of address spaces: copy on write, and what happens
 * when memory runs out in the middle of a fork or a fault.
 */
#include "errno.h"
#include "page.h"
#include "test_mm.h"
#include "test_user.h"
#include "x86.h"

#define WINDOW (64 * MIB)

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
