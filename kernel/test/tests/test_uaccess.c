/*
 * test_uaccess.c - tests of copying from and to user memory.
 *
 * The test loads an address space, with interrupts off so that it stays loaded,
 * and calls uaccess on it.  There is no program whose page fault could be
 * mended: a page that is not there is a fault that ends the copy.
 */
#include "uaccess.h"

#include "cpu.h"
#include "errno.h"
#include "string.h"
#include "test_user.h"
#include "vm.h"

/* Two pages, then nothing. */
#define START (512 * MIB)
#define END (START + 2 * PAGE_SIZE)

static struct aspace *user_enter_memory(struct ktest *t)
{
	struct aspace *as = aspace_create();

	if (!as)
		return NULL;
	EXPECT_EQ(t,
		  aspace_map(as, START, END - START, PROT_RW,
			     ANONYMOUS | MAP_FIXED | MAP_POPULATE, NULL, 0),
		  START);
	intr_push();
	aspace_activate(as);
	return as;
}

static void user_leave_memory(struct aspace *as)
{
	aspace_activate(NULL);
	intr_pop();
	aspace_put(as);
	aspace_trim();
}

static void test_copy(struct ktest *t)
{
	struct aspace *as = user_enter_memory(t);
	char in[64], out[64];
	uintptr_t border = START + PAGE_SIZE - 30;

	ASSERT(t, as);
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i;
	for (size_t len = 0; len <= sizeof(in); len++) {
		memset(out, 0xff, sizeof(out));
		EXPECT_EQ(t, copy_to_user(border, in, len), 0);
		EXPECT_EQ(t, copy_from_user(out, border, len), 0);
		EXPECT_EQ(t, memcmp(in, out, len), 0);
		EXPECT(t, len == sizeof(out) || out[len] == (char)0xff);
	}
	EXPECT_EQ(t, clear_user(border + 1, 60), 0);
	EXPECT_EQ(t, copy_from_user(out, border, 62), 0);
	EXPECT_EQ(t, out[0], 0);
	EXPECT_EQ(t, out[1], 0);
	EXPECT_EQ(t, out[60], 0);
	EXPECT_EQ(t, out[61], 61);
	user_leave_memory(as);
}
KTEST(uaccess, copy);

/* To the last byte that is there, at any distance from the end. */
static void test_partial(struct ktest *t)
{
	struct aspace *as = user_enter_memory(t);
	char buf[64] = {1};

	ASSERT(t, as);
	for (size_t there = 0; there < 20; there++) {
		EXPECT_EQ(t, copy_to_user_partial(END - there, buf, 40), there);
		EXPECT_EQ(t, copy_from_user_partial(buf, END - there, 40),
			  there);
		EXPECT_EQ(t, copy_to_user(END - there, buf, 40), -EFAULT);
		EXPECT_EQ(t, clear_user(END - there, 40), -EFAULT);
		EXPECT_EQ(t, copy_to_user(END - there, buf, there), 0);
	}
	user_leave_memory(as);
}
KTEST(uaccess, partial);

static void test_bad_addresses(struct ktest *t)
{
	static const uintptr_t bad[] = {
		0,
		PAGE_SIZE,
		END,
		USER_MAX,
		USER_TOP - 4,
		USER_TOP,
		DIRECT_MAP,
		(uintptr_t)&test_bad_addresses,
		UINTPTR_MAX - 3,
		UINTPTR_MAX,
	};
	struct aspace *as = user_enter_memory(t);
	char buf[16] = "kept";

	ASSERT(t, as);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t word = 0;

		EXPECT_EQ(t, copy_from_user(buf, bad[i], 16), -EFAULT);
		EXPECT_EQ(t, copy_to_user(bad[i], buf, 16), -EFAULT);
		EXPECT_EQ(t, clear_user(bad[i], 16), -EFAULT);
		EXPECT_EQ(t, copy_from_user_partial(buf, bad[i], 16), 0);
		EXPECT_EQ(t, copy_string_from_user(buf, bad[i], 16), -EFAULT);
		EXPECT_EQ(t, user_load32(bad[i] & ~3ul, &word), -EFAULT);
		EXPECT_EQ(t, user_exchange32(bad[i] & ~3ul, 1, &word), -EFAULT);
	}
	EXPECT_EQ(t, copy_from_user(buf, START, SIZE_MAX), -EFAULT);
	EXPECT_EQ(t, copy_from_user(buf, USER_TOP, 0), 0);
	EXPECT_EQ(t, memcmp(buf, "kept", 5), 0);
	user_leave_memory(as);
}
KTEST(uaccess, bad_addresses);

static void test_string(struct ktest *t)
{
	struct aspace *as = user_enter_memory(t);
	char buf[8];

	ASSERT(t, as);
	EXPECT_EQ(t, copy_to_user(END - 6, "hello", 6), 0);
	EXPECT_EQ(t, copy_string_from_user(buf, END - 6, 8), 5);
	EXPECT_EQ(t, strcmp(buf, "hello"), 0);
	EXPECT_EQ(t, copy_string_from_user(buf, END - 6, 6), 5);
	EXPECT_EQ(t, copy_string_from_user(buf, END - 6, 5), -ENAMETOOLONG);
	EXPECT_EQ(t, copy_string_from_user(buf, END - 6, 0), -ENAMETOOLONG);
	EXPECT_EQ(t, copy_string_from_user(buf, END - 1, 8), 0);
	EXPECT_EQ(t, copy_to_user(END - 1, "x", 1), 0);
	EXPECT_EQ(t, copy_string_from_user(buf, END - 1, 8), -EFAULT);
	user_leave_memory(as);
}
KTEST(uaccess, string);

static void test_words(struct ktest *t)
{
	struct aspace *as = user_enter_memory(t);
	uint32_t word = 0;

	ASSERT(t, as);
	EXPECT_EQ(t, user_exchange32(START, 5, &word), 0);
	EXPECT_EQ(t, word, 0);
	EXPECT_EQ(t, user_exchange32(START, 6, &word), 0);
	EXPECT_EQ(t, word, 5);
	EXPECT_EQ(t, user_load32(START, &word), 0);
	EXPECT_EQ(t, word, 6);
	EXPECT_EQ(t, user_load32(START + 2, &word), -EINVAL);

	/* The kernel itself may not, and a copy leaves nothing open. */
	EXPECT(t, !(read_rflags() & RFLAGS_AC));
	EXPECT(t, !vm_readable(START, 4) || !(read_cr4() & CR4_SMAP));
	user_leave_memory(as);
}
KTEST(uaccess, words);
