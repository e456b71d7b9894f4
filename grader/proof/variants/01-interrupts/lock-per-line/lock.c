/*
 * lock.c - lab 1, a variant: a ticket lock with the older __sync builtins.
 *
 * Each of them is a full barrier.  next and serving are read as volatile, since
 * the compiler knows nothing of other CPUs.
 */
#include "spinlock.h"

#include "backtrace.h"
#include "irq.h"
#include "panic.h"
#include "string.h"

/* "caller+0x12 (file.c:34)"; buf is of SYMBOL_TEXT_SIZE. */
static const char *place(uintptr_t call_site, char *buf)
{
	return symbol_format_call(call_site, buf, SYMBOL_TEXT_SIZE);
}

static bool held_here(const volatile struct spinlock *lock)
{
	return lock->holder == this_cpu(); /* interrupts are off */
}

static void take(volatile struct spinlock *lock, uintptr_t call_site)
{
	lock->holder = this_cpu();
	lock->taken_at = call_site;
	__sync_synchronize();
}

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	volatile struct spinlock *l = lock;
	char a[SYMBOL_TEXT_SIZE], b[SYMBOL_TEXT_SIZE];
	uint32_t ticket;

	irq_push();
	if (held_here(l))
		panic("deadlock with itself: %s takes %s, which %s has taken",
		      place(call_site, a), lock->name,
		      place(lock->taken_at, b));
	ticket = __sync_fetch_and_add(&lock->next, 1);
	for (;;) {
		if (l->serving == ticket)
			break;
		cpu_relax();
	}
	take(l, call_site);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	char a[SYMBOL_TEXT_SIZE], b[SYMBOL_TEXT_SIZE];

	irq_push();
	if (!held_here(lock)) {
		place(call_site, a);
		if (lock->taken_at)
			place(lock->taken_at, b);
		else
			strlcpy(b, "nobody so far", sizeof(b));
		panic("%s releases %s, but this CPU does not hold it; taken "
		      "by %s",
		      a, lock->name, b);
	}
	lock->holder = NULL;
	__sync_fetch_and_add(&lock->serving, 1);
	irq_pop();
	irq_pop();
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	volatile struct spinlock *l = lock;
	uint32_t serving;
	bool taken;

	irq_push();
	serving = l->serving;
	taken = __sync_bool_compare_and_swap(&lock->next, serving, serving + 1);
	if (taken)
		take(l, call_site);
	else
		irq_pop();
	return taken;
}

bool lab_spin_held(const struct spinlock *lock)
{
	bool held;

	irq_push();
	held = held_here(lock);
	irq_pop();
	return held;
}
