/*
 * spinlock.c - the given side of lab 1's spinlock.
 *
 * Each call of spin_lock() and its kin comes through here, and then goes to the
 * student's function: so whatever that one does, the schedule points are
 * passed, the trace shows it, and it is known which thread waits for which lock
 * and which locks it holds.  That is its struct spin_record:
 *
 *	lock[]	NULL  A  B  C  NULL	holds A and B, waits for C
 *		   held = 2 ^
 *
 *	spin_lock(C)	lock[held + 1] = C, the student's function, held = 3
 *	spin_unlock(C)	lock[held] = NULL, held = 2, the student's function
 *
 * The record is the thread's, and not the CPU's: until the student's function
 * has turned interrupts off, the thread may be moved.  Others only read it when
 * a report is printed and all stand still.
 */
#include "spinlock.h"
#include "panic.h"
#include "sched_policy.h"
#include "thread.h"
#include "trace.h"

/* ---- the record ---- */

/* Also in the slot that is one too many. */
static void record_wait(struct spin_record *r, const struct spinlock *lock,
			uintptr_t call_site)
{
	r->at[r->held + 1] = call_site;
	r->lock[r->held + 1] = lock;
}

/* More locks than there is room for are not recorded as held. */
static void record_held(struct spin_record *r)
{
	if (likely(r->held < MAX_HELD_SPINLOCKS))
		r->held++;
	else
		r->lock[r->held + 1] = NULL;
}

/* Locks may be released in any order: makes this one the newest.  False: it was
 * not recorded. */
static bool record_reorder(struct spin_record *r, const struct spinlock *lock)
{
	size_t i = r->held;
	uintptr_t at;

	while (i > 0 && r->lock[i] != lock)
		i--;
	at = r->at[i];
	for (; i > 0 && i < r->held; i++) {
		r->lock[i] = r->lock[i + 1];
		r->at[i] = r->at[i + 1];
	}
	r->lock[i] = lock;
	r->at[i] = at;
	return i > 0;
}

static void record_released(struct spin_record *r, const struct spinlock *lock)
{
	if (unlikely(r->lock[r->held] != lock) && !record_reorder(r, lock))
		return;
	r->lock[r->held] = NULL;
	r->held--;
}

const struct spinlock *spin_waits(const struct thread *t)
{
	const struct spin_record *r = &t->spin;

	return __atomic_load_n(&r->lock[r->held + 1], __ATOMIC_RELAXED);
}

struct spin_wait spin_wait_suspend(void)
{
	struct spin_record *r = &current->spin;
	size_t next = r->held + 1;
	struct spin_wait wait = {r->lock[next], r->at[next], r->held};

	r->lock[next] = NULL;
	return wait;
}

void spin_wait_resume(struct spin_wait wait)
{
	struct spin_record *r = &current->spin;

	r->at[r->held + 1] = wait.at;
	r->lock[r->held + 1] = wait.lock;
}

void spin_panic_kept(const char *who)
{
	const struct spin_record *r = &current->spin;
	size_t newest = MIN(r->held, MAX_HELD_SPINLOCKS);

	panic("%s returns with spinlock \"%s\" held, taken at %pS", who,
	      r->lock[newest]->name, (void *)r->at[newest]);
}

/* ---- the wrappers ---- */

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
	lockorder_forget(lock);
}

void spin_lock(struct spinlock *lock)
{
	struct spin_record *r = &current->spin;

	lockorder_check(lock, lock->name, CALL_SITE);
	sched_point(POINT_LOCK, lock);
	record_wait(r, lock, CALL_SITE);
	lab_spin_lock(lock, CALL_SITE);
	record_held(r);
	trace(TRACE_LOCK, TRACE_PTR(lock), CALL_SITE);
}

bool spin_try_lock(struct spinlock *lock)
{
	struct spin_record *r = &current->spin;

	sched_point(POINT_LOCK, lock);
	if (!lab_spin_try_lock(lock, CALL_SITE))
		return false;
	record_wait(r, lock, CALL_SITE);
	record_held(r);
	trace(TRACE_LOCK, TRACE_PTR(lock), CALL_SITE);
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	trace(TRACE_UNLOCK, TRACE_PTR(lock), CALL_SITE);
	record_released(&current->spin, lock);
	lab_spin_unlock(lock, CALL_SITE);
	sched_point(POINT_UNLOCK, NULL);
}
