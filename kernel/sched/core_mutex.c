/*
 * core_mutex.c - the sleeping lock of the given kernel.  See core_mutex.h.
 *
 * One word says who owns the mutex and whether somebody waits:
 *
 *	0			free
 *	thread			owned, nobody waits
 *	thread | CONTENDED	owned, and the list of waiters is not empty
 *
 * As long as nobody waits, to lock and to unlock is one compare-and-exchange
 * of that word, and the guard is not touched.  The owner of a contended mutex
 * does not set it free: under the guard it makes the first waiter the new
 * owner, and wakes it.  So waiters get the mutex in the order in which they
 * came, and nobody overtakes them.
 *
 * The waiter finds itself the owner before it can know that thread_unblock()
 * was called for it, and might then end.  So the wake-up comes before the guard
 * is released, and the waiter takes the guard to look: as in thread_bury().
 */
#include "core_mutex.h"

#include "cpu.h"
#include "panic.h"
#include "sched_policy.h"
#include "thread.h"

/* On the stack of a thread that waits. */
struct core_mutex_waiter {
	struct list_head link;
	struct thread *thread;
};

void core_mutex_init(struct core_mutex *m, const char *name)
{
	m->owner = 0;
	core_lock_init(&m->guard, name, RANK_MUTEX);
	list_init(&m->waiters);
}

static bool owner_change(struct core_mutex *m, uintptr_t from, uintptr_t to)
{
	return __atomic_compare_exchange_n(&m->owner, &from, to, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool core_mutex_held(const struct core_mutex *m)
{
	return (m->owner & ~CORE_MUTEX_CONTENDED) == (uintptr_t)current;
}

/* Takes a free mutex, or marks an owned one as contended, whatever it is when
 * it is done: true when it was free.  Needs the guard, so that no owner can
 * hand the mutex over before the caller is on the list. */
static bool take_or_mark(struct core_mutex *m)
{
	for (;;) {
		uintptr_t owner = m->owner;

		if (!owner && owner_change(m, 0, (uintptr_t)current))
			return true;
		if (owner &&
		    owner_change(m, owner, owner | CORE_MUTEX_CONTENDED))
			return false;
	}
}

static bool is_handed_over(struct core_mutex *m)
{
	bool mine;

	core_lock(&m->guard);
	mine = core_mutex_held(m);
	core_unlock(&m->guard);
	return mine;
}

static __attribute__((noinline)) void lock_contended(struct core_mutex *m,
						     uintptr_t call_site)
{
	struct core_mutex_waiter self = {.thread = current};
	struct wait_record outer;
	bool taken;

	if (core_mutex_held(m))
		panic("core_mutex_lock: thread %u (%s) takes \"%s\" twice",
		      current->id, current->name, m->guard.name);
	core_lock(&m->guard);
	taken = take_or_mark(m);
	if (!taken)
		list_push_back(&m->waiters, &self.link);
	core_unlock(&m->guard);
	outer = wait_begin(WAIT_CORE_MUTEX, m, m->guard.name, call_site);
	while (!taken) {
		thread_block();
		taken = is_handed_over(m);
	}
	wait_end(outer);
}

void core_mutex_lock(struct core_mutex *m)
{
	assert_may_sleep();
	sched_point(POINT_LOCK, m);
	if (unlikely(!owner_change(m, 0, (uintptr_t)current)))
		lock_contended(m, CALL_SITE);
}

bool core_mutex_try_lock(struct core_mutex *m)
{
	return owner_change(m, 0, (uintptr_t)current);
}

static __attribute__((noinline)) void unlock_contended(struct core_mutex *m)
{
	struct core_mutex_waiter *first;

	if (!core_mutex_held(m))
		panic("core_mutex_unlock: thread %u (%s) does not own \"%s\"",
		      current->id, current->name, m->guard.name);
	core_lock(&m->guard);
	first = list_entry(list_pop_front(&m->waiters),
			   struct core_mutex_waiter, link);
	m->owner = (uintptr_t)first->thread |
		   (list_empty(&m->waiters) ? 0 : CORE_MUTEX_CONTENDED);
	thread_unblock(first->thread);
	core_unlock(&m->guard);
}

void core_mutex_unlock(struct core_mutex *m)
{
	if (unlikely(!owner_change(m, (uintptr_t)current, 0)))
		unlock_contended(m);
	sched_point(POINT_UNLOCK, m);
}
