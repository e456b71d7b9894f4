/*
 * futex.c - a lock for each bucket.  A waiter sleeps with a lock of its own, so
 * that it does not matter to which bucket it has been moved meanwhile; one that
 * gives up looks for its bucket then.
 *
 * Order of locks: bucket, the other bucket at a higher address, waiter.
 */
#include "futex.h"

#include "errno.h"
#include "list.h"
#include "spinlock.h"
#include "uaccess.h"
#include "waitq.h"

#define BUCKETS 256

struct bucket {
	struct spinlock lock;
	struct list_head waiters; /* needs lock */
};

struct waiting {
	struct list_head link;
	struct bucket *bucket; /* NULL: woken.  Changes with both locks held */
	struct futex_key key;
	uint32_t bitset;
	struct spinlock lock;
	struct waitq waitq; /* needs lock */
};

static struct bucket buckets[BUCKETS];

static struct bucket *bucket_of(const struct futex_key *key)
{
	uint64_t mixed = (uintptr_t)key->object ^ key->offset;

	mixed ^= mixed >> 33;
	mixed *= 0xff51afd7ed558ccdull;
	mixed ^= mixed >> 33;
	return &buckets[mixed % BUCKETS];
}

void lab_futex_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, "futex bucket");
		list_init(&buckets[i].waiters);
	}
}

static void lock_both(struct bucket *a, struct bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* With both locks held: 0, -EAGAIN, or -EFAULT when the page is not there. */
static int compare_word(uintptr_t uaddr, uint32_t value)
{
	uint32_t now;
	int error = user_load32_atomic(uaddr, &now);

	if (error)
		return error;
	return now == value ? 0 : -EAGAIN;
}

static int lock_if_equal(struct bucket *a, struct bucket *b, uintptr_t uaddr,
			 uint32_t value)
{
	uint32_t now;

	while (user_load32(uaddr, &now) == 0) {
		int error;

		lock_both(a, b);
		error = compare_word(uaddr, value);
		if (!error)
			return 0;
		unlock_both(a, b);
		if (error == -EAGAIN)
			return error;
	}
	return -EFAULT;
}

/* Takes itself off the list that it is on now; false when it was woken. */
static bool give_up(struct waiting *w)
{
	for (;;) {
		struct bucket *b =
			__atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
		bool found = false;

		if (!b)
			break;
		spin_lock(&b->lock);
		if (w->bucket == b) {
			list_remove(&w->link);
			found = true;
		}
		spin_unlock(&b->lock);
		if (found)
			return true;
	}
	/* Who woke it may not have let go of it yet. */
	spin_lock(&w->lock);
	spin_unlock(&w->lock);
	return false;
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	struct bucket *b = bucket_of(key);
	struct waiting self = {.bucket = b, .key = *key, .bitset = bitset};
	int error;

	spin_init(&self.lock, "futex waiter");
	waitq_init(&self.waitq, "futex");
	error = lock_if_equal(b, b, uaddr, value);
	if (error)
		return error;
	list_push_back(&b->waiters, &self.link);
	spin_unlock(&b->lock);
	spin_lock(&self.lock);
	if (self.bucket)
		error = waitq_sleep_until(&self.waitq, &self.lock, deadline,
					  WAIT_INTERRUPTIBLE);
	spin_unlock(&self.lock);
	return error && give_up(&self) ? error : 0;
}

static bool is_meant(const struct waiting *w, const struct futex_key *key,
		     uint32_t bitset)
{
	return futex_key_equal(&w->key, key) && (w->bitset & bitset) != 0;
}

/* Needs the bucket's lock. */
static void wake_one(struct waiting *w)
{
	spin_lock(&w->lock);
	list_remove(&w->link);
	w->bucket = NULL;
	waitq_wake(&w->waitq, 1);
	spin_unlock(&w->lock);
}

static long wake(struct bucket *b, const struct futex_key *key,
		 unsigned int count, uint32_t bitset)
{
	struct waiting *w, *next;
	long woken = 0;

	list_for_each_safe (w, next, &b->waiters, link)
		if ((unsigned long)woken < count && is_meant(w, key, bitset)) {
			wake_one(w);
			woken++;
		}
	return woken;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	struct bucket *b = bucket_of(key);
	long woken;

	spin_lock(&b->lock);
	woken = wake(b, key, count, bitset);
	spin_unlock(&b->lock);
	return woken;
}

/* Needs both locks.  Stops where it began, for those that are moved go to the
 * end, maybe of the same list. */
static long move(struct bucket *a, const struct futex_key *from,
		 struct bucket *b, const struct futex_key *to,
		 unsigned int count)
{
	struct list_head *last = a->waiters.prev, *link = a->waiters.next;
	bool ended = list_empty(&a->waiters);
	long moved = 0;

	while (!ended && (unsigned long)moved < count) {
		struct waiting *w = list_entry(link, struct waiting, link);

		ended = link == last;
		link = link->next;
		if (!futex_key_equal(&w->key, from))
			continue;
		list_remove(&w->link);
		list_push_back(&b->waiters, &w->link);
		w->key = *to;
		__atomic_store_n(&w->bucket, b, __ATOMIC_RELEASE);
		moved++;
	}
	return moved;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	struct bucket *a = bucket_of(from), *b = bucket_of(to);
	long done;
	int error = 0;

	if (compare)
		error = lock_if_equal(a, b, compare->uaddr, compare->expected);
	else
		lock_both(a, b);
	if (error)
		return error;
	done = wake(a, from, wake_count, FUTEX_BITSET_ANY);
	done += move(a, from, b, to, requeue);
	unlock_both(a, b);
	return done;
}
