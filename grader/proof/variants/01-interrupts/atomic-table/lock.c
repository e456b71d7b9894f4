/*
 * lock.c - lab 1, a variant: a ticket lock that is changed as one word.
 *
 * next and serving lie side by side, so one compare-exchange of 64 bits sees
 * both.  Drawing a number adds 1 to the lower half; try_lock does so only while
 * both halves are the same.  Leaving adds 1 to the upper half, which only the
 * holder changes.
 */
#include "spinlock.h"

#include "backtrace.h"
#include "irq.h"
#include "panic.h"

_Static_assert(offsetof(struct spinlock, serving) ==
		       offsetof(struct spinlock, next) + sizeof(uint32_t),
	       "next and serving are one word");

static uint64_t *word_of(struct spinlock *lock)
{
	return (uint64_t *)&lock->next;
}

static uint32_t next_of(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t serving_of(uint64_t word)
{
	return word >> 32;
}

/* The word after one more number was drawn: no carry into the other half. */
static uint64_t drawn(uint64_t word)
{
	return (word & ~0xffffffffull) | (uint32_t)(next_of(word) + 1);
}

static bool replace(struct spinlock *lock, uint64_t *seen)
{
	return __atomic_compare_exchange_n(word_of(lock), seen, drawn(*seen),
					   true, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static struct cpu *holder_of(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);
}

static void set_holder(struct spinlock *lock, uintptr_t call_site)
{
	__atomic_store_n(&lock->taken_at, call_site, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->holder, this_cpu(), __ATOMIC_RELAXED);
}

static void complain(const struct spinlock *lock, const char *what,
		     uintptr_t call_site)
{
	char now[SYMBOL_TEXT_SIZE], then[SYMBOL_TEXT_SIZE];
	const struct cpu *holder = holder_of(lock);

	symbol_format_call(call_site, now, sizeof(now));
	if (!holder)
		panic("spinlock %s: %s, by %s; nobody holds it", lock->name,
		      what, now);
	symbol_format_call(lock->taken_at, then, sizeof(then));
	panic("spinlock %s: %s, by %s; CPU %u holds it since %s", lock->name,
	      what, now, holder->id, then);
}

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	uint64_t word;

	irq_push();
	if (holder_of(lock) == this_cpu())
		complain(lock, "locked twice", call_site);

	word = __atomic_load_n(word_of(lock), __ATOMIC_RELAXED);
	while (!replace(lock, &word))
		;
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) !=
	       next_of(word))
		cpu_relax();
	set_holder(lock, call_site);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	irq_push();
	if (holder_of(lock) != this_cpu())
		complain(lock, "unlocked without being held here", call_site);
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	__atomic_fetch_add(&lock->serving, 1, __ATOMIC_RELEASE);
	irq_pop();
	irq_pop(); /* and that of the lock */
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	uint64_t word;

	irq_push();
	word = __atomic_load_n(word_of(lock), __ATOMIC_RELAXED);
	while (next_of(word) == serving_of(word)) {
		if (!replace(lock, &word))
			continue;
		set_holder(lock, call_site);
		return true;
	}
	irq_pop();
	return false;
}

bool lab_spin_held(const struct spinlock *lock)
{
	bool held;

	irq_push();
	held = holder_of(lock) == this_cpu();
	irq_pop();
	return held;
}
