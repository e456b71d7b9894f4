/*
 * random.c - random numbers, for programs and for the kernel itself.
 *
 * ChaCha20 (RFC 8439, 2.3) makes from a key of 256 bits a block of 512 that
 * nobody can tell from chance without the key.  Of each block the first half
 * becomes the next key and the second half is given out: so from the key of
 * now, nobody computes what was given out before.
 *
 * The first key comes from seed= on the command line: then every run gives the
 * same numbers, as tests want it.  Without it, from the clocks: enough for
 * programs that want different numbers in each run, but no secret from somebody
 * who knows when the machine was started.
 */
#include "random.h"
#include "cmdline.h"
#include "realtime.h"
#include "spinlock.h"
#include "string.h"
#include "x86.h"

#define KEY_WORDS 8
#define ROUNDS 20

static struct spinlock lock = SPINLOCK_INIT("random");
static uint32_t key[KEY_WORDS]; /* needs lock */
static bool seeded;             /* needs lock */

static uint32_t rotate_left(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate_left(*d ^ *a, 16);
	*c += *d;
	*b = rotate_left(*b ^ *c, 12);
	*a += *b;
	*d = rotate_left(*d ^ *a, 8);
	*c += *d;
	*b = rotate_left(*b ^ *c, 7);
}

/* Counter and nonce are zero: each key makes one block only. */
static void chacha_block(uint32_t out[16])
{
	const uint32_t start[16] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0], key[1],
		key[2],     key[3],     key[4],     key[5],     key[6], key[7],
	};
	uint32_t *x = out;

	memcpy(x, start, sizeof(start));
	for (unsigned int i = 0; i < ROUNDS; i += 2) {
		for (unsigned int k = 0; k < 4; k++) /* columns */
			quarter_round(&x[k], &x[4 + k], &x[8 + k], &x[12 + k]);
		for (unsigned int k = 0; k < 4; k++) /* diagonals */
			quarter_round(&x[k], &x[4 + (k + 1) % 4],
				      &x[8 + (k + 2) % 4],
				      &x[12 + (k + 3) % 4]);
	}
	for (unsigned int i = 0; i < 16; i++)
		x[i] += start[i];
}

static void seed(void)
{
	uint64_t *words = (uint64_t *)key;

	seeded = true;
	if (cmdline_get("seed")) {
		words[0] = cmdline_u64("seed", 0);
	} else {
		words[0] = rdtsc();
		words[1] = realtime_ns();
	}
}

/* Half a block; the other half is the next key. */
static void next_block(uint32_t out[KEY_WORDS])
{
	uint32_t block[2 * KEY_WORDS];

	spin_lock(&lock);
	if (!seeded)
		seed();
	chacha_block(block);
	memcpy(key, block, sizeof(key));
	spin_unlock(&lock);
	memcpy(out, block + KEY_WORDS, sizeof(key));
}

void random_bytes(void *buf, size_t len)
{
	uint32_t block[KEY_WORDS];

	for (size_t done = 0; done < len; done += sizeof(block)) {
		next_block(block);
		memcpy((char *)buf + done, block,
		       MIN(len - done, sizeof(block)));
	}
}
