/*
 * lock.c - lab 1: a plain spinlock: it does not notice that this CPU holds it
 * already.
 */
#include "spinlock.h"

#include "irq.h"

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	(void)call_site;
	cli();
	while (__atomic_exchange_n(&lock->serving, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	(void)call_site;
	__atomic_store_n(&lock->serving, 0, __ATOMIC_RELEASE);
	sti();
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
