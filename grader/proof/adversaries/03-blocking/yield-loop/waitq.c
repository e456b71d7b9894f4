/*
 * waitq.c - lab 3: who waits asks again and again, and is right in the end; but
 * it never sleeps.
 */
#include "waitq.h"

#include "errno.h"
#include "time.h"

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	struct waiter self = {.thread = current};
	int error = 0;

	list_push_back(&wq->sleepers, &self.link);
	while (!self.woken && !error) {
		spin_unlock(lock);
		thread_yield();
		cpu_relax();
		spin_lock(lock);
		if (deadline != WAIT_FOREVER && time_ns() >= deadline)
			error = -ETIMEDOUT;
		if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
			error = -ERESTARTSYS;
	}
	if (self.woken)
		return 0;
	list_remove(&self.link);
	return error;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	unsigned int woken = 0;

	for (; woken < count && waitq_has_sleepers(wq); woken++) {
		struct waiter *w =
			list_first(&wq->sleepers, struct waiter, link);

		list_remove(&w->link);
		w->woken = true;
	}
	return woken;
}
