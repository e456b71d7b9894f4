/*
 * waitq.c - whether a note is still on the queue says whether it was chosen:
 * who takes it off points it to itself.
 */
#include "waitq.h"

#include "errno.h"
#include "time.h"

static bool is_queued(const struct waiter *w)
{
	return w->link.next != &w->link;
}

static void take_off(struct waiter *w)
{
	list_remove(&w->link);
	list_init(&w->link);
}

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	struct waiter self;
	int result = 0;

	self.thread = current;
	list_push_back(&wq->sleepers, &self.link);
	while (is_queued(&self)) {
		if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
			result = -ERESTARTSYS;
		else if (deadline <= time_ns())
			result = -ETIMEDOUT;
		if (result) {
			take_off(&self);
			break;
		}
		spin_unlock(lock);
		if (deadline == WAIT_FOREVER)
			thread_block();
		else
			thread_block_until(deadline);
		spin_lock(lock);
	}
	return result;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	unsigned int woken;

	for (woken = 0; woken < count; woken++) {
		struct thread *thread = waitq_first(wq);

		if (!thread)
			break;
		take_off(list_first(&wq->sleepers, struct waiter, link));
		thread_unblock(thread);
	}
	return woken;
}
