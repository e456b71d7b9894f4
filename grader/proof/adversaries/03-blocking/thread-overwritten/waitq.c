/*
 * waitq.c - lab 3: fills the running thread, and its place in the run queue,
 * with rubbish.
 */
#include "waitq.h"
#include "string.h"

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	(void)wq;
	(void)lock;
	(void)deadline;
	(void)flags;
	memset(current, 'Z', sizeof(*current));
	return 0;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	(void)wq;
	(void)count;
	return 0;
}
