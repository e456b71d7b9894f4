/*
 * test_sanitize.c - mistakes that only a kernel built with SANITIZE=1 sees: of
 * each of these, sanitize.c makes a panic that tells what and where.  Without
 * the sanitizer there are none of these tests.  What the log must say is in
 * tools/checks/sanitizer.py.
 */
#include "heap.h"
#include "ktest.h"
#include "page.h"
#include "sanitize.h"
#include "string.h"
#include "types.h"

#ifdef SANITIZE

/* The compiler shall not know what these are. */
static volatile size_t beyond = 20;
static volatile int large = INT32_MAX;

static volatile char *object_make(size_t size)
{
	return kmalloc(size);
}

static void test_read_beyond(struct ktest *t)
{
	volatile char *object = object_make(20);

	EXPECT_EQ(t, object[beyond], 0);
}
KTEST(sanitize, read_beyond, .manual = true);

static void test_write_far_beyond(struct ktest *t)
{
	volatile char *object = object_make(3000);

	object[3000] = 1;
}
KTEST(sanitize, write_far_beyond, .manual = true);

static void test_copy_beyond(struct ktest *t)
{
	char *object = (char *)object_make(20);
	char from[21] = "";

	memcpy(object, from, beyond + 1);
}
KTEST(sanitize, copy_beyond, .manual = true);

static void test_read_freed(struct ktest *t)
{
	volatile char *object = object_make(20);

	kfree((void *)object);
	EXPECT_EQ(t, object[3], 0);
}
KTEST(sanitize, read_freed, .manual = true);

/* Many objects later it is still known. */
static void test_free_twice_later(struct ktest *t)
{
	void *object = kmalloc(20);

	kfree(object);
	for (int i = 0; i < 500; i++)
		kfree(kmalloc(20));
	kfree(object);
}
KTEST(sanitize, free_twice_later, .manual = true);

static void test_page_freed(struct ktest *t)
{
	struct page *page = page_alloc(0);
	volatile char *memory = page_virt(page);

	page_put(page);
	EXPECT_EQ(t, memory[100], 0);
}
KTEST(sanitize, page_freed, .manual = true);

static void test_overflow(struct ktest *t)
{
	volatile int sum = large + 1;

	EXPECT(t, sum < 0);
}
KTEST(sanitize, overflow, .manual = true);

static void test_shift(struct ktest *t)
{
	EXPECT(t, 1 << (beyond + 20));
}
KTEST(sanitize, shift, .manual = true);

static void test_index(struct ktest *t)
{
	static int numbers[4];

	EXPECT_EQ(t, numbers[beyond], 0);
}
KTEST(sanitize, index, .manual = true);

#endif
