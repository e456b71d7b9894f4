/*
 * spinlock.c - the given side of lab 1's spinlock.
 *
 * Each call of spin_lock() and its kin comes through here, and then goes to the
 * student's function: so whatever that one does, the schedule points are
 * passed, the trace shows it, and it is known which thread waits for which lock
 * and which locks it holds.  That is its struct spin_record:
 *
 *	lock[]	NULL  A  B  C  NULL	holds A and B, waits for C
 *		   held = 2 ^
 *
 *	spin_lock(C)	lock[held + 1] = C, the student's function, held = 3
 *	spin_unlock(C)	lock[held] = NULL, held = 2, the student's function
 *
 * The record is the thread's, and not the CPU's: until the student's function
 * has turned interrupts off, the thread may be moved.  Others only read it when
 * a report is printed and all stand still.
 */
#include "spinlock.h"
#include "backtrace.h"
#include "panic.h"
#include "printk.h"
#include "sched_policy.h"
#include "thread.h"
#include "trace.h"

/* ---- the record ---- */

static inline bool record_is_full(const struct spin_record *r)
{
	return r->held >= MAX_HELD_SPINLOCKS;
}

/* More locks than there is room for are not recorded, neither the wait nor that
 * they are held. */
static void record_wait(struct spin_record *r, const struct spinlock *lock,
			uintptr_t call_site)
{
	if (record_is_full(r))
		return;
	r->at[r->held + 1] = call_site;
	r->lock[r->held + 1] = lock;
}

static void record_held(struct spin_record *r)
{
	if (!record_is_full(r))
		r->held++;
}

/* Locks may be released in any order. */
static void record_released(struct spin_record *r, const struct spinlock *lock)
{
	size_t i = r->held;

	while (i > 0 && r->lock[i] != lock)
		i--;
	if (i == 0)
		return;
	for (; i < r->held; i++) {
		r->lock[i] = r->lock[i + 1];
		r->at[i] = r->at[i + 1];
	}
	r->lock[i] = NULL;
	r->held--;
}

const struct spinlock *spin_waits(const struct thread *t)
{
	const struct spin_record *r = &t->spin;

	return __atomic_load_n(&r->lock[r->held + 1], __ATOMIC_RELAXED);
}

struct spin_wait spin_wait_suspend(void)
{
	struct spin_record *r = &current->spin;
	size_t next = r->held + 1;
	struct spin_wait wait = {r->lock[next], r->at[next], r->held};

	r->lock[next] = NULL;
	return wait;
}

void spin_wait_resume(struct spin_wait wait)
{
	struct spin_record *r = &current->spin;

	r->at[r->held + 1] = wait.at;
	r->lock[r->held + 1] = wait.lock;
}

void spin_panic_kept(const char *who)
{
	const struct spin_record *r = &current->spin;
	size_t newest = MIN(r->held, MAX_HELD_SPINLOCKS);
	char where[SYMBOL_TEXT_SIZE];

	panic("%s returns with spinlock \"%s\" held, taken at %s", who,
	      r->lock[newest]->name,
	      symbol_format_call(r->at[newest], where, sizeof(where)));
}

/* ---- the wrappers ---- */

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
	lockorder_forget(lock);
}

void spin_lock(struct spinlock *lock)
{
	struct spin_record *r = &current->spin;

	lockorder_check(lock, lock->name, CALL_SITE);
	sched_point(POINT_LOCK, lock);
	record_wait(r, lock, CALL_SITE);
	lab_spin_lock(lock, CALL_SITE);
	record_held(r);
	trace(TRACE_LOCK, TRACE_PTR(lock), CALL_SITE);
}

bool spin_try_lock(struct spinlock *lock)
{
	struct spin_record *r = &current->spin;

	sched_point(POINT_LOCK, lock);
	if (!lab_spin_try_lock(lock, CALL_SITE))
		return false;
	record_wait(r, lock, CALL_SITE);
	record_held(r);
	trace(TRACE_LOCK, TRACE_PTR(lock), CALL_SITE);
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	trace(TRACE_UNLOCK, TRACE_PTR(lock), CALL_SITE);
	record_released(&current->spin, lock);
	lab_spin_unlock(lock, CALL_SITE);
	sched_point(POINT_UNLOCK, NULL);
}

/* ---- the report ---- */

#define NO_CPU (-1)

/* Which CPU's thread holds the lock, and since where; NO_CPU when none does. */
static int find_holder(const struct spinlock *lock, uintptr_t *since)
{
	for (unsigned int i = 0; i < cpu_count; i++) {
		if (!cpus[i].running)
			continue;

		const struct spin_record *r = &cpus[i].running->spin;

		for (size_t k = 1; k <= r->held; k++)
			if (r->lock[k] == lock) {
				*since = r->at[k];
				return i;
			}
	}
	return NO_CPU;
}

/* The lock that a CPU waits for, or NULL. */
static const struct spinlock *waited_for(unsigned int cpu)
{
	const struct thread *t = cpus[cpu].running;

	return t ? spin_waits(t) : NULL;
}

static void print_wait(unsigned int cpu)
{
	const struct spin_record *r = &cpus[cpu].running->spin;
	const struct spinlock *lock = waited_for(cpu);
	char waits[SYMBOL_TEXT_SIZE], since[SYMBOL_TEXT_SIZE];
	uintptr_t taken_at = 0;
	int holder = find_holder(lock, &taken_at);

	symbol_format_call(r->at[r->held + 1], waits, sizeof(waits));
	printk("CPU %u waits for spinlock \"%s\" at %s", cpu, lock->name,
	       waits);
	if (holder == NO_CPU) {
		printk(", which nobody holds\n");
		return;
	}
	symbol_format_call(taken_at, since, sizeof(since));
	printk(", held by CPU %d since %s\n", holder, since);
}

/* Follows who waits for whom from a CPU; true when that leads back to it. */
static bool waits_for_itself(unsigned int start)
{
	unsigned int cpu = start;

	for (unsigned int steps = 0; steps < cpu_count; steps++) {
		uintptr_t since;
		int holder;

		const struct spinlock *lock = waited_for(cpu);

		if (!lock)
			return false;
		holder = find_holder(lock, &since);
		if (holder == NO_CPU)
			return false;
		if ((unsigned int)holder == start)
			return true;
		cpu = holder;
	}
	return false;
}

bool spin_report(void)
{
	bool cycle = false;

	for (unsigned int i = 0; i < cpu_count; i++) {
		if (!waited_for(i))
			continue;
		bool in_cycle = waits_for_itself(i);

		if (in_cycle)
			printk("deadlock: ");
		print_wait(i);
		cycle |= in_cycle;
	}
	if (cycle)
		printk("deadlock: these waits form a cycle, so none of them "
		       "ends\n");
	return cycle;
}
