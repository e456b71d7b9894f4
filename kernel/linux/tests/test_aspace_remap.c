/*
 * test_aspace_remap.c - tests of what mremap(2) promises.
 */
#include "test_user.h"

#include "errno.h"
#include "page.h"
#include "test_mm.h"

#define BASE (256 * MIB)

static void test_remap(struct ktest *t)
{
	struct aspace *as = aspace_create();
	uint64_t word = 0;
	long to;

	ASSERT(t, as);
	EXPECT_EQ(t, user_map(as, BASE, 2, PROT_RW), BASE);
	EXPECT_EQ(t, user_write(as, BASE + PAGE_SIZE, 7), 0);

	/* In place, while nothing is in the way. */
	EXPECT_EQ(t, aspace_remap(as, BASE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 0, 0),
		  BASE);
	EXPECT_EQ(t, user_write(as, BASE + 3 * PAGE_SIZE, 8), 0);
	EXPECT_EQ(t, user_map(as, BASE + 4 * PAGE_SIZE, 1, PROT_READ),
		  BASE + 4 * PAGE_SIZE);
	EXPECT_EQ(t, aspace_remap(as, BASE, 4 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0),
		  -ENOMEM);

	/* Then it moves, with its pages, also from the middle. */
	to = aspace_remap(as, BASE + PAGE_SIZE, 3 * PAGE_SIZE, 600 * PAGE_SIZE,
			  MREMAP_MAYMOVE, 0);
	EXPECT(t, to > 0);
	EXPECT_EQ(t, user_read(as, to, &word), 0);
	EXPECT_EQ(t, word, 7);
	EXPECT_EQ(t, user_read(as, to + 2 * PAGE_SIZE, &word), 0);
	EXPECT_EQ(t, word, 8);
	EXPECT_EQ(t, user_read(as, BASE + PAGE_SIZE, &word), -EFAULT);
	EXPECT_EQ(t, user_read(as, BASE, &word), 0);
	user_check(t, as);

	/* Shorter. */
	EXPECT_EQ(t, aspace_remap(as, to, 600 * PAGE_SIZE, PAGE_SIZE, 0, 0),
		  to);
	EXPECT_EQ(t, user_read(as, to + PAGE_SIZE, &word), -EFAULT);
	user_check(t, as);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, remap);

static void test_remap_refused(struct ktest *t)
{
	struct aspace *as = aspace_create();

	ASSERT(t, as);
	EXPECT_EQ(t, user_map(as, BASE, 1, PROT_RW), BASE);
	EXPECT_EQ(t, aspace_remap(as, BASE, 0, 1, 0, 0), -EINVAL);
	EXPECT_EQ(t, aspace_remap(as, BASE, 1, 0, 0, 0), -EINVAL);
	EXPECT_EQ(t, aspace_remap(as, BASE, 1, 1, MREMAP_FIXED, 2 * BASE),
		  -EINVAL);
	EXPECT_EQ(t, aspace_remap(as, BASE, 2 * PAGE_SIZE, 1, 0, 0), -EFAULT);
	EXPECT_EQ(t, user_area_count(as), 1);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, remap_refused);
