/*
 * test_aspace_map.c - tests of what mmap(2) and its family promise: where
 * mappings go, what they refuse, files, the heap, stacks.
 */
#include "test_user.h"

#include "errno.h"
#include "file.h"
#include "heap.h"
#include "page.h"
#include "test_mm.h"
#include "trap.h"

#define BASE (256 * MIB)

static long map_anywhere(struct aspace *as, size_t pages)
{
	return aspace_map(as, 0, pages * PAGE_SIZE, PROT_RW, ANONYMOUS, NULL,
			  0);
}

/* From the top downwards, side by side: one area.  A hole is used again. */
static void test_placement(struct ktest *t)
{
	struct aspace *as = aspace_create();
	uintptr_t top = MMAP_TOP;

	ASSERT(t, as);
	EXPECT_EQ(t, map_anywhere(as, 4), top - 4 * PAGE_SIZE);
	EXPECT_EQ(t, map_anywhere(as, 2), top - 6 * PAGE_SIZE);
	EXPECT_EQ(t, user_area_count(as), 1);
	EXPECT_EQ(t, aspace_unmap(as, top - 4 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	EXPECT_EQ(t, user_area_count(as), 2);
	EXPECT_EQ(t, map_anywhere(as, 3), top - 9 * PAGE_SIZE);
	EXPECT_EQ(t, aspace_unmap(as, top - 9 * PAGE_SIZE, 1), 0);
	EXPECT_EQ(t, map_anywhere(as, 1), top - 9 * PAGE_SIZE);

	/* A hint is taken when there is room, rounded up. */
	EXPECT_EQ(t, aspace_map(as, BASE + 1, 1, PROT_READ, ANONYMOUS, NULL, 0),
		  BASE + PAGE_SIZE);
	EXPECT(t, aspace_map(as, BASE + PAGE_SIZE, 1, PROT_READ, ANONYMOUS,
			     NULL, 0) != BASE + PAGE_SIZE);
	user_check(t, as);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, placement);

/* Mapping and unmapping in turn stays in one place, and in few tables. */
static void test_stays(struct ktest *t)
{
	struct aspace *as = aspace_create();
	long first;
	size_t used;

	ASSERT(t, as);
	first = map_anywhere(as, 40);
	EXPECT_EQ(t, user_write(as, first, 1), 0);
	EXPECT_EQ(t, aspace_unmap(as, first, 40 * PAGE_SIZE), 0);
	heap_trim();
	used = page_free_count();
	for (int i = 0; i < 1000; i++) {
		EXPECT_EQ(t, map_anywhere(as, 40), first);
		EXPECT_EQ(t, user_write(as, first, 1), 0);
		EXPECT_EQ(t, aspace_unmap(as, first, 40 * PAGE_SIZE), 0);
	}
	heap_trim();
	EXPECT_EQ(t, page_free_count(), used);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, stays);

/* All of the room, and the last gap in it. */
static void test_full(struct ktest *t)
{
	struct aspace *as = aspace_create();
	uintptr_t hole = BASE + 5 * PAGE_SIZE;

	ASSERT(t, as);
	EXPECT_EQ(t,
		  aspace_map(as, USER_MIN, MMAP_TOP - USER_MIN, PROT_NONE,
			     ANONYMOUS | MAP_FIXED, NULL, 0),
		  USER_MIN);
	EXPECT_EQ(t, map_anywhere(as, 1), -ENOMEM);
	EXPECT_EQ(t, aspace_unmap(as, hole, PAGE_SIZE), 0);
	EXPECT_EQ(t, map_anywhere(as, 2), -ENOMEM);
	EXPECT_EQ(t, map_anywhere(as, 1), hole);
	EXPECT_EQ(t, map_anywhere(as, 1), -ENOMEM);
	EXPECT_EQ(t, aspace_unmap(as, USER_MIN, PAGE_SIZE), 0);
	EXPECT_EQ(t, map_anywhere(as, 1), USER_MIN);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, full);

/* Source of the errors: mmap(2), munmap(2), mprotect(2), mremap(2). */
static void test_refused(struct ktest *t)
{
	struct aspace *as = aspace_create();
	const unsigned int fixed = ANONYMOUS | MAP_FIXED;
	const unsigned int no_replace = ANONYMOUS | MAP_FIXED_NOREPLACE;

	ASSERT(t, as);
#define MAP(addr, len, prot, flags) \
	aspace_map(as, addr, len, prot, flags, NULL, 0)
	EXPECT_EQ(t, MAP(0, 0, PROT_RW, ANONYMOUS), -EINVAL);
	EXPECT_EQ(t, MAP(0, PAGE_SIZE, PROT_RW, MAP_ANONYMOUS), -EINVAL);
	EXPECT_EQ(t, MAP(0, UINT64_MAX, PROT_RW, ANONYMOUS), -ENOMEM);
	EXPECT_EQ(t, MAP(0, USER_TOP, PROT_READ, ANONYMOUS), -ENOMEM);
	EXPECT_EQ(t, MAP(0, 16 * GIB, PROT_RW, ANONYMOUS), -ENOMEM);
	EXPECT_EQ(t, MAP(BASE + 1, 1, PROT_RW, fixed), -EINVAL);
	EXPECT_EQ(t, MAP(0, PAGE_SIZE, PROT_RW, fixed), -EPERM);
	EXPECT_EQ(t, MAP(USER_MAX, 1, PROT_RW, fixed), -ENOMEM);
	EXPECT_EQ(t, MAP(-(uintptr_t)PAGE_SIZE, PAGE_SIZE, PROT_RW, fixed),
		  -ENOMEM);
	EXPECT_EQ(t, MAP(BASE, 1, PROT_RW, no_replace), BASE);
	EXPECT_EQ(t, MAP(BASE, 1, PROT_RW, no_replace), -EEXIST);
#undef MAP
	EXPECT_EQ(t, aspace_unmap(as, BASE + 1, 1), -EINVAL);
	EXPECT_EQ(t, aspace_unmap(as, BASE, 0), -EINVAL);
	EXPECT_EQ(t, aspace_unmap(as, BASE, USER_TOP), -EINVAL);
	EXPECT_EQ(t, aspace_unmap(as, 2 * BASE, PAGE_SIZE), 0);
	EXPECT_EQ(t, aspace_protect(as, BASE + 1, 1, PROT_READ), -EINVAL);
	EXPECT_EQ(t, aspace_protect(as, BASE, 0, PROT_READ), 0);
	EXPECT_EQ(t, aspace_protect(as, BASE, PAGE_SIZE, 64), -EINVAL);
	EXPECT_EQ(t, aspace_protect(as, BASE, PAGE_SIZE + 1, PROT_READ),
		  -ENOMEM);
	EXPECT_EQ(t, user_area_count(as), 1);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, refused);

/* ---- the heap and the stack ---- */

static void test_brk(struct ktest *t)
{
	struct aspace *as = aspace_create();

	ASSERT(t, as);
	as->brk_start = as->brk = BASE + 100;
	EXPECT_EQ(t, aspace_brk(as, 0), BASE + 100);
	EXPECT_EQ(t, aspace_brk(as, BASE + 200), BASE + 200);
	EXPECT_EQ(t, aspace_brk(as, BASE + 3 * PAGE_SIZE),
		  BASE + 3 * PAGE_SIZE);
	EXPECT_EQ(t, user_write(as, BASE + 3 * PAGE_SIZE - 8, 1), 0);
	EXPECT_EQ(t, user_write(as, BASE + 3 * PAGE_SIZE, 1), -EFAULT);

	/* What is in the way stays. */
	EXPECT_EQ(t, user_map(as, BASE + 8 * PAGE_SIZE, 1, PROT_READ),
		  BASE + 8 * PAGE_SIZE);
	EXPECT_EQ(t, aspace_brk(as, BASE + 8 * PAGE_SIZE + 1),
		  BASE + 3 * PAGE_SIZE);
	EXPECT_EQ(t, aspace_brk(as, BASE + 8 * PAGE_SIZE),
		  BASE + 8 * PAGE_SIZE);
	EXPECT_EQ(t, aspace_brk(as, BASE + 100), BASE + 100);
	EXPECT_EQ(t, user_write(as, BASE + PAGE_SIZE, 1), -EFAULT);
	EXPECT_EQ(t, aspace_brk(as, UINT64_MAX), BASE + 100);
	user_check(t, as);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, brk);

static void test_stack(struct ktest *t)
{
	struct aspace *as = aspace_create();
	uintptr_t top = USER_MAX, below = top - USER_STACK_SIZE;

	ASSERT(t, as);
	EXPECT_EQ(t,
		  aspace_map(as, top - 4 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_RW,
			     ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL, 0),
		  top - 4 * PAGE_SIZE);
	EXPECT_EQ(t, user_write(as, top - MIB, 1), 0);
	EXPECT_EQ(t, as->mapped_pages, MIB / PAGE_SIZE);
	EXPECT_EQ(t, user_write(as, below - 8, 1), -EFAULT);
	EXPECT_EQ(t, user_write(as, below, 1), 0);

	/* A megabyte is kept free below it. */
	EXPECT_EQ(t, aspace_unmap(as, below, MIB), 0);
	EXPECT_EQ(t, user_map(as, below, 1, PROT_RW), below);
	EXPECT_EQ(t, user_write(as, below + MIB, 1), 0);
	EXPECT_EQ(t, user_write(as, below + MIB - 8, 1), -EFAULT);
	user_check(t, as);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, stack);

/* ---- files ---- */

#define FILE_PAGES 3

static struct page *file_pages[FILE_PAGES];

static int give_page(struct file *f, uint64_t offset, struct page **out)
{
	uint64_t i = offset / PAGE_SIZE;

	if (i >= FILE_PAGES)
		return -ENXIO;
	page_get(file_pages[i]);
	*out = file_pages[i];
	return 0;
}

static const struct file_ops paged_ops = {.page = give_page};
static const struct file_ops other_ops = {.page = NULL};

static bool file_setup(void)
{
	for (uint64_t i = 0; i < FILE_PAGES; i++) {
		file_pages[i] = page_alloc_zeroed(0);
		if (!file_pages[i])
			return false;
		*(uint64_t *)page_virt(file_pages[i]) = 1000 + i;
	}
	return true;
}

static void test_file(struct ktest *t)
{
	struct file file = {.refs = 1, .ops = &paged_ops};
	struct area_backing backing = file_backing(&file);
	struct aspace *as = aspace_create();
	uint64_t word = 0;

	ASSERT(t, as && file_setup());
#define MAP(pages, prot, flags, offset) \
	aspace_map(as, BASE, (pages)*PAGE_SIZE, prot, (flags) | MAP_FIXED, \
		   &backing, offset)
	EXPECT_EQ(t, MAP(4, PROT_RW, MAP_PRIVATE, PAGE_SIZE), BASE);
	EXPECT_EQ(t, file.refs, 2);
	EXPECT_EQ(t, user_read(as, BASE, &word), 0);
	EXPECT_EQ(t, word, 1001);
	EXPECT_EQ(t, as->resident_pages, 2); /* the next one came with it */
	EXPECT_EQ(t, user_read(as, BASE + 2 * PAGE_SIZE, &word), -ENXIO);

	/* What is written is the program's own. */
	EXPECT_EQ(t, user_write(as, BASE + PAGE_SIZE, 5), 0);
	EXPECT_EQ(t, *(uint64_t *)page_virt(file_pages[2]), 1002);
	EXPECT_EQ(t, aspace_discard(as, BASE, 4 * PAGE_SIZE), 0);
	EXPECT_EQ(t, user_write(as, BASE + PAGE_SIZE + 8, 5), 0);
	EXPECT_EQ(t, user_read(as, BASE + PAGE_SIZE, &word), 0);
	EXPECT_EQ(t, word, 1002);

	/* Cut in two, and joined again. */
	EXPECT_EQ(t, aspace_protect(as, BASE, PAGE_SIZE, PROT_READ), 0);
	EXPECT_EQ(t, file.refs, 3);
	EXPECT_EQ(t, aspace_protect(as, BASE, PAGE_SIZE, PROT_RW), 0);
	EXPECT_EQ(t, file.refs, 2);
	user_check(t, as);

	EXPECT_EQ(t, MAP(1, PROT_RW, MAP_SHARED, 0), -ENODEV);
	EXPECT_EQ(t, MAP(1, PROT_READ, MAP_SHARED, 0), BASE);
	EXPECT_EQ(t, aspace_protect(as, BASE, 1, PROT_RW), -EACCES);
	EXPECT_EQ(t, MAP(1, PROT_READ, MAP_SHARED, 1), -EINVAL);
	file.ops = &other_ops;
	backing = file_backing(&file);
	EXPECT_EQ(t, MAP(1, PROT_READ, MAP_PRIVATE, 0), -ENODEV);
#undef MAP
	aspace_put(as);
	EXPECT_EQ(t, file.refs, 1);
	for (size_t i = 0; i < FILE_PAGES; i++)
		page_put(file_pages[i]);
	aspace_trim();
}
KTEST(aspace, file);
