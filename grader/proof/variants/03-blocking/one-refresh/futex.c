/*
 * futex.c - each waiter has a semaphore on which it waits; the array of rows is
 * guarded by one lock, which a waiter takes again only if it gives up.
 */
#include "futex.h"

#include "errno.h"
#include "list.h"
#include "spinlock.h"
#include "sync.h"
#include "uaccess.h"

#define ROWS 1024

struct sitter {
	struct list_head link;
	struct futex_key key;
	uint32_t bitset;
	bool called;
	struct semaphore sem;
};

static struct spinlock rows_lock = SPINLOCK_INIT("futex rows");
static struct list_head rows[ROWS];

static struct list_head *row_of(const struct futex_key *key)
{
	uint64_t bits = ((uintptr_t)key->object >> 4) + (key->offset >> 2);

	return &rows[(bits ^ bits >> 10 ^ bits >> 20) % ROWS];
}

void lab_futex_init(void)
{
	for (struct list_head *row = rows; row < rows + ROWS; row++)
		list_init(row);
}

/* 0: it has the value, and rows_lock is held. */
static int check(uintptr_t uaddr, uint32_t value)
{
	uint32_t now;
	int error = -EAGAIN;

again:
	spin_lock(&rows_lock);
	if (user_load32_atomic(uaddr, &now)) {
		spin_unlock(&rows_lock);
		error = user_load32(uaddr, &now);
		if (error)
			return error;
		error = -EAGAIN;
		goto again;
	}
	if (now == value)
		return 0;
	spin_unlock(&rows_lock);
	return error;
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	struct sitter me = {.key = *key, .bitset = bitset};
	int result;

	lab_sem_init(&me.sem, "futex", 0);
	result = check(uaddr, value);
	if (result)
		return result;
	list_push_back(row_of(key), &me.link);
	spin_unlock(&rows_lock);

	result = lab_sem_down_until(&me.sem, deadline, WAIT_INTERRUPTIBLE);
	spin_lock(&rows_lock);
	if (me.called)
		result = 0;
	else
		list_remove(&me.link);
	spin_unlock(&rows_lock);
	return result;
}

/* The next one in the row from link on that has the key, or NULL. */
static struct sitter *next_of(struct list_head *row, struct list_head *link,
			      const struct futex_key *key)
{
	for (; link != row; link = link->next) {
		struct sitter *s = list_entry(link, struct sitter, link);

		if (futex_key_equal(&s->key, key))
			return s;
	}
	return NULL;
}

static long call(const struct futex_key *key, unsigned int count,
		 uint32_t bitset)
{
	struct list_head *row = row_of(key), *link = row->next;
	struct sitter *s;
	long called = 0;

	while (count && (s = next_of(row, link, key))) {
		link = s->link.next;
		if (!(s->bitset & bitset))
			continue;
		list_remove(&s->link);
		s->called = true;
		lab_sem_up(&s->sem);
		count--;
		called++;
	}
	return called;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	long called;

	spin_lock(&rows_lock);
	called = call(key, count, bitset);
	spin_unlock(&rows_lock);
	return called;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	struct list_head moving, *row = row_of(from);
	struct sitter *s;
	long done = 0;

	list_init(&moving);
	if (compare)
		done = check(compare->uaddr, compare->expected);
	else
		spin_lock(&rows_lock);
	if (done)
		return done;
	done = call(from, wake_count, FUTEX_BITSET_ANY);
	while (requeue-- && (s = next_of(row, row->next, from))) {
		list_remove(&s->link);
		list_push_back(&moving, &s->link);
		done++;
	}
	while (!list_empty(&moving)) {
		s = list_first(&moving, struct sitter, link);
		s->key = *to;
		list_remove(&s->link);
		list_push_back(row_of(to), &s->link);
	}
	spin_unlock(&rows_lock);
	return done;
}
