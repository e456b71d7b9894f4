/*
 * test_mutex.c - tests of the sleeping lock.
 */
#include "core_mutex.h"

#include "ktest.h"
#include "list.h"
#include "perturb.h"
#include "thread.h"

#define THREADS 4
#define ROUNDS 8

struct counter {
	struct core_mutex mutex;
	unsigned int value;
};

/* The word is read and written with a switch in between. */
static void count(void *arg)
{
	struct counter *c = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		core_mutex_lock(&c->mutex);
		unsigned int value = c->value;

		thread_yield();
		sched_point(POINT_ACCESS, &c->value);
		c->value = value + 1;
		core_mutex_unlock(&c->mutex);
	}
}

static void test_excludes(struct ktest *t)
{
	struct thread *threads[THREADS];
	struct counter c = {.value = 0};

	core_mutex_init(&c.mutex, "test");
	for (unsigned int i = 0; i < THREADS; i++)
		ASSERT(t, thread_spawn(&threads[i], "counts", count, &c) == 0);
	for (unsigned int i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	EXPECT_EQ(t, c.value, THREADS * ROUNDS);
	EXPECT_EQ(t, c.mutex.owner, 0);
	EXPECT(t, list_empty(&c.mutex.waiters));
}
KTEST(mutex, excludes, .seeds = 50);

static void test_try_lock(struct ktest *t)
{
	struct core_mutex m;

	core_mutex_init(&m, "test");
	EXPECT(t, core_mutex_try_lock(&m));
	EXPECT(t, core_mutex_held(&m));
	EXPECT(t, !core_mutex_try_lock(&m));
	core_mutex_unlock(&m);
	EXPECT(t, !core_mutex_held(&m));
	core_mutex_lock(&m);
	EXPECT(t, core_mutex_held(&m));
	core_mutex_unlock(&m);
}
KTEST(mutex, try_lock);

/* ---- mistakes: each of these ends in a panic that names it ---- */

static void test_lock_mutex_twice(struct ktest *t)
{
	struct core_mutex m;

	core_mutex_init(&m, "test");
	core_mutex_lock(&m);
	core_mutex_lock(&m);
}
KTEST(mutex, lock_mutex_twice, .manual = true);

static void test_unlock_free_mutex(struct ktest *t)
{
	struct core_mutex m;

	core_mutex_init(&m, "test");
	core_mutex_unlock(&m);
}
KTEST(mutex, unlock_free_mutex, .manual = true);
