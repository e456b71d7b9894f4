/*
 * waitq.c - the sleeper looks at its note by compare-exchange: WAITING becomes
 * CHOSEN by the waker, or GONE by the sleeper, whoever comes first.
 */
#include "waitq.h"

#include "errno.h"
#include "time.h"

enum { WAITING, CHOSEN, GONE };

struct note {
	struct waiter base; /* waitq_first() reads its thread */
	int state;
};

static bool become(struct note *note, int state)
{
	int expected = WAITING;

	return __atomic_compare_exchange_n(&note->state, &expected, state,
					   false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static int reason_to_stop(uint64_t deadline, unsigned int flags)
{
	if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
		return -ERESTARTSYS;
	return time_ns() >= deadline ? -ETIMEDOUT : 0;
}

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	struct note note = {.base = {.thread = current}, .state = WAITING};
	int reason = reason_to_stop(deadline, flags);

	if (reason)
		return reason;
	list_push_back(&wq->sleepers, &note.base.link);
	spin_unlock(lock);
	while (!reason &&
	       __atomic_load_n(&note.state, __ATOMIC_ACQUIRE) == WAITING) {
		thread_block_until(deadline);
		reason = reason_to_stop(deadline, flags);
	}
	spin_lock(lock);
	if (!become(&note, GONE))
		return 0;
	list_remove(&note.base.link);
	return reason;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	unsigned int woken = 0;
	struct waiter *w, *next;

	list_for_each_safe (w, next, &wq->sleepers, link) {
		struct note *note = container_of(w, struct note, base);

		if (woken == count)
			break;
		if (!become(note, CHOSEN))
			continue;
		list_remove(&w->link);
		thread_unblock(w->thread);
		woken++;
	}
	return woken;
}
