/*
 * lock.h - core_lock, the spinlock of the given kernel.
 *
 * The scheduler, memory, timers, printk and the test harness are built on
 * core_lock and not on the student's spinlock of lab 1, so that they still
 * work, and can explain, when that one is wrong.
 *
 * A core_lock is a ticket lock taken with interrupts off.  It checks itself:
 *
 *   - A CPU that takes a lock it already holds, or releases one that it does
 *     not, panics, naming both call sites.
 *   - Each lock has a rank, and a CPU may only take a lock of a higher rank
 *     than any it holds.  So no two CPUs can wait for one another; and a wrong
 *     order is found the first time it is run, not the first time it deadlocks.
 *   - A thread may not sleep while it holds one (thread_block checks).
 *
 * The ranks, with what each lock guards, are in kernel/LOCKING.md.
 */
#ifndef LOCK_H
#define LOCK_H

#include "types.h"
#include "x86.h"

enum lock_rank {
	RANK_NONE = 0,
	RANK_MONITOR,     /* monitor and test harness state */
	RANK_TEST,        /* locks that tests make */
	RANK_TEST_INNER,  /* ... and take inside the former */
	RANK_GATES,       /* hand-shakes of tests */
	RANK_THREADS,     /* the list of all threads */
	RANK_THREAD_EXIT, /* one thread's exit and join */
	RANK_VM,          /* kernel page tables */
	RANK_HEAP,        /* a size class of the heap */
	RANK_PAGES,       /* the page allocator */
	RANK_IRQ,         /* the interrupt controllers */
	RANK_MUTEX,       /* the waiters of one mutex */
	RANK_RUN_QUEUE,   /* one CPU's run queue */
	RANK_TIMERS,      /* one CPU's timers */
	RANK_LOCK_ORDER,  /* what is known of the order of locks */
	RANK_PRINTK,      /* printk */
};

struct core_lock {
	uint32_t next;    /* the ticket to draw next */
	uint32_t serving; /* whose turn it is */
	enum lock_rank rank;
	const char *name;
	/* For the checks; written by the holder. */
	struct cpu *volatile holder; /* NULL when free */
	uintptr_t taken_at;          /* call site */
};

#define CORE_LOCK_INIT(lock_name, lock_rank) \
	{ \
		.name = (lock_name), .rank = (lock_rank) \
	}

void core_lock_init(struct core_lock *lock, const char *name,
		    enum lock_rank rank);

/*
 * Any context but NMI.  Interrupts are off from here to core_unlock().
 * Panics: already held by this CPU; rank not above every lock held.
 */
void core_lock(struct core_lock *lock);

/* Panics when this CPU does not hold the lock. */
void core_unlock(struct core_lock *lock);

/* False at once when the lock is taken.  Exempt from the rank check, as it
 * never waits. */
bool core_try_lock(struct core_lock *lock);

/* Does this CPU hold it?  For assert() at the top of helpers. */
bool core_lock_held(const struct core_lock *lock);

/* Why a thread may not sleep here, in words. */
void sleep_panic(uintptr_t call_site) __attribute__((noreturn));

/* Panics unless a thread may sleep here: interrupts on, no core lock held,
 * not in an interrupt handler.  The message names call_site. */
static inline void assert_may_sleep_at(uintptr_t call_site)
{
	if (unlikely(!(read_rflags() & RFLAGS_IF)))
		sleep_panic(call_site);
}

static inline void assert_may_sleep(void)
{
	assert_may_sleep_at(CALL_SITE);
}

#endif
