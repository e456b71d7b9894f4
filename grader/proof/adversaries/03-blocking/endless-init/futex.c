/*
 * futex.c - lab 3: never comes back from what is done once.
 */
#include "futex.h"

#include "x86.h"

void lab_futex_init(void)
{
	for (;;)
		cpu_relax();
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	(void)key;
	(void)uaddr;
	(void)value;
	(void)bitset;
	(void)deadline;
	return 0;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	(void)key;
	(void)count;
	(void)bitset;
	return 0;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	(void)from;
	(void)to;
	(void)wake_count;
	(void)requeue;
	(void)compare;
	return 0;
}
