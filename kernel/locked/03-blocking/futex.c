/*
 * futex.c - the engine of futex(2), before lab 3 is unlocked.
 *
 * Nobody sleeps here.  WAIT looks whether the word still has the value, lets
 * others run, and returns 0, as if it had been woken for no reason.  futex(2)
 * allows that, so every caller looks at the word again, and waits again: a
 * loop that is correct, and takes all the time that the CPU has.  So there is
 * nobody whom WAKE could wake.
 */
#include "futex.h"

#include "errno.h"
#include "thread.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"
#include "x86.h"

/* 0 when the word has this value, else -EAGAIN, -EFAULT. */
static int compare_word(uintptr_t uaddr, uint32_t value)
{
	uint32_t now;
	int error = user_load32(uaddr, &now);

	if (error)
		return error;
	return now == value ? 0 : -EAGAIN;
}

void lab_futex_init(void)
{
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	int error = compare_word(uaddr, value);

	(void)key;
	(void)bitset;
	if (error)
		return error;
	if (deadline != WAIT_FOREVER && time_ns() >= deadline)
		return -ETIMEDOUT;
	thread_yield();
	return wait_interrupted() ? -ERESTARTSYS : 0;
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
	return compare ? compare_word(compare->uaddr, compare->expected) : 0;
}
