/*
 * lock.c - core_lock: a ticket lock that checks itself.  See lock.h.
 *
 * Each CPU keeps the locks that it holds, oldest first, so the rank check
 * compares with the newest only.  The store that releases a ticket lock needs
 * no locked instruction: only the holder writes `serving`, and x86 keeps the
 * order of stores (SDM 3A, 8.2.2).
 */
#include "lock.h"
#include "backtrace.h"
#include "cpu.h"
#include "panic.h"
#include "perturb.h"
#include "trace.h"

static __attribute__((noinline, noreturn)) void
lock_panic(const struct core_lock *lock, const char *what, uintptr_t taken_at,
	   const char *taken_name, uintptr_t call_site)
{
	char here[SYMBOL_TEXT_SIZE], there[SYMBOL_TEXT_SIZE];

	symbol_format(call_site - 1, here, sizeof(here));
	if (!taken_at)
		panic("core_lock: lock \"%s\" %s, at %s", lock->name, what,
		      here);
	symbol_format(taken_at - 1, there, sizeof(there));
	panic("core_lock: lock \"%s\" %s, at %s; \"%s\" was taken at %s",
	      lock->name, what, here, taken_name, there);
}

static __attribute__((noinline, noreturn)) void
order_panic(const struct core_lock *lock, const struct cpu *c,
	    uintptr_t call_site)
{
	const struct core_lock *last = c->held[c->held_count - 1];

	for (unsigned int i = 0; i < c->held_count; i++)
		if (c->held[i] == lock)
			lock_panic(lock, "taken twice by this CPU",
				   lock->taken_at, lock->name, call_site);
	lock_panic(lock, "taken out of order: its rank is not above that of "
			 "a lock already held",
		   last->taken_at, last->name, call_site);
}

static inline void remember(struct cpu *c, struct core_lock *lock,
			    uintptr_t call_site)
{
	if (unlikely(c->held_count == MAX_HELD_LOCKS))
		lock_panic(lock, "is one too many to hold at once", 0, NULL,
			   call_site);
	c->held[c->held_count++] = lock;
	lock->holder = c;
	lock->taken_at = call_site;
}

void core_lock_init(struct core_lock *lock, const char *name,
		    enum lock_rank rank)
{
	*lock = (struct core_lock)CORE_LOCK_INIT(name, rank);
}

/* The scheduler's own locks must not call the scheduler. */
static inline bool has_sched_point(const struct core_lock *lock)
{
	return lock->rank < RANK_RUN_QUEUE;
}

void core_lock(struct core_lock *lock)
{
	if (unlikely(perturb_on) && has_sched_point(lock))
		sched_point(POINT_LOCK, lock);
	intr_push();

	struct cpu *c = this_cpu();
	unsigned int held = c->held_count;

	if (held && unlikely(c->held[held - 1]->rank >= lock->rank))
		order_panic(lock, c, CALL_SITE);

	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);

	while (unlikely(lock->serving != ticket))
		cpu_relax();
	asm volatile("" : : : "memory");
	remember(c, lock, CALL_SITE);
	trace(TRACE_LOCK, TRACE_PTR(lock), CALL_SITE);
}

bool core_try_lock(struct core_lock *lock)
{
	intr_push();

	uint32_t serving = lock->serving;

	if (!__atomic_compare_exchange_n(&lock->next, &serving, serving + 1,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		intr_pop();
		return false;
	}
	remember(this_cpu(), lock, CALL_SITE);
	trace(TRACE_LOCK, TRACE_PTR(lock), CALL_SITE);
	return true;
}

/* Locks may be released in any order; the newest first is the usual one. */
static void forget(struct cpu *c, struct core_lock *lock)
{
	unsigned int i = --c->held_count;
	struct core_lock *moved = c->held[i];

	while (moved != lock) {
		struct core_lock *below = c->held[--i];

		c->held[i] = moved;
		moved = below;
	}
}

void core_unlock(struct core_lock *lock)
{
	struct cpu *c = this_cpu();

	if (unlikely(lock->holder != c))
		lock_panic(lock, "released by a CPU that does not hold it",
			   lock->holder ? lock->taken_at : 0, lock->name,
			   CALL_SITE);
	trace(TRACE_UNLOCK, TRACE_PTR(lock), CALL_SITE);
	/* Once released, the lock may be gone: its owner may free it. */
	bool point = unlikely(perturb_on) && has_sched_point(lock);

	forget(c, lock);
	lock->holder = NULL;
	asm volatile("" : : : "memory");
	lock->serving++;
	intr_pop();
	if (unlikely(point))
		sched_point(POINT_UNLOCK, lock);
}

bool core_lock_held(const struct core_lock *lock)
{
	bool held;

	intr_push();
	held = lock->holder == this_cpu();
	intr_pop();
	return held;
}

void assert_may_sleep(void)
{
	/* With interrupts on, this thread may move to another CPU at any time:
	 * but then no CPU's depth counts for it. */
	if (likely(intr_enabled()))
		return;
	struct cpu *c = this_cpu();

	if (c->held_count)
		lock_panic(c->held[c->held_count - 1],
			   "is held by a thread that goes to sleep",
			   c->held[c->held_count - 1]->taken_at,
			   c->held[c->held_count - 1]->name, CALL_SITE);
	panic("assert_may_sleep: sleep with interrupts off (depth %u, in %u "
	      "interrupt handlers)", c->intr_depth, c->irq_nesting);
}
