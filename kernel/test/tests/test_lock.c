/*
 * test_lock.c - core_lock: exclusion between threads, interrupts and CPUs.
 *
 * What it must refuse (taken twice, wrong order, sleeping) ends in a panic:
 * those are the faults of test_faults.c.
 */
#include "cpu.h"
#include "ktest.h"
#include "thread.h"
#include "time.h"
#include "timer.h"

struct counter {
	struct core_lock lock;
	uint64_t value; /* needs lock */
	struct timer timer;
	unsigned int ticks;
};

#define ROUNDS 400

/* Load, then store: an interruption between the two loses an update. */
static void increment(struct counter *c)
{
	core_lock(&c->lock);
	uint64_t value = *(volatile uint64_t *)&c->value;

	sched_point(POINT_ACCESS, c);
	*(volatile uint64_t *)&c->value = value + 1;
	core_unlock(&c->lock);
}

static void increment_many(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		increment(arg);
}

/* As many threads as there are CPUs, and one more. */
static void test_exclusion(struct ktest *t)
{
	struct counter c = {.value = 0};
	struct thread *threads[MAX_CPUS + 1];

	core_lock_init(&c.lock, "counter", RANK_TEST);
	for (unsigned int i = 0; i <= cpu_count; i++)
		ASSERT(t, thread_spawn(&threads[i], "counting", increment_many,
				       &c) == 0);
	for (unsigned int i = 0; i <= cpu_count; i++)
		thread_join(threads[i]);
	EXPECT_EQ(t, c.value, ROUNDS * (cpu_count + 1));
}
KTEST(lock, exclusion, .seeds = 3);

static void increment_from_timer(struct timer *timer)
{
	struct counter *c = container_of(timer, struct counter, timer);

	increment(c);
	if (++c->ticks < 50)
		timer_start(timer, time_ns() + 1000, increment_from_timer);
}

/* Holding the lock keeps this CPU's own interrupts out. */
static void test_interrupts(struct ktest *t)
{
	struct counter c = {.value = 0};
	unsigned int mine = 0;

	core_lock_init(&c.lock, "counter", RANK_TEST);
	timer_start(&c.timer, time_ns() + 1000, increment_from_timer);
	while (*(volatile unsigned int *)&c.ticks < 50) {
		increment(&c);
		mine++;
	}
	timer_cancel(&c.timer);
	EXPECT_EQ(t, c.value, mine + 50);
}
KTEST(lock, interrupts, .seeds = 5);

static void test_nesting(struct ktest *t)
{
	struct core_lock outer = CORE_LOCK_INIT("outer", RANK_TEST);
	struct core_lock inner = CORE_LOCK_INIT("inner", RANK_TEST_INNER);

	EXPECT(t, intr_enabled());
	core_lock(&outer);
	EXPECT(t, !intr_enabled());
	core_lock(&inner);
	EXPECT(t, core_lock_held(&outer) && core_lock_held(&inner));
	core_unlock(&outer); /* hand over hand */
	EXPECT(t, !intr_enabled());
	EXPECT(t, !core_lock_held(&outer) && core_lock_held(&inner));
	core_unlock(&inner);
	EXPECT(t, intr_enabled());
	EXPECT(t, core_try_lock(&outer));
	EXPECT(t, !core_try_lock(&outer));
	core_unlock(&outer);
	EXPECT(t, intr_enabled());
}
KTEST(lock, nesting);
