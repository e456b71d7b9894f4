/*
 * waitq.h - lab 3: the one place where the kernel waits.
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
 *
 * The functions with lab_ in front are the student's (waitq.c); everybody else
 * calls the wrappers without it, which are given
 * (kernel/ipc/03-blocking/wait.c): they hold the schedule points, the checks,
 * and the record of who waits for what. Before the lab,
 * kernel/ipc/03-blocking/locked.c gives up the lock, yields the CPU, takes the
 * lock again and returns: so every wait is a loop that asks again and again.
 */
#ifndef WAITQ_H
#define WAITQ_H

#include "list.h"
#include "spinlock.h"
#include "thread.h"
#include "types.h"

/* flags: a kill (from lab 7 on: a signal) ends the wait. */
#define WAIT_INTERRUPTIBLE 1u

/* ... and for the wrapper alone: what ends the wait may come from outside, as a
 * key, so it is no deadlock when nobody else can run. */
#define WAIT_OUTSIDE 2u

#define WAKE_ALL UINT32_MAX

struct waitq {
	/* The student's; needs the lock that sleepers pass. */
	struct list_head sleepers; /* struct waiter, by link, oldest first */

	/* Given. */
	const char *name; /* for reports */
};

/* A sleeper: lies on the stack of its thread while that is in
 * lab_waitq_sleep_until().  Needs the lock that it passed. */
struct waiter {
	struct list_head link; /* in sleepers */
	struct thread *thread;
	bool woken; /* chosen by lab_waitq_wake(), and off the list */
};

/* ---- the student's ---- */

/*
 * Gives up the lock and blocks, as one: who takes the lock after that, and
 * calls lab_waitq_wake(), finds this thread.  Holds the lock again on return,
 * whatever the result.  Thread context, no other lock held.
 *
 *	0		woken by lab_waitq_wake(); never for another reason
 *	-ETIMEDOUT	not woken, and time_ns() has reached the deadline
 *			(WAIT_FOREVER: it never does)
 *	-ERESTARTSYS	not woken, and wait_interrupted(): only with
 *			WAIT_INTERRUPTIBLE, and then also before sleeping
 *
 * A thread that was woken returns 0 although the deadline passes, or a kill
 * comes, before it runs: the wake-up was meant for it, and is not lost.
 */
int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags);

/* Wakes up to count sleepers, those that came first; returns how many.  The
 * caller holds the lock that they passed.  Any context but NMI. */
unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count);

/* ---- the wrappers: kernel/ipc/03-blocking/wait.c ---- */

/* As above; but before lab 3 it returns 0 for no reason, too: so look at the
 * condition again. */
int waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
		      uint64_t deadline, unsigned int flags);
unsigned int waitq_wake(struct waitq *wq, unsigned int count);

/* ---- given ---- */

static inline void waitq_init(struct waitq *wq, const char *name)
{
	list_init(&wq->sleepers);
	wq->name = name;
}

/* Does anybody sleep?  Needs the lock that sleepers pass. */
static inline bool waitq_has_sleepers(const struct waitq *wq)
{
	return !list_empty(&wq->sleepers);
}

/* The thread that waitq_wake() would wake first, or NULL; needs the lock. */
static inline struct thread *waitq_first(const struct waitq *wq)
{
	if (list_empty(&wq->sleepers))
		return NULL;
	return list_first(&wq->sleepers, struct waiter, link)->thread;
}

/* Must the calling thread stop an interruptible wait?  It has been killed; from
 * lab 7 on, also: a signal is to be delivered. */
static inline bool wait_interrupted(void)
{
	return current->must_leave;
}

#endif
