/*
 * waitq.c - lab 3: the wait queue.
 *
 * A thread that waits for something needs two things of the scheduler: to be
 * taken off the CPU, thread_block(), and somebody who puts it back,
 * thread_unblock().  The wait queue is the meeting point between them: who
 * waits leaves a note there with its name, and who makes the condition true
 * takes notes off and wakes the threads that wrote them.
 */
#include "waitq.h"

#include "errno.h"
#include "time.h"
#ifdef SOLUTION

/*
 * Who does what, and when:
 *
 *	sleeper, under the lock			waker, under the lock
 *
 *	condition false
 *	note on the queue
 *	gives up the lock
 *	blocks
 *						makes the condition true
 *						takes the note off
 *						note->woken = true, unblocks
 *						gives up the lock
 *	takes the lock, sees `woken`
 *
 * Why no wake-up is lost: between its look at the condition and its note, the
 * sleeper holds the lock, so that the waker either comes before and the sleeper
 * finds the condition true, or comes after and finds the note.  Between giving
 * up the lock and blocking it does not hold it; but an unblock that comes then
 * is remembered, and thread_block() returns at once (thread.h).
 *
 * What ends a block is not always the wake-up that was waited for: the deadline
 * does, a kill does, and an unblock that was meant for something else and came
 * late.  Only `woken` says that this sleeper was chosen; so it, and not the
 * reason for which the block ended, decides.  A thread that was chosen has been
 * counted by the waker, and answers 0 whatever else has happened meanwhile.
 *
 * The note lies on the sleeper's stack.  That is safe because the sleeper
 * cannot return before it has the lock, and then either the waker has taken the
 * note off, or the sleeper does.
 */
#endif

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
#ifdef SOLUTION
	bool interruptible = flags & WAIT_INTERRUPTIBLE;
	struct waiter self = {.thread = current};
	int error;

	if (interruptible && wait_interrupted())
		return -ERESTARTSYS;
	list_push_back(&wq->sleepers, &self.link);
	do {
		spin_unlock(lock);
		error = thread_block_until(deadline);
		spin_lock(lock);
		if (interruptible && wait_interrupted())
			error = -ERESTARTSYS;
	} while (!self.woken && !error);

	if (self.woken)
		return 0;
	list_remove(&self.link);
	return error;
#else
	/* TODO(lab 3.1): sleep until lab_waitq_wake() chooses this thread, the
	 * deadline comes or, if the flags say so, wait_interrupted().  What is
	 * here only looks busy: it returns at once, for no reason. */
	if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
		return -ERESTARTSYS;
	if (deadline != WAIT_FOREVER && time_ns() >= deadline)
		return -ETIMEDOUT;
	spin_unlock(lock);
	thread_yield();
	spin_lock(lock);
	return 0;
#endif
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
#ifdef SOLUTION
	unsigned int woken = 0;

	while (woken < count && waitq_has_sleepers(wq)) {
		struct waiter *w =
			list_first(&wq->sleepers, struct waiter, link);

		list_remove(&w->link);
		w->woken = true;
		thread_unblock(w->thread);
		woken++;
	}
	return woken;
#else
	/* TODO(lab 3.1): wake up to count sleepers, those that came first. */
	return 0;
#endif
}
