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
 * To wait is to look at the word and to fall asleep, as one.  The program that
 * wakes first changes the word and then calls us.  We look under the lock that
 * the waker must take: if we still see the old value, its call has yet to come,
 * and will find us on the list.
 *
 * Under a spinlock no page can be brought in.  So the look may fail although
 * the address is right; then the lock is given up, the page fetched, and all is
 * begun anew, for meanwhile the word may have changed.
 *
 * There is no wait queue here: a wake-up is for some threads of a list, not for
 * those that came first on it, and who is woken needs the lock no more.  What
 * the waker tells it is all in one word:
 *
 *	waiter					waker, under the lock
 *
 *	under the lock: looks, joins the list
 *	blocks
 *						takes the waiter off the list
 *						unblocks its thread
 *						woken = true
 *	sees `woken`, and returns
 *
 * `woken` comes last: once it is true, the waiter may return, its place on the
 * stack be used again, and the thread itself end.  So the waker must not touch
 * either after that.  If the waiter comes too early to see it, or something
 * else has ended its sleep, it takes the lock: then the waker is done.  One
 * that gives up takes itself off the list.
 *
 * One lock guards all buckets.  A requeue moves sleepers between them, and who
 * gives up takes the lock that guards the list that it is on: with a lock for
 * each bucket, it would have to find out which.
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

	(void)key;
	(void)bitset;
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
	(void)key;
	(void)count;
	(void)bitset;
	return 0;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	/* TODO(lab 3.3): wake some of the waiters, and move others. */
	uint32_t now;
	int error = compare ? user_load32(compare->uaddr, &now) : 0;

	(void)from;
	(void)to;
	(void)wake_count;
	(void)requeue;
	if (error)
		return error;
	return compare && now != compare->expected ? -EAGAIN : 0;
}
