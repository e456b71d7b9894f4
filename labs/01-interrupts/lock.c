/*
 * lock.c - lab 1: the spinlock.
 *
 * Turning interrupts off (irq.c) keeps this CPU's handlers and threads out of a
 * section, but not another CPU: that one reads and writes the same memory at
 * the same time, whatever our interrupt flag says.  A spinlock keeps both out.
 *
 * It works like the ticket dispenser in a shop.  Who wants the lock draws the
 * next number and waits until that number is served; who leaves calls the
 * number after its own.
 *
 *	next == serving		free
 *	next == serving + 1	held, nobody waits
 *	next == serving + n	held, n - 1 CPUs wait, and are served in the
 *				order in which they drew their numbers
 *
 * Drawing is one indivisible operation, for two CPUs may ask at once; calling
 * the next number is not, for only the holder does it.
 *
 * The usual sequence, from threads and from interrupt handlers alike:
 *
 *	spin_lock(&lock);	interrupts off, draw, wait
 *	...			nobody else is in here, on any CPU
 *	spin_unlock(&lock);	call the next number, interrupts as before
 *
 * Why interrupts first: a handler that came while this CPU holds the lock, or
 * waits with a number in its hand, and wanted the same lock, would wait for
 * the code that it interrupted.  And why they stay off up to the end: the same
 * again.  Since sections of irq_push() nest, so do locks, and two of them may
 * be released in either order (hand over hand).
 *
 * next and serving change by the rules above.  holder and taken_at are written
 * by the CPU that holds the lock, and are there for the checks: a CPU may look
 * at them at any time, but the only answer that does not change under it is
 * whether the holder is itself.
 */
#include "spinlock.h"

#include "backtrace.h"
#include "irq.h"
#include "panic.h"

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	/* TODO(lab 1.3): interrupts off first, then wait for the lock in fair
	 * order; panic when this CPU holds it already, naming call_site and
	 * where it was taken. */
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	/* TODO(lab 1.3): let the next CPU have the lock, then interrupts as
	 * they were; panic when this CPU does not hold it, naming call_site
	 * and, if it is held, where it was taken. */
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	/* TODO(lab 1.3): take the lock if it is free, without ever waiting;
	 * if it is not, interrupts are as they were. */
	return false;
}

bool lab_spin_held(const struct spinlock *lock)
{
	/* TODO(lab 1.3): say whether this CPU holds the lock. */
	return false;
}
