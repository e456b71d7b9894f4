/*
 * spinlock.h - lab 1: the spinlock that everything above the core uses.
 *
 * A spinlock keeps other CPUs out by waiting, and this CPU's interrupts out by
 * irq_push().  It is fair: CPUs get it in the order in which they asked.  The
 * functions with lab_ in front are the student's (lock.c); the wrappers are
 * given, and hold the schedule points, the trace points and the record of who
 * waits for what.
 */
#ifndef SPINLOCK_H
#define SPINLOCK_H

#include "cpu.h"
#include "types.h"
#include "waitfor.h"

struct spinlock {
	/* The student's to use. */
	uint32_t next;      /* the ticket to draw next */
	uint32_t serving;   /* whose turn it is */
	struct cpu *holder; /* NULL when free */
	uintptr_t taken_at; /* call site of the holder */

	/* Given. */
	const char *name;
};

#define SPINLOCK_INIT(lock_name) \
	{ \
		.name = (lock_name) \
	}

/* ---- the student's ---- */

/*
 * Interrupts off first (irq_push), then the lock.  Panics when this CPU holds
 * it already; the text names both call sites (symbol_format_call).  Any
 * context.
 */
void lab_spin_lock(struct spinlock *lock, uintptr_t call_site);

/* Releases the lock, then irq_pop().  Panics when this CPU does not hold it,
 * naming call_site and, if it is held, where it was taken. */
void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site);

/* Takes the lock if it is free, and says whether it did; never waits.  If not,
 * interrupts are as they were. */
bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site);

/* Does this CPU hold it? */
bool lab_spin_held(const struct spinlock *lock);

/* ---- the wrappers: kernel/ipc/01-interrupts/spinlock.c ---- */

void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
bool spin_try_lock(struct spinlock *lock);

static inline bool spin_held(const struct spinlock *lock)
{
	return lab_spin_held(lock);
}

/* A free lock, whatever its memory was before. */
void spin_init(struct spinlock *lock, const char *name);

/* The lock that a thread waits for at this moment, or NULL. */
const struct spinlock *spin_waits(const struct thread *t);

/*
 * For trap_dispatch(): a handler that strikes a thread between the record of
 * its wait and its cli has waits of its own.  That record is put aside, and
 * put back.
 */
struct spin_wait {
	const struct spinlock *lock;
	uintptr_t at;
	size_t held; /* how many the thread holds: as many as after it */
};

struct spin_wait spin_wait_suspend(void);
void spin_wait_resume(struct spin_wait wait);

/* Somebody, a system call or an interrupt, returns and has kept its newest
 * spinlock: the panic says who, which, and where it was taken. */
void spin_panic_kept(const char *who) __attribute__((noreturn));

#endif
