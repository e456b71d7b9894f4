/*
 * lock.c - lab 1: spin_lock() sleeps until the lock is free.
 */
#include "spinlock.h"

#include "irq.h"
#include "thread.h"
#include "time.h"

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	(void)call_site;
	cli();
	while (__atomic_exchange_n(&lock->serving, 1, __ATOMIC_ACQUIRE))
		thread_sleep_until(time_ns() + NSEC_PER_MSEC);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	(void)lock;
	(void)call_site;
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	(void)lock;
	(void)call_site;
	return false;
}

bool lab_spin_held(const struct spinlock *lock)
{
	(void)lock;
	return false;
}
