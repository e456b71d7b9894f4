/*
 * lock.c - lab 1, a variant: a queue of waiters (Mellor-Crummey and Scott, in
 * 1991).
 *
 * With a ticket lock all who wait read the same word, and each unlock sends it
 * to all of their caches.  Here each waits on a word of its own, in a node, and
 * the one before it in the queue writes there.
 *
 *	lock->next	number of the node at the end of the queue; 0: free
 *	lock->serving	number of the holder's node
 *
 * A CPU needs one node for each lock that it holds or waits for.  Its nodes are
 * its own, and interrupts are off meanwhile, so taking one needs no lock.
 */
#include "spinlock.h"

#include "backtrace.h"
#include "irq.h"
#include "panic.h"

#define NODES_EACH 64 /* locks that one CPU may hold */

static struct node {
	uint32_t follower; /* the node behind this one; 0: none so far */
	uint32_t go;       /* set by the one before */
	bool used;         /* private to the CPU */
} nodes[MAX_CPUS * NODES_EACH];

/* Nodes are numbered from 1 on. */
static struct node *node_of(uint32_t number)
{
	return &nodes[number - 1];
}

static uint32_t node_take(const struct spinlock *lock)
{
	uint32_t first = this_cpu()->id * NODES_EACH;

	for (uint32_t i = first; i < first + NODES_EACH; i++) {
		if (nodes[i].used)
			continue;
		nodes[i] = (struct node){.used = true};
		return i + 1;
	}
	panic("spin_lock: %s would be lock %d of this CPU", lock->name,
	      NODES_EACH + 1);
}

static void now_held(struct spinlock *lock, uint32_t number,
		     uintptr_t call_site)
{
	lock->serving = number;
	lock->taken_at = call_site;
	__atomic_store_n(&lock->holder, this_cpu(), __ATOMIC_RELAXED);
}

static bool held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == this_cpu();
}

static void refuse(const struct spinlock *lock, const char *why,
		   uintptr_t call_site)
{
	char asked[SYMBOL_TEXT_SIZE], taken[SYMBOL_TEXT_SIZE];

	panic("%s \"%s\": asked for at %s, taken at %s", why, lock->name,
	      symbol_format_call(call_site, asked, sizeof(asked)),
	      symbol_format_call(lock->taken_at, taken, sizeof(taken)));
}

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	irq_push();
	if (held(lock))
		refuse(lock, "this CPU already holds", call_site);

	uint32_t own = node_take(lock);
	uint32_t before =
		__atomic_exchange_n(&lock->next, own, __ATOMIC_ACQ_REL);

	if (before) {
		__atomic_store_n(&node_of(before)->follower, own,
				 __ATOMIC_RELEASE);
		while (!__atomic_load_n(&node_of(own)->go, __ATOMIC_ACQUIRE))
			cpu_relax();
	}
	now_held(lock, own, call_site);
}

/* True when the queue was empty behind the holder. */
static bool close_queue(struct spinlock *lock, uint32_t own)
{
	return __atomic_compare_exchange_n(&lock->next, &own, 0, false,
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	if (!lab_spin_held(lock))
		refuse(lock, "this CPU does not hold", call_site);

	struct node *own = node_of(lock->serving);

	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	if (!close_queue(lock, lock->serving)) {
		uint32_t follower;

		/* Somebody is behind, or is about to say so. */
		while (!(follower = __atomic_load_n(&own->follower,
						    __ATOMIC_ACQUIRE)))
			cpu_relax();
		__atomic_store_n(&node_of(follower)->go, 1, __ATOMIC_RELEASE);
	}
	own->used = false;
	irq_pop();
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	uint32_t nobody = 0;

	irq_push();

	uint32_t own = node_take(lock);

	if (!__atomic_compare_exchange_n(&lock->next, &nobody, own, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		node_of(own)->used = false;
		irq_pop();
		return false;
	}
	now_held(lock, own, call_site);
	return true;
}

bool lab_spin_held(const struct spinlock *lock)
{
	irq_push();

	bool here = held(lock);

	irq_pop();
	return here;
}
