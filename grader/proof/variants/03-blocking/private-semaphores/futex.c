/*
 * futex.c - lab 3: a lock for each bucket, and a semaphore for each sleeper.
 *
 * A sleeper that was moved must find the bucket in which it is now: it locks
 * the one that it believes in, and looks whether that was still right.
 */
#include "futex.h"
#include "errno.h"
#include "list.h"
#include "spinlock.h"
#include "sync.h"
#include "uaccess.h"

#define BUCKETS 256

struct bucket {
	struct spinlock lock;
	struct list_head sleepers;
};

struct sleeper {
	struct list_head link;
	struct bucket *volatile home; /* changes under the locks of both */
	struct futex_key key;
	uint32_t bits;
	bool chosen;
	struct semaphore go;
};

static struct bucket buckets[BUCKETS];

static struct bucket *home_of(const struct futex_key *key)
{
	uint64_t h = (uintptr_t)key->object >> 4;

	h = h * 31 + (key->offset >> 2);
	h ^= h >> 8;
	h ^= h >> 16;
	return &buckets[h % BUCKETS];
}

void lab_futex_init(void)
{
	for (struct bucket *b = buckets; b < buckets + BUCKETS; b++) {
		spin_init(&b->lock, "futex bucket");
		list_init(&b->sleepers);
	}
}

/* One or two buckets, always the lower one first. */
static void lock_both(struct bucket *a, struct bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct bucket *a, struct bucket *b)
{
	if (a != b)
		spin_unlock(a < b ? &b->lock : &a->lock);
	spin_unlock(a < b ? &a->lock : &b->lock);
}

/* 0, and both are locked; or not. */
static int lock_both_if(struct bucket *a, struct bucket *b, uintptr_t uaddr,
			uint32_t wanted)
{
	for (;;) {
		uint32_t word;
		bool present;

		lock_both(a, b);
		present = user_load32_atomic(uaddr, &word) == 0;
		if (present && word == wanted)
			return 0;
		unlock_both(a, b);
		if (present)
			return -EAGAIN;

		int error = user_load32(uaddr, &word);

		if (error)
			return error;
	}
}

static void lock_home(const struct sleeper *s)
{
	for (;;) {
		struct bucket *b = s->home;

		spin_lock(&b->lock);
		if (b == s->home)
			return;
		spin_unlock(&b->lock);
	}
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	struct bucket *b = home_of(key);
	struct sleeper me = {.home = b, .key = *key, .bits = bitset};
	int result;

	lab_sem_init(&me.go, "futex", 0);
	result = lock_both_if(b, b, uaddr, value);
	if (result)
		return result;
	list_push_back(&b->sleepers, &me.link);
	spin_unlock(&b->lock);

	result = lab_sem_down_until(&me.go, deadline, WAIT_INTERRUPTIBLE);
	lock_home(&me);
	if (me.chosen)
		result = 0;
	else
		list_remove(&me.link);
	spin_unlock(&me.home->lock);
	return result;
}

static unsigned int wake_some(struct bucket *b, const struct futex_key *key,
			      unsigned int count, uint32_t bits)
{
	struct sleeper *s, *tmp;
	unsigned int done = 0;

	list_for_each_safe (s, tmp, &b->sleepers, link) {
		if (done == count)
			break;
		if (!futex_key_equal(&s->key, key) || !(s->bits & bits))
			continue;
		list_remove(&s->link);
		s->chosen = true;
		lab_sem_up(&s->go);
		done++;
	}
	return done;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	struct bucket *b = home_of(key);
	long done;

	spin_lock(&b->lock);
	done = wake_some(b, key, count, bitset);
	spin_unlock(&b->lock);
	return done;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	struct bucket *a = home_of(from), *b = home_of(to);
	struct list_head *last;
	struct sleeper *s, *tmp;
	long done;

	if (compare) {
		int error =
			lock_both_if(a, b, compare->uaddr, compare->expected);

		if (error)
			return error;
	} else {
		lock_both(a, b);
	}
	done = wake_some(a, from, wake_count, FUTEX_BITSET_ANY);
	/* Who stands behind this one now has been moved here. */
	last = a->sleepers.prev;
	bool more = !list_empty(&a->sleepers) && requeue > 0;

	for (s = list_first(&a->sleepers, struct sleeper, link); more;
	     s = tmp) {
		tmp = list_entry(s->link.next, struct sleeper, link);
		more = &s->link != last;
		if (!futex_key_equal(&s->key, from))
			continue;
		list_remove(&s->link);
		s->key = *to;
		s->home = b;
		list_push_back(&b->sleepers, &s->link);
		done++;
		if (--requeue == 0)
			break;
	}
	unlock_both(a, b);
	return done;
}
