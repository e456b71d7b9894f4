/*
 * k_lock_panics.c - exercise 1.3: locks that are used wrongly.
 *
 * Each test here is to end in a panic, whose first line names both places: the
 * grader looks for the names of the functions below in it.
 */
#include "lab01.h"
#include "spinlock.h"

static struct spinlock lock = SPINLOCK_INIT("misused");

static __attribute__((noipa)) void take_first(void)
{
	spin_lock(&lock);
}

static __attribute__((noipa)) void take_again(void)
{
	spin_lock(&lock);
}

static __attribute__((noipa)) void release_wrongly(void)
{
	spin_unlock(&lock);
}

static void test_lock_twice(struct ktest *t)
{
	take_first();
	take_again();
	FAIL(t, "spin_lock() of a lock that this CPU holds must panic, and "
		"has returned");
	sti();
}
KTEST(lab01, lock_twice, .manual = true);

static void test_unlock_free(struct ktest *t)
{
	release_wrongly();
	FAIL(t, "spin_unlock() of a free lock must panic, and has returned");
}
KTEST(lab01, unlock_free, .manual = true);

/* ---- held, but by another CPU ---- */

static struct gate taken;
static volatile bool leave;

static void hold(void *arg)
{
	take_first();
	gate_open(&taken);
	while (!leave)
		cpu_relax();
	release_wrongly();
}

static void release_others(void *arg)
{
	struct ktest *t = arg;

	if (gate_wait(t, &taken))
		release_wrongly();
	FAIL(t, "spin_unlock() of a lock that CPU 1 holds must panic on CPU 0, "
		"and has returned");
	leave = true;
}

static void test_unlock_others(struct ktest *t)
{
	struct thread *holds, *releases;

	ASSERT(t, thread_spawn_on(1, &holds, "holds", hold, NULL) == 0);
	ASSERT(t, thread_spawn_on(0, &releases, "releases", release_others,
				  t) == 0);
	thread_join(releases);
	thread_join(holds);
}
KTEST(lab01, unlock_others, .min_cpus = 2, .manual = true);
