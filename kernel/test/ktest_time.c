/*
 * ktest_time.c - is a test's time that of the guest alone?
 *
 * Nothing tells a guest whether it runs under -icount, where each instruction
 * takes a nanosecond, or as fast as the host lets it.  But one can look: a loop
 * with interrupts off takes the same time again and again under -icount, and on
 * a host it hardly ever does.
 */
#include "cpu.h"
#include "ktest.h"
#include "time.h"

#define LOOPS 500
#define TRIES 20
#define ENOUGH 15 /* the first ones translate the code, or miss the caches */

static uint64_t loop_cycles(void)
{
	uint64_t start;

	intr_push();
	start = time_cycles();
	for (unsigned int i = 0; i < LOOPS; i++)
		asm volatile("");
	start = time_cycles() - start;
	intr_pop();
	return start;
}

static bool loops_are_alike(void)
{
	uint64_t shortest = UINT64_MAX;
	unsigned int same = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		uint64_t cycles = loop_cycles();

		if (cycles < shortest)
			same = 0;
		shortest = MIN(shortest, cycles);
		same += cycles == shortest;
	}
	return same >= ENOUGH;
}

bool ktest_time_is_exact(void)
{
	static enum { UNKNOWN, EXACT, NOT_EXACT } answer;

	if (answer == UNKNOWN)
		answer = loops_are_alike() ? EXACT : NOT_EXACT;
	return answer == EXACT;
}

bool ktest_is_late(uint64_t since, uint64_t limit)
{
	uint64_t waited = time_ns() - since;

	if (waited < limit)
		return false;
	return waited >= KTEST_LAST_RESORT || ktest_time_is_exact();
}
