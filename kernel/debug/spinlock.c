/*
 * spinlock.c - the given side of lab 1's spinlock.
 *
 * Each call of spin_lock() and its kin comes through here, and then goes to the
 * student's function: so whatever that one does, the schedule points are
 * passed, the trace shows it, and it is known which thread waits for which lock
 * and which locks a CPU holds.  The record is their own, and is only read by
 * others when a report is printed and all stand still.
 */
#include "spinlock.h"
#include "backtrace.h"
#include "hooks.h"
#include "perturb.h"
#include "printk.h"
#include "thread.h"
#include "trace.h"

/* ---- the record ---- */

/*
 * Who holds a spinlock has interrupts off, so that the CPU stays the same.  If
 * the student's function has left them on, a record may be wrong or get lost;
 * that is all, and not worth a section of its own at each lock.
 */
static inline void record_held(struct cpu *c, const struct spinlock *lock,
			       uintptr_t call_site)
{
	unsigned int count = c->spin_held_count;

	if (likely(count < MAX_HELD_LOCKS)) {
		c->spin_held[count] = lock;
		c->spin_held_at[count] = call_site;
		c->spin_held_count = count + 1;
	}
}

/* Locks may be released in any order. */
static void record_released(const struct spinlock *lock)
{
	struct cpu *c = intr_push();

	for (unsigned int i = c->spin_held_count; i-- > 0;) {
		if (c->spin_held[i] != lock)
			continue;
		for (; i + 1 < c->spin_held_count; i++) {
			c->spin_held[i] = c->spin_held[i + 1];
			c->spin_held_at[i] = c->spin_held_at[i + 1];
		}
		c->spin_held_count--;
		break;
	}
	intr_pop();
}

/* Mostly the newest is.  False: it is another one. */
static inline bool record_released_newest(const struct spinlock *lock)
{
	struct cpu *c = this_cpu();
	unsigned int newest = c->spin_held_count - 1;

	if (unlikely(newest >= MAX_HELD_LOCKS || c->spin_held[newest] != lock))
		return false;
	c->spin_held_count = newest;
	return true;
}

/* ---- the wrappers ---- */

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
	lockorder_forget(lock);
}

/*
 * Who waits is the thread, and not the CPU: until the student's function has
 * turned interrupts off it may be moved.  A handler that interrupts the wait
 * and takes a lock itself puts back what it found.
 */
static __attribute__((noinline)) void spin_lock_hooked(struct spinlock *lock,
						       uintptr_t call_site)
{
	struct thread *self = current;
	const struct spinlock *outer = self->spin_waiting;
	uintptr_t outer_at = self->spin_waiting_at;

	lockorder_check(lock, lock->name, call_site);
	sched_point(POINT_LOCK, lock);
	self->spin_waiting_at = call_site;
	self->spin_waiting = lock;
	lab_spin_lock(lock, call_site);
	self->spin_waiting = outer;
	self->spin_waiting_at = outer_at;
	record_held(this_cpu(), lock, call_site);
	trace(TRACE_LOCK, TRACE_PTR(lock), call_site);
}

/* The same, the shortest way: mostly nothing is watched, and no wait was
 * interrupted.  Who has waited is read again from the record: that is shorter
 * than to keep three values across the call. */
void spin_lock(struct spinlock *lock)
{
	uintptr_t call_site = CALL_SITE;
	struct thread *self = current;

	if (unlikely(hooks_any || self->spin_waiting)) {
		spin_lock_hooked(lock, call_site);
		return;
	}
	self->spin_waiting_at = call_site;
	self->spin_waiting = lock;
	lab_spin_lock(lock, call_site);

	struct cpu *c = this_cpu();

	self = c->running;
	record_held(c, self->spin_waiting, self->spin_waiting_at);
	self->spin_waiting = NULL;
}

bool spin_try_lock(struct spinlock *lock)
{
	uintptr_t call_site = CALL_SITE;

	sched_point(POINT_LOCK, lock);
	if (!lab_spin_try_lock(lock, call_site))
		return false;
	record_held(this_cpu(), lock, call_site);
	trace(TRACE_LOCK, TRACE_PTR(lock), call_site);
	return true;
}

static __attribute__((noinline)) void spin_unlock_hooked(struct spinlock *lock,
							 uintptr_t call_site)
{
	trace(TRACE_UNLOCK, TRACE_PTR(lock), call_site);
	record_released(lock);
	lab_spin_unlock(lock, call_site);
	sched_point(POINT_UNLOCK, NULL);
}

void spin_unlock(struct spinlock *lock)
{
	uintptr_t call_site = CALL_SITE;

	if (likely(!hooks_any && record_released_newest(lock)))
		lab_spin_unlock(lock, call_site);
	else
		spin_unlock_hooked(lock, call_site);
}

/* ---- the report ---- */

#define NO_CPU (-1)

/* Which CPU holds the lock, and since where; NO_CPU when none does. */
static int find_holder(const struct spinlock *lock, uintptr_t *since)
{
	for (unsigned int i = 0; i < cpu_count; i++)
		for (unsigned int k = 0; k < cpus[i].spin_held_count; k++)
			if (cpus[i].spin_held[k] == lock) {
				*since = cpus[i].spin_held_at[k];
				return i;
			}
	return NO_CPU;
}

/* The lock that a CPU waits for, or NULL. */
static const struct spinlock *waited_for(unsigned int cpu)
{
	const struct thread *t = cpus[cpu].running;

	return t ? t->spin_waiting : NULL;
}

static void print_wait(unsigned int cpu)
{
	const struct thread *t = cpus[cpu].running;
	char waits[SYMBOL_TEXT_SIZE], since[SYMBOL_TEXT_SIZE];
	uintptr_t taken_at = 0;
	int holder = find_holder(t->spin_waiting, &taken_at);

	symbol_format_call(t->spin_waiting_at, waits, sizeof(waits));
	printk("CPU %u waits for spinlock \"%s\" at %s", cpu,
	       t->spin_waiting->name, waits);
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
