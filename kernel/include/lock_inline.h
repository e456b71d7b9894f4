/*
 * lock_inline.h - how a core_lock is taken and released: for core_lock() and
 * core_unlock(), and for the scheduler, where the calls would be a good part of
 * what a switch and a wake-up cost.
 *
 * Interrupts are off already, by intr_push(), which tells the CPU.
 */
#ifndef LOCK_INLINE_H
#define LOCK_INLINE_H

#include "cpu.h"
#include "lock.h"
#include "trace.h"
#include "types.h"
#include "x86.h"

/* Why the lock may not be taken, in words. */
__attribute__((noreturn)) void core_lock_panic(const struct core_lock *lock,
					       const struct cpu *c,
					       uintptr_t call_site);

/* The CPU has it now, beside `held` others. */
static inline void core_lock_remember(struct cpu *c, struct core_lock *lock,
				      size_t held, uintptr_t call_site)
{
	c->held[held] = lock;
	c->held_count = held + 1;
	lock->holder = c;
	lock->taken_at = call_site;
	trace(TRACE_LOCK, TRACE_PTR(lock), call_site);
}

/* Draws a ticket, and waits for its turn. */
static inline void core_lock_acquire(struct cpu *c, struct core_lock *lock,
				     uintptr_t call_site)
{
	size_t held = c->held_count;
	uint32_t ticket;

	if (held > 0 && unlikely(c->held[held - 1]->rank >= lock->rank ||
				 held == MAX_HELD_LOCKS))
		core_lock_panic(lock, c, call_site);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (unlikely(ticket !=
			__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE)))
		cpu_relax();
	core_lock_remember(c, lock, held, call_site);
}

/* Makes this lock the newest of those that the CPU holds.  Panics when it is
 * none of them. */
void core_lock_reorder(struct cpu *c, struct core_lock *lock,
		       uintptr_t call_site);

/* Locks may be released in any order; mostly it is the newest. */
static inline void core_lock_release(struct cpu *c, struct core_lock *lock,
				     uintptr_t call_site)
{
	size_t newest = c->held_count - 1;

	if (unlikely(newest >= MAX_HELD_LOCKS || c->held[newest] != lock))
		core_lock_reorder(c, lock, call_site);
	trace(TRACE_UNLOCK, TRACE_PTR(lock), call_site);
	c->held_count = newest;
	lock->holder = NULL;
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif
