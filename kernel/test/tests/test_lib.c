/*
 * test_lib.c - strings, formatting, the command line.
 */
#include "cmdline.h"
#include "errno.h"
#include "ktest.h"
#include "string.h"

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void test_copy(struct ktest *t)
{
	char buf[64];

	memset(buf, 'x', sizeof(buf));
	EXPECT_EQ(t, buf[0], 'x');
	EXPECT_EQ(t, buf[63], 'x');
	memcpy(buf + 3, "railway signal box", 19);
	EXPECT(t, same(buf + 3, "railway signal box"));
	EXPECT_EQ(t, buf[2], 'x');
	EXPECT_EQ(t, buf[22], 'x');
	EXPECT_EQ(t, memcmp(buf + 3, "railway", 7), 0);
	EXPECT(t, memcmp("a\x01", "a\xff", 2) < 0);
}
KTEST(lib, copy);

/* Every overlap of two ranges of 40 bytes, against a copy by way of a third. */
static void test_overlapping_move(struct ktest *t)
{
	uint8_t got[120], want[120], third[40];

	for (size_t to = 0; to <= 80; to++) {
		for (size_t i = 0; i < sizeof(got); i++)
			got[i] = want[i] = i;
		memcpy(third, want + 40, sizeof(third));
		memcpy(want + to, third, sizeof(third));
		memmove(got + to, got + 40, sizeof(third));
		EXPECT_EQ(t, memcmp(got, want, sizeof(got)), 0);
	}
}
KTEST(lib, overlapping_move);

static void test_strings(struct ktest *t)
{
	char buf[6];

	EXPECT_EQ(t, strlen(""), 0);
	EXPECT_EQ(t, strnlen("token", 3), 3);
	EXPECT(t, strcmp("block", "block") == 0);
	EXPECT(t, strcmp("block", "blocks") < 0);
	EXPECT(t, strcmp("\xff", "a") > 0);
	EXPECT(t, strncmp("block", "blown", 3) == 0);
	EXPECT(t, same(strchr("a=b=c", '='), "=b=c"));
	EXPECT(t, strchr("abc", '=') == NULL);
	EXPECT(t, same(strchr("abc", '\0'), ""));
	EXPECT(t, same(strstr("semaphore arm", "ore"), "ore arm"));
	EXPECT(t, strstr("semaphore", "oar") == NULL);
	EXPECT_EQ(t, strlcpy(buf, "signal", sizeof(buf)), 6);
	EXPECT(t, same(buf, "signa"));
}
KTEST(lib, strings);

static void test_parse(struct ktest *t)
{
	uint64_t n = 0;

	EXPECT_EQ(t, parse_u64("42", &n), 0);
	EXPECT_EQ(t, n, 42);
	EXPECT_EQ(t, parse_u64("0xFf", &n), 0);
	EXPECT_EQ(t, n, 255);
	EXPECT_EQ(t, parse_u64("18446744073709551615", &n), 0);
	EXPECT_EQ(t, n, UINT64_MAX);
	EXPECT_EQ(t, parse_u64("18446744073709551616", &n), -ERANGE);
	EXPECT_EQ(t, parse_u64("0x10000000000000000", &n), -ERANGE);
	EXPECT_EQ(t, parse_u64("", &n), -EINVAL);
	EXPECT_EQ(t, parse_u64("0x", &n), -EINVAL);
	EXPECT_EQ(t, parse_u64("12 ", &n), -EINVAL);
	EXPECT_EQ(t, parse_u64("1f", &n), -EINVAL);
}
KTEST(lib, parse);

#define EXPECT_FORMAT(t, want, ...) \
	do { \
		char got_[80]; \
		int len_ = snprintf(got_, sizeof(got_), __VA_ARGS__); \
		if (!same(got_, want) || len_ != (int)strlen(want)) \
			ktest_fail(t, __FILE__, __LINE__, \
				   "expected \"%s\", got \"%s\" (%d)", want, \
				   got_, len_); \
	} while (0)

static void test_format_numbers(struct ktest *t)
{
	EXPECT_FORMAT(t, "-2147483648 0", "%d %i", INT32_MIN, 0);
	EXPECT_FORMAT(t, "-9223372036854775808", "%ld", INT64_MIN);
	EXPECT_FORMAT(t, "18446744073709551615", "%zu", SIZE_MAX);
	EXPECT_FORMAT(t, "ff FF 0xff 017", "%x %X %#x %#o", 255, 255, 255, 15);
	EXPECT_FORMAT(t, "-1 255 -1", "%hhd %hhu %hd", 255, -1, 65535);
	EXPECT_FORMAT(t, "+7| 7|007|  7|7  |", "%+d|% d|%03d|%3d|%-3d|", 7, 7,
		      7, 7, 7);
	EXPECT_FORMAT(t, "0x0001|  007|", "%#06x|%5.3d|%.0d", 1, 7, 0);
	EXPECT_FORMAT(t, "1,234,567 999", "%'d %'d", 1234567, 999);
	EXPECT_FORMAT(t, "18,446,744,073,709,551,615", "%'lu", UINT64_MAX);
	EXPECT_FORMAT(t, "0xdead", "%p", (void *)0xdead);
}
KTEST(lib, format_numbers);

static void test_format_text(struct ktest *t)
{
	const char *volatile none = NULL; /* hidden from GCC */

	EXPECT_FORMAT(t, "|  up|up  |u|", "|%4s|%-4s|%.1s|", "up", "up", "up");
	EXPECT_FORMAT(t, "|  up|up  |", "|%*s|%*s|", 4, "up", -4, "up");
	EXPECT_FORMAT(t, "x%(null)", "%c%%%s", 'x', none);
}
KTEST(lib, format_text);

static void test_format_cut(struct ktest *t)
{
	char buf[8] = "1234567";

	EXPECT_EQ(t, snprintf(buf, 4, "%s", "signal"), 6);
	EXPECT(t, same(buf, "sig"));
	EXPECT_EQ(t, buf[4], '5');
	EXPECT_EQ(t, snprintf(NULL, 0, "%d", 12345), 5);
}
KTEST(lib, format_cut);

/* Parses text in place of the kernel's own command line. */
static void with_cmdline(struct ktest *t, const char *text,
			 void (*check)(struct ktest *t))
{
	static char own[1024];

	strlcpy(own, cmdline_text(), sizeof(own));
	cmdline_init(text);
	check(t);
	cmdline_init(own);
}

static void check_options(struct ktest *t)
{
	EXPECT(t, same(cmdline_get("test"), "core/wake"));
	EXPECT(t, same(cmdline_get("bare"), ""));
	EXPECT(t, same(cmdline_get("machine"), "pc 7.2"));
	EXPECT(t, cmdline_get("kernel") == NULL);
	EXPECT(t, cmdline_get("tes") == NULL);
	EXPECT_EQ(t, cmdline_u64("seed", 1), 0x20);
	EXPECT_EQ(t, cmdline_u64("cpus", 8), 8);
}

static void check_path_value(struct ktest *t)
{
	EXPECT(t, same(cmdline_get("test"), "core/wake"));
}

static void test_cmdline(struct ktest *t)
{
	/* As QEMU gives it, and as GRUB does. */
	with_cmdline(t,
		     "build/kernel.elf32  test=core/wake bare seed=1 "
		     "machine=\"pc 7.2\" seed=0x20",
		     check_options);
	with_cmdline(t, "test=core/wake bare seed=0x20 \"machine=pc 7.2\" ",
		     check_options);
	with_cmdline(t, "test=core/wake", check_path_value);
}
KTEST(lib, cmdline);
