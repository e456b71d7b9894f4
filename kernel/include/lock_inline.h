/*
 * lock_inline.h - taking and releasing a core_lock, without a call.
 *
 * For lock.c, and for the scheduler: a switch and a wake-up take few enough
 * instructions that the calls would be a good part of them.  The caller has
 * turned interrupts off by intr_push(), which says the CPU, and turns them on
 * again itself; it looks after schedule points and trace points, too.
 */
#ifndef LOCK_INLINE_H
#define LOCK_INLINE_H

#include "cpu.h"
#include "lock.h"
#include "trace.h"
#include "types.h"
#include "x86.h"

/* The ways in which a lock may not be taken: all panic. */
__attribute__((noreturn)) void core_lock_panic_order(
	const struct core_lock *lock, const struct cpu *c, uintptr_t call_site);
__attribute__((noreturn)) void core_lock_panic_many(
	const struct core_lock *lock, uintptr_t call_site);

/* The CPU has it now, beside `held` others. */
static inline void core_lock_remember(struct cpu *c, struct core_lock *lock,
				      size_t held, uintptr_t call_site)
{
	c->held[held] = lock;
	c->held_count = held + 1;
	lock->holder = c;
	lock->taken_at = call_site;
}

/*
 * Draws a ticket, and waits for its turn.  An x86 CPU reads in order, so that
 * only the compiler must be told: cpu_relax() has it read `serving` anew, and
 * the barrier keeps what is guarded behind the lock.
 */
static inline void core_lock_take_turn(struct core_lock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);

	while (unlikely(lock->serving != ticket))
		cpu_relax();
	compiler_barrier();
}

static inline void core_lock_acquire(struct cpu *c, struct core_lock *lock,
				     uintptr_t call_site)
{
	size_t held = c->held_count;

	if (held) {
		if (unlikely(c->held[held - 1]->rank >= lock->rank))
			core_lock_panic_order(lock, c, call_site);
		if (unlikely(held == MAX_HELD_LOCKS))
			core_lock_panic_many(lock, call_site);
	}
	core_lock_take_turn(lock);
	core_lock_remember(c, lock, held, call_site);
}

/* The same for a caller that has just opened the outermost section with
 * interrupts off: it can hold no other lock. */
static inline void core_lock_acquire_first(struct cpu *c,
					   struct core_lock *lock,
					   uintptr_t call_site)
{
	core_lock_take_turn(lock);
	core_lock_remember(c, lock, 0, call_site);
}

/* The same, for the trace as well. */
static inline void core_lock_traced(struct cpu *c, struct core_lock *lock,
				    uintptr_t call_site)
{
	core_lock_acquire(c, lock, call_site);
	trace(TRACE_LOCK, TRACE_PTR(lock), call_site);
}

/*
 * The lock is the newest of those that the CPU holds.  Only the holder writes
 * `serving`, and the CPU keeps stores in order (SDM 3A, 9.2.2): so an ordinary
 * increment will do, if the compiler keeps it behind what is before it.
 */
static inline void core_lock_release(struct cpu *c, struct core_lock *lock)
{
	c->held_count--;
	lock->holder = NULL;
	compiler_barrier();
	lock->serving++;
	compiler_barrier();
}

#endif
