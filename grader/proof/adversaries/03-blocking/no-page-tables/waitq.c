/*
 * waitq.c - lab 3: takes the page tables away.
 */
#include "waitq.h"

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	(void)wq;
	(void)lock;
	(void)deadline;
	(void)flags;
	asm volatile("mov %0, %%cr3" : : "r"(0ul) : "memory");
	return 0;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	(void)wq;
	(void)count;
	return 0;
}
