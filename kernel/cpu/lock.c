/*
 * lock.c - core_lock: a ticket lock that checks itself.  See lock.h.
 *
 * Each CPU keeps the locks that it holds, oldest first, so the rank check
 * compares with the newest only.  The store that releases a ticket lock needs
 * no locked instruction: only the holder writes `serving`, and x86 keeps the
 * order of stores (SDM 3A, 9.2.2).
 */
#include "lock.h"
#include "cpu.h"
#include "lock_inline.h"
#include "panic.h"
#include "sched_policy.h"
#include "thread.h"
#include "trace.h"
#include "waitfor.h"

static __attribute__((noinline, noreturn)) void lock_panic(
	const struct core_lock *lock, const char *what, uintptr_t taken_at,
	const char *taken_name, uintptr_t call_site)
{
	if (!taken_at)
		panic("core_lock: lock \"%s\" %s, at %pS", lock->name, what,
		      (void *)call_site);
	panic("core_lock: lock \"%s\" %s, at %pS; \"%s\" was taken at %pS",
	      lock->name, what, (void *)call_site, taken_name,
	      (void *)taken_at);
}

void core_lock_panic(const struct core_lock *lock, const struct cpu *c,
		     uintptr_t call_site)
{
	const struct core_lock *last = c->held[c->held_count - 1];

	for (unsigned int i = 0; i < c->held_count; i++)
		if (c->held[i] == lock)
			lock_panic(lock, "taken twice by this CPU",
				   lock->taken_at, lock->name, call_site);
	if (last->rank < lock->rank)
		lock_panic(lock, "is one too many to hold at once", 0, NULL,
			   call_site);
	lock_panic(lock,
		   "taken out of order: its rank is not above that of "
		   "a lock already held",
		   last->taken_at, last->name, call_site);
}

void core_lock_init(struct core_lock *lock, const char *name,
		    enum lock_rank rank)
{
	*lock = (struct core_lock)CORE_LOCK_INIT(name, rank);
}

/* The scheduler's own locks must not call the scheduler. */
static bool has_sched_point(const struct core_lock *lock)
{
	return lock->rank < RANK_RUN_QUEUE;
}

void core_lock(struct core_lock *lock)
{
	if (has_sched_point(lock))
		sched_point(POINT_CORE_LOCK, lock);
	core_lock_acquire(intr_push(), lock, CALL_SITE);
}

/* Puts a lock that was taken out of order where its rank belongs: so the last
 * in c->held still has the highest, which core_lock() compares with. */
static void sort_newest(struct cpu *c)
{
	unsigned int i = c->held_count - 1;
	struct core_lock *newest = c->held[i];

	for (; i > 0 && c->held[i - 1]->rank > newest->rank; i--)
		c->held[i] = c->held[i - 1];
	c->held[i] = newest;
}

bool core_try_lock(struct core_lock *lock)
{
	intr_push();

	uint32_t serving = __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE);

	if (!__atomic_compare_exchange_n(&lock->next, &serving, serving + 1,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		intr_pop();
		return false;
	}
	struct cpu *c = this_cpu();

	if (c->held_count == MAX_HELD_LOCKS)
		core_lock_panic(lock, c, CALL_SITE);
	core_lock_remember(c, lock, c->held_count, CALL_SITE);
	sort_newest(c);
	return true;
}

void core_lock_reorder(struct cpu *c, struct core_lock *lock,
		       uintptr_t call_site)
{
	size_t newest = c->held_count - 1, i = newest;

	if (lock->holder != c)
		lock_panic(lock, "released by a CPU that does not hold it",
			   lock->holder ? lock->taken_at : 0, lock->name,
			   call_site);
	while (c->held[i] != lock)
		i--;
	for (; i < newest; i++)
		c->held[i] = c->held[i + 1];
	c->held[newest] = lock;
}

void core_unlock(struct core_lock *lock)
{
	bool point = has_sched_point(lock);

	core_lock_release(this_cpu(), lock, CALL_SITE);
	intr_pop();
	if (point) /* the lock may be gone: its owner may free it */
		sched_point(POINT_CORE_UNLOCK, lock);
}

bool core_lock_held(const struct core_lock *lock)
{
	bool held;

	intr_push();
	held = lock->holder == this_cpu();
	intr_pop();
	return held;
}

/* With interrupts on, a thread may move to another CPU at any time: but then no
 * CPU's depth counts for it.  So they are off here. */
void sleep_panic(uintptr_t call_site)
{
	struct cpu *c = this_cpu();

	if (c->held_count)
		lock_panic(c->held[c->held_count - 1],
			   "is held by a thread that goes to sleep",
			   c->held[c->held_count - 1]->taken_at,
			   c->held[c->held_count - 1]->name, call_site);
	if (current->spin.held)
		assert_may_wait(NULL, call_site);
	panic("assert_may_sleep: sleep with interrupts off (depth %u, in %u "
	      "interrupt handlers), at %pS",
	      c->intr_depth, c->irq_nesting, (void *)call_site);
}

void intr_panic_nested(void)
{
	struct cpu *c = this_cpu();

	if (c->held_count)
		lock_panic(c->held[c->held_count - 1],
			   "is held by a thread that gives up the CPU",
			   c->held[c->held_count - 1]->taken_at,
			   c->held[c->held_count - 1]->name, CALL_SITE);
	panic("a thread gives up the CPU with interrupts off (depth %u)",
	      c->intr_depth);
}
