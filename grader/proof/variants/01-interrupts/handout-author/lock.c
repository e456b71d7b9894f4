/*
 * lock.c - lab 1, a variant: written from the starter and the headers, by
 * somebody who had seen neither the reference nor the tests.
 *
 * A ticket lock, with an acquire or a release only where the section needs it:
 * drawing a number is relaxed, since the load that lets the CPU in comes later.
 * try_lock draws the number that is being served now, or none, by one
 * compare-exchange.
 */
#include "backtrace.h"
#include "irq.h"
#include "panic.h"
#include "spinlock.h"

/*
 * The fields are read by CPUs that do not hold the lock, so each access says
 * what it relies on: "acquire" keeps the section behind the load that lets us
 * in, "release" keeps it before the store that lets the next one in.
 */
static struct cpu *holder_of(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);
}

static uint32_t now_serving(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE);
}

static void set_holder(struct spinlock *lock, struct cpu *holder,
		       uintptr_t call_site)
{
	lock->taken_at = call_site;
	__atomic_store_n(&lock->holder, holder, __ATOMIC_RELAXED);
}

static char *where(uintptr_t call_site, char *buf)
{
	return symbol_format_call(call_site, buf, SYMBOL_TEXT_SIZE);
}

static void panic_taken_twice(const struct spinlock *lock, uintptr_t call_site)
{
	char again[SYMBOL_TEXT_SIZE], before[SYMBOL_TEXT_SIZE];

	panic("spin_lock: CPU %u takes \"%s\" at %s, and holds it already, "
	      "taken at %s",
	      this_cpu()->id, lock->name, where(call_site, again),
	      where(lock->taken_at, before));
}

static void panic_not_held(const struct spinlock *lock, uintptr_t call_site)
{
	char here[SYMBOL_TEXT_SIZE], taken[SYMBOL_TEXT_SIZE];
	const struct cpu *holder = holder_of(lock);

	where(call_site, here);
	if (!holder)
		panic("spin_unlock: \"%s\" is released at %s, but it is free",
		      lock->name, here);
	panic("spin_unlock: \"%s\" is released at %s by CPU %u, but CPU %u "
	      "holds it, taken at %s",
	      lock->name, here, this_cpu()->id, holder->id,
	      where(lock->taken_at, taken));
}

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	uint32_t ticket;

	irq_push();
	if (holder_of(lock) == this_cpu())
		panic_taken_twice(lock, call_site);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (now_serving(lock) != ticket)
		cpu_relax();
	set_holder(lock, this_cpu(), call_site);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	if (holder_of(lock) != this_cpu())
		panic_not_held(lock, call_site);
	set_holder(lock, NULL, 0);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	irq_pop();
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	uint32_t ticket;

	irq_push();
	ticket = now_serving(lock);
	/* Draw the number that is being served now, or none. */
	if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		irq_pop();
		return false;
	}
	set_holder(lock, this_cpu(), call_site);
	return true;
}

bool lab_spin_held(const struct spinlock *lock)
{
	/* Who holds a lock has interrupts off.  And with interrupts on, "this
	 * CPU" may be another one by the time we compare. */
	return !intr_enabled() && holder_of(lock) == this_cpu();
}
