/*
 * spin_report.c - which CPUs wait for spinlocks, who holds them, and whether
 * the waits form a circle.
 *
 * Read from the records of spinlock.c, by a CPU that reports while the others
 * stand still.
 */
#include "cpu.h"
#include "printk.h"
#include "report.h"
#include "spinlock.h"
#include "thread.h"

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
	uintptr_t taken_at = 0;
	int holder = find_holder(lock, &taken_at);

	printk("CPU %u waits for spinlock \"%s\" at %pS", cpu, lock->name,
	       (void *)r->at[r->held + 1]);
	if (holder == NO_CPU) {
		printk(", which nobody holds\n");
		return;
	}
	printk(", held by CPU %d since %pS\n", holder, (void *)taken_at);
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
