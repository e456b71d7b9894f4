/*
 * waitfor.c - the record of who waits for what, and of who holds what.
 *
 * It is kept by the wrappers of everything that waits (waitfor.h says how), in
 * the struct of the thread that waits or holds.  Only the thread itself writes
 * it, so there is no lock; others read it in reports, when all stand still, and
 * at the prompt, where a line may be old by the time it is read.
 *
 * The reports that are made from it are in explain/waitfor_report.c.
 */
#include "waitfor.h"
#include "cpu.h"
#include "panic.h"
#include "spinlock.h"
#include "thread.h"
#include "time.h"

bool wait_is_lock(enum wait_kind kind)
{
	return kind == WAIT_MUTEX || kind == WAIT_READ_LOCK ||
	       kind == WAIT_WRITE_LOCK;
}

/* Does the outer wait say more than this one? */
static bool says_more(enum wait_kind outer, enum wait_kind kind)
{
	return outer == WAIT_DEVICE || outer == WAIT_WORK ||
	       (kind == WAIT_QUEUE && outer != WAIT_NONE);
}

struct wait_record wait_begin(enum wait_kind kind, const void *object,
			      const char *name, uintptr_t call_site)
{
	struct wait_record *wait = &current->waits.wait;
	struct wait_record outer = *wait;

	if (wait_is_lock(kind))
		lockorder_check(object, name, call_site);
	if (says_more(outer.kind, kind))
		return outer;
	wait_set(wait, kind, object, name, call_site);
	return outer;
}

void wait_end(struct wait_record outer)
{
	current->waits.wait = outer;
}

void hold_begin(enum wait_kind kind, const void *object, const char *name,
		uintptr_t call_site)
{
	struct thread_waits *waits = &current->waits;

	if (waits->held_count == MAX_HELD_OBJECTS)
		return;
	waits->held[waits->held_count] = (struct held_record){
		.kind = kind, .object = object, .name = name, .at = call_site};
	waits->held_count++;
}

/* They may be given back in any order; the newest is the likeliest. */
void hold_end(const void *object)
{
	struct thread_waits *waits = &current->waits;
	unsigned int i = waits->held_count;

	while (i > 0 && waits->held[i - 1].object != object)
		i--;
	if (i == 0)
		return;
	for (; i < waits->held_count; i++)
		waits->held[i - 1] = waits->held[i];
	waits->held_count--;
}

void wait_forget(const void *object)
{
	lockorder_forget(object);
}

bool lockorder_on;

void lockorder_check_slow(const void *lock, const char *name,
			  uintptr_t call_site)
{
	const struct lock_watcher *row;

	table_for_each (row, lock_watchers)
		row->taken(lock, name, call_site);
}

void lockorder_forget_slow(const void *lock)
{
	const struct lock_watcher *row;

	table_for_each (row, lock_watchers)
		row->made(lock);
}

bool wait_check_idle(void)
{
	const struct idle_check *row;

	table_for_each (row, idle_checks)
		if (row->check())
			return true;
	return false;
}

/* ---- sleeping with a spinlock ---- */

static __attribute__((noinline, noreturn)) void wait_panic(
	const struct spinlock *lock, uintptr_t taken_at, uintptr_t call_site)
{
	panic("spinlock \"%s\" is held by a thread that goes to sleep, at %pS; "
	      "\"%s\" was taken at %pS",
	      lock->name, (void *)call_site, lock->name, (void *)taken_at);
}

void assert_may_wait(const struct spinlock *lock, uintptr_t call_site)
{
	const struct spin_record *spin = &current->spin;

	for (size_t i = 1; i <= spin->held; i++)
		if (spin->lock[i] != lock)
			wait_panic(spin->lock[i], spin->at[i], call_site);
	if (!lock)
		assert_may_sleep_at(call_site);
}
