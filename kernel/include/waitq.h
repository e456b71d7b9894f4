/*
 * waitq.h - the one place where the kernel waits.
 *
 * Everything above the core that must wait for a condition does it so:
 *
 *	spin_lock(&lock);
 *	while (!condition) {
 *		error = waitq_sleep_until(&wq, &lock, deadline, flags);
 *		if (error)
 *			break;
 *	}
 *	spin_unlock(&lock);
 *
 * and who makes the condition true calls waitq_wake() with the lock held.
 * Lab 3 provides the implementation; before it is unlocked, that in
 * kernel/locked/03-blocking gives up the lock, yields the CPU, takes the lock
 * again and returns: so every wait is a loop that asks again and again.
 */
#ifndef WAITQ_H
#define WAITQ_H

#include "list.h"
#include "spinlock.h"
#include "types.h"

#define WAIT_FOREVER UINT64_MAX

/* flags: a kill (from lab 7 on: a signal) ends the wait. */
#define WAIT_INTERRUPTIBLE 1u

struct waitq {
	struct list_head sleepers; /* needs the lock that sleepers pass */
	const char *name;          /* for reports */
};

/* ---- the student's, from lab 3 on ---- */

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags);
unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count);

/* ---- the wrappers ---- */

static inline void waitq_init(struct waitq *wq, const char *name)
{
	list_init(&wq->sleepers);
	wq->name = name;
}

/*
 * Gives up the lock and waits, atomically; holds the lock again on return.  It
 * must be the only lock held.  0: woken, or for no reason: look again.
 * -ETIMEDOUT: time_ns() has reached the deadline.  -ERESTARTSYS: the process
 * is being killed, with WAIT_INTERRUPTIBLE only.
 */
static inline int waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
				    uint64_t deadline, unsigned int flags)
{
	return lab_waitq_sleep_until(wq, lock, deadline, flags);
}

/* Wakes up to count sleepers, first come first served; the caller holds the
 * lock that they passed.  Returns how many. */
static inline unsigned int waitq_wake(struct waitq *wq, unsigned int count)
{
	return lab_waitq_wake(wq, count);
}

#define WAKE_ALL UINT32_MAX

#endif
