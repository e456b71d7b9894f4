/*
 * futex.c - lab 3: the engine of futex(2).
 *
 * Threads wait on words of user memory, known by their keys.  The words
 * themselves are the programs' business: the kernel keeps only who waits, in a
 * hash table of lists, each in the order in which they came.
 *
 *	buckets[hash(key)]  <->  waiter, key A  <->  waiter, key B  <-> ...
 *
 * So a wake-up looks at the waiters of one bucket, which are those of its own
 * key and, rarely, of a few others; and of them only those whose sets of bits
 * meet its own are woken.
 *
 * To wait is to look at the word and to fall asleep, as one.  Under a spinlock
 * no page can be brought in: so the look may fail although the address is
 * right (uaccess.h).
 */
#include "futex.h"

#include "cpu.h"
#include "errno.h"
#include "list.h"
#include "spinlock.h"
#include "thread.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"

void lab_futex_init(void)
{
	/* TODO(lab 3.3): what must be done once, before the first call. */
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	/* TODO(lab 3.3): sleep if the word has the value.  What is here looks
	 * at it, lets others run, and returns as if it had been woken. */
	uint32_t now;
	int error = user_load32(uaddr, &now);

	if (error)
		return error;
	if (now != value)
		return -EAGAIN;
	if (deadline != WAIT_FOREVER && time_ns() >= deadline)
		return -ETIMEDOUT;
	thread_yield();
	return wait_interrupted() ? -ERESTARTSYS : 0;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	/* TODO(lab 3.3): wake up to count waiters of the key, those that came
	 * first, whose sets meet bitset. */
	return 0;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	/* TODO(lab 3.3): wake some of the waiters, and move others. */
	uint32_t now;
	int error = compare ? user_load32(compare->uaddr, &now) : 0;

	if (error)
		return error;
	return compare && now != compare->expected ? -EAGAIN : 0;
}
