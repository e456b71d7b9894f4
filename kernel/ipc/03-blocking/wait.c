/*
 * wait.c - the given side of lab 3's wait queue.
 *
 * Each call of waitq_sleep_until() and its kin comes through here, and then
 * goes to the student's function: so whatever that one does, it is checked that
 * a thread does not go to sleep with a spinlock, and known who waits for what
 * (waitfor.h).
 */
#include "cpu.h"
#include "process.h"
#include "waitfor.h"
#include "waitq.h"

/* The usual case, in a few instructions. */
static inline bool is_only_spinlock(const struct spinlock *lock)
{
	const struct spin_record *spin = &current->spin;

	return spin->held == 1 && spin->lock[1] == lock;
}

/* What is waited for is known better to the caller's wrapper, if it has one. */
static inline bool is_recorded(unsigned int flags)
{
	return current->waits.wait.kind != WAIT_NONE && !(flags & WAIT_OUTSIDE);
}

int waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
		      uint64_t deadline, unsigned int flags)
{
	struct wait_record outer;
	int error;

	if (unlikely(!is_only_spinlock(lock)))
		assert_may_wait(lock, CALL_SITE);
	if (is_recorded(flags))
		return lab_waitq_sleep_until(wq, lock, deadline, flags);
	outer = wait_begin(flags & WAIT_OUTSIDE ? WAIT_DEVICE : WAIT_QUEUE, wq,
			   wq->name, CALL_SITE);
	error = lab_waitq_sleep_until(wq, lock, deadline,
				      flags & ~WAIT_OUTSIDE);
	wait_end(outer);
	return error;
}

unsigned int waitq_wake(struct waitq *wq, unsigned int count)
{
	return lab_waitq_wake(wq, count);
}
