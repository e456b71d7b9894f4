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
#ifdef SOLUTION

/* Panics with both places: call_site, and where the lock was taken last. */
static __attribute__((noreturn)) void lock_panic(const struct spinlock *lock,
						 const char *what,
						 uintptr_t call_site)
{
	char here[SYMBOL_TEXT_SIZE], there[SYMBOL_TEXT_SIZE] = "never";

	symbol_format_call(call_site, here, sizeof(here));
	if (lock->taken_at)
		symbol_format_call(lock->taken_at, there, sizeof(there));
	panic("%s: spinlock \"%s\", at %s; last taken: %s", what, lock->name,
	      here, there);
}
#endif

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
#ifdef SOLUTION
	irq_push();

	struct cpu *c = this_cpu();

	if (lock->holder == c)
		lock_panic(lock, "spin_lock: taken twice", call_site);

	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (unlikely(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) !=
			ticket))
		cpu_relax();
	lock->holder = c;
	lock->taken_at = call_site;
#else
	/* TODO(lab 1.3): interrupts off first, then wait for the lock in fair
	 * order; panic when this CPU holds it already, naming call_site and
	 * where it was taken. */
#endif
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
#ifdef SOLUTION
	if (lock->holder != this_cpu())
		lock_panic(lock, "spin_unlock: not the holder", call_site);
	lock->holder = NULL;
	/* A plain store would do for the CPU, which keeps stores in order (SDM
	 * 3A, 9.2.2), but not for the compiler. */
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	irq_pop();
#else
	/* TODO(lab 1.3): let the next CPU have the lock, then interrupts as
	 * they were; panic when this CPU does not hold it, naming call_site
	 * and, if it is held, where it was taken. */
#endif
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
#ifdef SOLUTION
	irq_push();

	/* Free means that the number being served was not drawn yet.  So draw
	 * it, but only if it is still the next one. */
	uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE);

	if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		irq_pop();
		return false;
	}
	lock->holder = this_cpu();
	lock->taken_at = call_site;
	return true;
#else
	/* TODO(lab 1.3): take the lock if it is free, without ever waiting;
	 * if it is not, interrupts are as they were. */
	return false;
#endif
}

bool lab_spin_held(const struct spinlock *lock)
{
#ifdef SOLUTION
	irq_push();

	bool held = lock->holder == this_cpu();

	irq_pop();
	return held;
#else
	/* TODO(lab 1.3): say whether this CPU holds the lock. */
	return false;
#endif
}
