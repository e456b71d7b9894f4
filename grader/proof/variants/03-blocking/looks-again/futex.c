/*
 * futex.c - in each bucket equal keys stand together, so that a search ends
 * behind the last of them; threads block without a wait queue.
 */
#include "futex.h"

#include "errno.h"
#include "list.h"
#include "spinlock.h"
#include "thread.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"

#define BUCKETS 509 /* a prime */

struct entry {
	struct list_head link;
	struct futex_key key;
	struct thread *thread; /* NULL: woken, and off the list */
	uint32_t bitset;
};

static struct spinlock table_lock = SPINLOCK_INIT("futexes");
static struct list_head table[BUCKETS]; /* needs table_lock */

static struct list_head *row_of(const struct futex_key *key)
{
	uint64_t mixed = (uintptr_t)key->object / 16 * 31 + key->offset / 4;

	return &table[mixed % BUCKETS];
}

/* Behind the last one of its key, or at the end of the row. */
static void insert(struct entry *e)
{
	struct list_head *row = row_of(&e->key), *at = row->prev;
	struct entry *other;

	list_for_each (other, row, link)
		if (futex_key_equal(&other->key, &e->key))
			at = &other->link;
	list_insert_after(at, &e->link);
}

/* The first entry of the key, or NULL. */
static struct entry *find(const struct futex_key *key)
{
	struct entry *e;

	list_for_each (e, row_of(key), link)
		if (futex_key_equal(&e->key, key))
			return e;
	return NULL;
}

static struct entry *next_of(struct entry *e)
{
	struct entry *next = list_entry(e->link.next, struct entry, link);

	if (e->link.next == row_of(&e->key) ||
	    !futex_key_equal(&next->key, &e->key))
		return NULL;
	return next;
}

static void wake_entry(struct entry *e)
{
	struct thread *thread = e->thread;

	list_remove(&e->link);
	e->thread = NULL;
	thread_unblock(thread);
}

/* Returns with the lock held when the word has the value. */
static int look(uintptr_t uaddr, uint32_t value)
{
	for (;;) {
		uint32_t now;
		int error;

		spin_lock(&table_lock);
		error = user_load32_atomic(uaddr, &now);
		if (error == 0 && now == value)
			return 0;
		spin_unlock(&table_lock);
		if (error == 0)
			return -EAGAIN;
		error = user_load32(uaddr, &now);
		if (error)
			return error;
	}
}

void lab_futex_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		list_init(&table[i]);
}

/* Needs table_lock, and gives it up. */
static int sleep(struct entry *e, uint64_t deadline)
{
	int result = 0;

	while (e->thread && result == 0) {
		if (wait_interrupted())
			result = -ERESTARTSYS;
		else if (time_ns() >= deadline)
			result = -ETIMEDOUT;
		if (result)
			break;
		spin_unlock(&table_lock);
		thread_block_until(deadline);
		spin_lock(&table_lock);
	}
	if (result)
		list_remove(&e->link);
	spin_unlock(&table_lock);
	return result;
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	struct entry e = {.key = *key, .thread = current, .bitset = bitset};
	int error = look(uaddr, value);

	if (error)
		return error;
	insert(&e);
	return sleep(&e, deadline);
}

static long wake_some(const struct futex_key *key, unsigned int count,
		      uint32_t bitset)
{
	struct entry *e = find(key), *next;
	long woken = 0;

	for (; e && count > 0; e = next) {
		next = next_of(e);
		if (!(e->bitset & bitset))
			continue;
		wake_entry(e);
		woken++;
		count--;
	}
	return woken;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	long woken;

	spin_lock(&table_lock);
	woken = wake_some(key, count, bitset);
	spin_unlock(&table_lock);
	return woken;
}

/* To itself: they are counted, and stay where they are. */
static long count_some(const struct futex_key *key, unsigned int count)
{
	struct entry *e = find(key);
	long counted = 0;

	for (; e && counted < (long)count; e = next_of(e))
		counted++;
	return counted;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	struct entry *e;
	long done;

	if (compare) {
		int error = look(compare->uaddr, compare->expected);

		if (error)
			return error;
	} else {
		spin_lock(&table_lock);
	}
	done = wake_some(from, wake_count, FUTEX_BITSET_ANY);
	if (futex_key_equal(from, to)) {
		done += count_some(from, requeue);
		requeue = 0;
	}
	for (; requeue > 0 && (e = find(from)) != NULL; requeue--) {
		list_remove(&e->link);
		e->key = *to;
		insert(e);
		done++;
	}
	spin_unlock(&table_lock);
	return done;
}
