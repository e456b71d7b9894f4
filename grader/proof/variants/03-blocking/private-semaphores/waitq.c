/*
 * waitq.c - lab 3: one loop that asks everything before each block, so that why
 * a block has ended need not be known.
 */
#include "waitq.h"
#include "errno.h"
#include "time.h"

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	struct waiter note = {.thread = current};
	int reason = 0;

	list_push_back(&wq->sleepers, &note.link);
	for (;;) {
		if (note.woken)
			return 0;
		if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
			reason = -ERESTARTSYS;
		else if (deadline != WAIT_FOREVER && time_ns() >= deadline)
			reason = -ETIMEDOUT;
		if (reason)
			break;
		spin_unlock(lock);
		if (deadline == WAIT_FOREVER)
			thread_block();
		else
			thread_block_until(deadline);
		spin_lock(lock);
	}
	list_remove(&note.link);
	return reason;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	unsigned int left = count;
	struct list_head *node;

	for (; left > 0; left--) {
		node = list_pop_front(&wq->sleepers);
		if (!node)
			break;
		struct waiter *w = list_entry(node, struct waiter, link);
		struct thread *t = w->thread;

		w->woken = true;
		thread_unblock(t);
	}
	return count - left;
}
