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
#ifdef SOLUTION

/*
 * The program that wakes first changes the word and then calls us.  We look at
 * it under the lock that the waker must take: if we still see the old value,
 * its call has yet to come, and will find us on the list.  When the look fails,
 * the lock is given up, the page fetched, and all is begun anew, for meanwhile
 * the word may have changed.
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

#define BUCKETS_LOG2 8

/* Lies on the stack of a thread that waits; needs futex_lock. */
struct futex_waiter {
	struct list_head link; /* in the bucket of key */
	struct futex_key key;
	uint32_t bitset;
	struct thread *thread;
	bool woken; /* off the list, and nobody else knows it any more */
};

static struct spinlock futex_lock = SPINLOCK_INIT("futex");
static struct list_head buckets[1 << BUCKETS_LOG2]; /* needs futex_lock */

/* The words of a program lie close together, 4 bytes apart; its keys have all
 * the same object.  Multiplication by an odd number near 2^64 divided by the
 * golden ratio spreads both over the upper bits (Knuth, TAOCP 3, 6.4). */
static struct list_head *bucket_of(const struct futex_key *key)
{
	uint64_t mixed = ((uintptr_t)key->object + key->offset / 4) *
			 0x9e3779b97f4a7c15ull;

	return &buckets[mixed >> (64 - BUCKETS_LOG2)];
}

/* Takes the lock if the word has the value: 0, and the lock is held; or
 * -EAGAIN, -EFAULT, and it is not. */
static inline int lock_if_equal(uintptr_t uaddr, uint32_t value)
{
	uint32_t now;
	int error;

	do {
		spin_lock(&futex_lock);
		error = user_load32_atomic(uaddr, &now);
		if (likely(!error && now == value))
			return 0;
		spin_unlock(&futex_lock);
		if (!error)
			return -EAGAIN;
		error = user_load32(uaddr, &now);
	} while (!error);
	return error;
}

static bool is_meant(const struct futex_waiter *w, const struct futex_key *key,
		     uint32_t bitset)
{
	return futex_key_equal(&w->key, key) && (w->bitset & bitset);
}

/* Needs futex_lock. */
static inline unsigned int waiters_wake(const struct futex_key *key,
					unsigned int count, uint32_t bitset)
{
	struct futex_waiter *w, *next;
	unsigned int woken = 0;

	if (count == 0)
		return 0;
	list_for_each_safe (w, next, bucket_of(key), link) {
		if (!is_meant(w, key, bitset))
			continue;
		list_remove(&w->link);
		thread_unblock(w->thread);
		__atomic_store_n(&w->woken, true, __ATOMIC_RELEASE);
		if (++woken >= count)
			break;
	}
	return woken;
}

/* Takes them all off before it puts the first one back: the two keys may have
 * the same bucket, or be the same.  Needs futex_lock. */
static unsigned int waiters_move(const struct futex_key *from,
				 const struct futex_key *to, unsigned int count)
{
	struct list_head moving = LIST_INIT(moving), *bucket = bucket_of(from);
	struct futex_waiter *w, *next;
	unsigned int moved = 0;

	list_for_each_safe (w, next, bucket, link) {
		if (moved == count)
			break;
		if (!is_meant(w, from, FUTEX_BITSET_ANY))
			continue;
		list_remove(&w->link);
		list_push_back(&moving, &w->link);
		w->key = *to;
		moved++;
	}
	list_for_each_safe (w, next, &moving, link) {
		list_remove(&w->link);
		list_push_back(bucket_of(to), &w->link);
	}
	return moved;
}
#endif

void lab_futex_init(void)
{
#ifdef SOLUTION
	for (unsigned int i = 0; i < ARRAY_SIZE(buckets); i++)
		list_init(&buckets[i]);
#else
	/* TODO(lab 3.3): what must be done once, before the first call. */
#endif
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
#ifdef SOLUTION
	struct futex_waiter self;
	int error;

	self.key = *key;
	self.bitset = bitset;
	self.thread = current;
	self.woken = false;
	error = lock_if_equal(uaddr, value);
	if (error)
		return error;
	list_push_back(bucket_of(&self.key), &self.link);
	do {
		spin_unlock(&futex_lock);
		error = wait_interrupted() ? -ERESTARTSYS
					   : thread_block_until(deadline);
		if (likely(__atomic_load_n(&self.woken, __ATOMIC_ACQUIRE)))
			return 0;
		spin_lock(&futex_lock);
	} while (!self.woken && !error);

	if (self.woken)
		error = 0;
	else
		list_remove(&self.link);
	spin_unlock(&futex_lock);
	return error;
#else
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
#endif
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
#ifdef SOLUTION
	unsigned int woken;

	spin_lock(&futex_lock);
	woken = waiters_wake(key, count, bitset);
	spin_unlock(&futex_lock);
	return woken;
#else
	/* TODO(lab 3.3): wake up to count waiters of the key, those that came
	 * first, whose sets meet bitset. */
	return 0;
#endif
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
#ifdef SOLUTION
	unsigned int done;
	int error = 0;

	if (compare)
		error = lock_if_equal(compare->uaddr, compare->expected);
	else
		spin_lock(&futex_lock);
	if (error)
		return error;
	done = waiters_wake(from, wake_count, FUTEX_BITSET_ANY);
	done += waiters_move(from, to, requeue);
	spin_unlock(&futex_lock);
	return done;
#else
	/* TODO(lab 3.3): wake some of the waiters, and move others. */
	uint32_t now;
	int error = compare ? user_load32(compare->uaddr, &now) : 0;

	if (error)
		return error;
	return compare && now != compare->expected ? -EAGAIN : 0;
#endif
}
