/*
 * arguments.c - random numbers, and arguments made of them.
 *
 * An argument is of the kind that the call wants, mostly, so that the call gets
 * far; or else anything: a number at which something ends, an address that is
 * the kernel's or nobody's, a pointer to the last bytes before a page that is
 * not there.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>

/* ---- random numbers: xorshift64* ---- */

uint64_t random_next(uint64_t *random)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * 0x2545f4914f6cdd1d;
}

uint64_t random_below(uint64_t *random, uint64_t limit)
{
	return (random_next(random) >> 11) % limit;
}

#define BELOW(limit) random_below(&b->random, limit)
#define ONE_OF(array) (array)[BELOW(SIZE(array))]

/* ---- anything ---- */

static const uint64_t numbers[] = {
	0,          1,          2,          7,
	8,          63,         64,         255,
	256,        511,        512,        4095,
	4096,       4097,       65535,      65536,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	1ull << 47, 1ull << 62, 1ull << 63, 0x7fffffffffffffff,
	-1ull,      -2ull,      -100ull, /* AT_FDCWD */
	-4095ull,   -4096ull,
};

static const uint64_t hostile_pointers[] = {
	0,
	1,
	8,
	0x10000,
	0x400000, /* our own code */
	0x7ffffffff000 - 1,
	0x7ffffffff000,
	0x7fffffffffff,
	0x800000000000, /* not canonical */
	0xffff7fffffffffff,
	0xffff800000000000, /* the kernel's */
	0xffff888000000000,
	0xffffc80000000000,
	0xffffffff80000000,
	0xffffffff80100000,
	-4096ull,
	-8ull,
	-1ull,
};

static uint64_t anything(struct batch *b)
{
	static const char all_kinds[] = "fpbnalixrmtuo";

	switch (BELOW(6)) {
	case 0:
		return ONE_OF(hostile_pointers);
	case 1:
		return ONE_OF(numbers);
	case 2:
		return random_next(&b->random);
	default:
		return argument(b, all_kinds[BELOW(sizeof(all_kinds) - 1)]);
	}
}

/* ---- what calls want ---- */

static const char *const paths[] = {
	"/tmp/fuzz/a",
	"/tmp/fuzz/b",
	"/tmp/fuzz/b/c",
	"/tmp/fuzz/b/d",
	"/tmp/fuzz",
	"/",
	"/dev/null",
	"/dev/zero",
	"/bin/true",
	"a",
	"b",
	".",
	"",
};

/* Somewhere in the arena: often close to an edge of two pages. */
static uint64_t buffer(struct batch *b)
{
	uint64_t at = BELOW(ARENA_PAGES) * PAGE;

	at += BELOW(2) ? BELOW(64) - 32 : BELOW(PAGE);
	return (uint64_t)b->arena + at;
}

static uint64_t descriptor(struct batch *b)
{
	uint64_t kept = ONE_OF(b->kept);

	return kept < 64 && BELOW(2) ? kept : BELOW(20);
}

/* Of a page: in the arena, of an earlier mapping, or free as yet. */
static uint64_t page(struct batch *b)
{
	uint64_t kept = ONE_OF(b->kept);

	if (kept >= PAGE && BELOW(2))
		return kept & -PAGE;
	if (BELOW(4) == 0)
		return 0x10000000 + BELOW(16) * PAGE;
	return (uint64_t)b->arena + BELOW(ARENA_PAGES) * PAGE;
}

/* Some of the lower bits, few at a time. */
static uint64_t flags(struct batch *b)
{
	uint64_t bits = 0;

	for (int i = BELOW(4); i > 0; i--)
		bits |= 1ull << BELOW(22);
	return bits;
}

/* What waits, shall not wait long, mostly. */
static uint64_t short_time(struct batch *b)
{
	static const uint64_t times[][2] = {{0, 0}, {0, 1}, {0, 100000}};

	return BELOW(20) ? (uint64_t)ONE_OF(times) : buffer(b);
}

static uint64_t map_flags(struct batch *b)
{
	uint64_t bits = BELOW(8) ? MAP_PRIVATE : MAP_SHARED;

	if (BELOW(4))
		bits |= MAP_ANONYMOUS;
	if (BELOW(4) == 0)
		bits |= MAP_FIXED;
	return BELOW(8) ? bits : bits | flags(b);
}

static uint64_t wanted(struct batch *b, char kind)
{
	switch (kind) {
	case 'f':
		return descriptor(b);
	case 'd':
		return BELOW(2) ? (uint64_t)AT_FDCWD : descriptor(b);
	case 'p':
		return (uint64_t)ONE_OF(paths);
	case 'b':
		return buffer(b);
	case 'n':
		return BELOW(BELOW(2) ? 64 : 3 * PAGE);
	case 'a':
		return page(b);
	case 'l':
		return (1 + BELOW(8)) * PAGE;
	case 'i':
		return BELOW(2) ? ONE_OF(b->kept) : b->self * BELOW(2);
	case 'x':
		return flags(b);
	case 'r':
		return BELOW(8); /* PROT_... */
	case 'm':
		return map_flags(b);
	case 't':
		return short_time(b);
	case 'u':
		return BELOW(2) ? -1ull : 50000 + BELOW(4);
	case 'o':
		return BELOW(12);
	case 'c':
		return 0x1001 + BELOW(4);
	default:
		return kind - '0';
	}
}

uint64_t argument(struct batch *b, char kind)
{
	return kind == '.' || BELOW(8) == 0 ? anything(b) : wanted(b, kind);
}
