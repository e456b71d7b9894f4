/*
 * waitq.c - lab 3: wakes a thread that there is not.
 */
#include "waitq.h"

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	(void)wq;
	(void)lock;
	(void)deadline;
	(void)flags;
	thread_unblock((struct thread *)0x1000);
	return 0;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	(void)wq;
	(void)count;
	return 0;
}
