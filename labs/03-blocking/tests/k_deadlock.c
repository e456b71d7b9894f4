/*
 * k_deadlock.c - exercise 3.4: a deadlock is told, and by whom it is made.
 *
 * Two clerks need the same two forms, and each has taken the one that the other
 * waits for.  The kernel is to say so at once: this test passes if it ends in a
 * deadlock of these two, told in one line.  Then the machine is at its end.
 */
#include "lab03.h"

struct desk {
	struct ktest *t;
	struct mutex red, blue;
	unsigned int ready; /* clerks that have one; atomic */
};

static void take_one_then_other(struct desk *d, struct mutex *first,
				struct mutex *second)
{
	EXPECT_RESULT(d->t, mutex_lock(first), 0, "it is free");
	__atomic_add_fetch(&d->ready, 1, __ATOMIC_SEQ_CST);
	(void)EVENTUALLY(d->t,
			 __atomic_load_n(&d->ready, __ATOMIC_SEQ_CST) == 2);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

static void red_first(void *arg)
{
	struct desk *d = arg;

	take_one_then_other(d, &d->red, &d->blue);
}

static void blue_first(void *arg)
{
	struct desk *d = arg;

	take_one_then_other(d, &d->blue, &d->red);
}

static void test_deadlock_is_told(struct ktest *t)
{
	struct desk d = {.t = t};
	struct thread *one, *two;

	lockorder_set(false); /* would tell it even sooner */
	mutex_init(&d.red, "red form");
	mutex_init(&d.blue, "blue form");
	one = spawn("clerk 1", red_first, &d);
	two = spawn("clerk 2", blue_first, &d);
	thread_join(one);
	thread_join(two);
	lockorder_set(true);
	FAIL(t, "each of two threads holds the mutex that the other waits for, "
		"and still both have ended: mutex_lock() does not wait");
}
KTEST(lab03, deadlock_is_told, .manual = true);
