/*
 * waitq.c - waiting, before lab 3 is unlocked: a yield loop.
 *
 * Nobody is ever put to sleep.  A waiter gives up its lock, lets others run,
 * takes the lock again and returns, as if it had been woken for no reason; its
 * caller looks at the condition again.  That is correct, and takes all the time
 * that the CPU has.
 *
 * What it waits for may be done by another CPU.  Under icount, where one CPU
 * after the other has its turn, PAUSE ends ours.
 */
#include "waitq.h"
#include "errno.h"
#include "time.h"
#include "x86.h"

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	(void)wq;
	if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
		return -ERESTARTSYS;
	if (deadline != WAIT_FOREVER && time_ns() >= deadline)
		return -ETIMEDOUT;
	spin_unlock(lock);
	thread_yield();
	cpu_relax();
	spin_lock(lock);
	return 0;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	(void)wq;
	(void)count;
	return 0;
}
