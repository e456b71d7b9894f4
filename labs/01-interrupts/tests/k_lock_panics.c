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

static __attribute__((noipa)) bool try_first(void)
{
	return spin_try_lock(&lock);
}

static __attribute__((noipa)) void take_earlier(void)
{
	spin_lock(&lock);
}

static __attribute__((noipa)) void ask_meanwhile(void)
{
	spin_try_lock(&lock);
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

/* Whoever had the lock earlier, and who waits for it: the place to name is that
 * of the CPU that holds it. */
static void wait_meanwhile(void *arg)
{
	ask_meanwhile();
}

static void take_twice(void *arg)
{
	struct ktest *t = arg;
	struct thread *waits = NULL;

	if (cpu_count > 1)
		ASSERT(t, thread_create(&waits, "waits", wait_meanwhile,
					NULL) == 0);
	take_earlier();
	spin_unlock(&lock);
	take_first();
	if (waits) {
		thread_pin(waits, 1);
		thread_detach(waits);
		thread_start(waits);
		WAIT_FOR(spin_waits(waits) == &lock);
		let_others_run(); /* it asks now */
	}
	take_again();
	FAIL(t, "spin_lock() of a lock that this CPU holds must panic, and "
		"has returned");
	forget_locks();
}

static void test_lock_twice(struct ktest *t)
{
	run_on_cpus(t, 1, take_twice, t);
}
KTEST(lab01, lock_twice, .manual = true);

static void test_unlock_free(struct ktest *t)
{
	take_first();
	spin_unlock(&lock);
	release_wrongly();
	FAIL(t, "spin_unlock() of a free lock must panic, and has returned");
}
KTEST(lab01, unlock_free, .manual = true);

/* ---- held, but by another CPU ---- */

static struct gate taken;
static volatile bool leave;

static void hold(void *arg)
{
	struct ktest *t = arg;

	CHECK(t, try_first(), "spin_try_lock() did not take a free lock");
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

	ASSERT(t, thread_spawn_on(1, &holds, "holds", hold, t) == 0);
	ASSERT(t, thread_spawn_on(0, &releases, "releases", release_others,
				  t) == 0);
	thread_join(releases);
	thread_join(holds);
}
KTEST(lab01, unlock_others, .min_cpus = 2, .manual = true);
