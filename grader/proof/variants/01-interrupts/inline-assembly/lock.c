/*
 * lock.c - lab 1, a variant: the ticket lock in inline assembly.
 *
 * The indivisible steps are written as the instructions that they are: LOCK
 * XADD draws a ticket, LOCK CMPXCHG draws one if nobody holds the lock.  What
 * is not indivisible is a volatile access with a barrier for the compiler; x86
 * itself keeps loads in order with loads, and stores with stores (SDM 3A,
 * 9.2.2).
 */
#include "spinlock.h"

#include "backtrace.h"
#include "irq.h"
#include "panic.h"

#define barrier() asm volatile("" : : : "memory")
#define shared(field) (*(volatile __typeof__(field) *)&(field))

static uint32_t fetch_and_increment(uint32_t *number)
{
	uint32_t value = 1;

	asm volatile("lock xaddl %0, %1"
		     : "+r"(value), "+m"(*number)
		     :
		     : "memory", "cc");
	return value;
}

/* Sets *number to `to` if it is `from`; says whether it was. */
static bool replace_if(uint32_t *number, uint32_t from, uint32_t to)
{
	bool was;

	asm volatile("lock cmpxchgl %3, %1"
		     : "=@ccz"(was), "+m"(*number), "+a"(from)
		     : "r"(to)
		     : "memory");
	return was;
}

static void now_mine(struct spinlock *lock, uintptr_t call_site)
{
	lock->taken_at = call_site;
	shared(lock->holder) = this_cpu();
}

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	char here[SYMBOL_TEXT_SIZE], before[SYMBOL_TEXT_SIZE];

	irq_push();
	if (shared(lock->holder) == this_cpu())
		panic("spin_lock(%s) at %s, but this CPU has had it since %s",
		      lock->name,
		      symbol_format_call(call_site, here, sizeof(here)),
		      symbol_format_call(lock->taken_at, before,
					 sizeof(before)));

	uint32_t mine = fetch_and_increment(&lock->next);

	while (shared(lock->serving) != mine)
		cpu_relax();
	barrier();
	now_mine(lock, call_site);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	char here[SYMBOL_TEXT_SIZE], before[SYMBOL_TEXT_SIZE];
	bool held;

	if (!lab_spin_held(lock)) {
		symbol_format_call(call_site, here, sizeof(here));
		symbol_format_call(lock->taken_at, before, sizeof(before));
		held = shared(lock->holder) != NULL;
		panic("spin_unlock(%s) at %s, but this CPU does not have "
		      "it%s%s",
		      lock->name, here, held ? "; taken at " : "",
		      held ? before : "");
	}
	shared(lock->holder) = NULL;
	barrier();
	shared(lock->serving) = lock->serving + 1;
	irq_pop();
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	irq_push();

	uint32_t turn = shared(lock->serving);

	if (replace_if(&lock->next, turn, turn + 1)) {
		now_mine(lock, call_site);
		return true;
	}
	irq_pop();
	return false;
}

bool lab_spin_held(const struct spinlock *lock)
{
	uint64_t flags = irq_save();
	bool mine = shared(lock->holder) == this_cpu();

	irq_restore(flags);
	return mine;
}
