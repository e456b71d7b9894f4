/*
 * waitq.c - a sleeper is chosen by taking its thread out of its note.
 */
#include "waitq.h"

#include "errno.h"
#include "time.h"

static bool must_stop(unsigned int flags)
{
	return (flags & WAIT_INTERRUPTIBLE) && wait_interrupted();
}

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	struct waiter note = {.thread = current};

	if (must_stop(flags))
		return -ERESTARTSYS;
	if (time_ns() >= deadline)
		return -ETIMEDOUT;
	list_push_back(&wq->sleepers, &note.link);
	for (;;) {
		spin_unlock(lock);
		thread_block_until(deadline);
		spin_lock(lock);
		if (!note.thread)
			return 0;
		if (!must_stop(flags) && time_ns() < deadline)
			continue;
		list_remove(&note.link);
		return must_stop(flags) ? -ERESTARTSYS : -ETIMEDOUT;
	}
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	unsigned int left = count;

	for (; left > 0 && !list_empty(&wq->sleepers); left--) {
		struct list_head *link = list_pop_front(&wq->sleepers);
		struct waiter *note = list_entry(link, struct waiter, link);
		struct thread *thread = note->thread;

		note->thread = NULL;
		thread_unblock(thread);
	}
	return count - left;
}
