/*
 * test_timer.c - the clock, and one-shot timers in order, cancelled, raced.
 */
#include "cpu.h"
#include "ktest.h"
#include "thread.h"
#include "time.h"
#include "timer.h"

static void test_clock(struct ktest *t)
{
	uint64_t last = time_ns();

	for (unsigned int i = 0; i < 10000; i++) {
		uint64_t now = time_ns();

		EXPECT(t, now >= last);
		last = now;
		if (i % 100 == 0)
			thread_yield();
	}
	uint64_t start = time_ns();

	time_delay_ns(100000);
	EXPECT(t, time_ns() - start >= 100000);
}
KTEST(timer, clock, .seeds = 2);

/* ---- order ---- */

#define TIMERS 200

struct alarm {
	struct timer timer;
	struct alarms *all;
};

struct alarms {
	struct ktest *t;
	struct gate done;
	uint64_t last; /* deadline of the one before */
	unsigned int fired, expected;
	struct alarm alarm[TIMERS];
};

static void alarm_fire(struct timer *timer)
{
	struct alarms *all = container_of(timer, struct alarm, timer)->all;

	EXPECT(all->t, time_ns() >= timer->deadline);
	EXPECT(all->t, timer->deadline >= all->last);
	all->last = timer->deadline;
	if (++all->fired == all->expected)
		gate_open(&all->done);
}

/* Timers started in any order fire in the order of their deadlines, and those
 * that were cancelled do not. */
static void test_order(struct ktest *t)
{
	static struct alarms all;
	uint64_t start = time_ns() + 2 * NSEC_PER_MSEC;
	unsigned int cancelled = 0;

	all = (struct alarms){.t = t, .expected = TIMERS};
	intr_push(); /* all on one CPU */
	for (unsigned int i = 0; i < TIMERS; i++) {
		uint64_t delay = perturb_random() % NSEC_PER_MSEC;

		all.alarm[i].all = &all;
		timer_start(&all.alarm[i].timer, start + delay, alarm_fire);
	}
	for (unsigned int i = 0; i < TIMERS; i += 3)
		cancelled += timer_cancel(&all.alarm[i].timer);
	all.expected -= cancelled;
	intr_pop();

	EXPECT_EQ(t, cancelled, (TIMERS + 2) / 3);
	gate_wait(t, &all.done);
	EXPECT_EQ(t, all.fired, TIMERS - cancelled);
	for (unsigned int i = 0; i < TIMERS; i++)
		EXPECT(t, !timer_cancel(&all.alarm[i].timer));
}
KTEST(timer, order, .seeds = 5);

/* ---- sleeping ---- */

struct sleeper {
	struct ktest *t;
	uint64_t delay;
};

static void sleep_run(void *arg)
{
	struct sleeper *s = arg;
	uint64_t deadline = time_ns() + s->delay;

	thread_sleep_until(deadline);
	EXPECT(s->t, time_ns() >= deadline);
}

static void test_sleep(struct ktest *t)
{
	struct sleeper sleepers[20];
	struct thread *threads[20];
	uint64_t start = time_ns();

	for (unsigned int i = 0; i < 20; i++) {
		sleepers[i] = (struct sleeper){t, (20 - i) * 20000};
		ASSERT(t, thread_spawn(&threads[i], "sleeper", sleep_run,
				       &sleepers[i]) == 0);
	}
	for (unsigned int i = 0; i < 20; i++)
		thread_join(threads[i]);
	EXPECT(t, time_ns() - start >= 400000);
}
KTEST(timer, sleep, .seeds = 5);

/* ---- cancelling on one CPU what another runs ---- */

struct race {
	struct timer timer;
	volatile bool done;
};

static void race_fire(struct timer *timer)
{
	container_of(timer, struct race, timer)->done = true;
}

static void race_start(void *arg)
{
	struct race *r = arg;

	timer_start(&r->timer, time_ns() + 500, race_fire);
}

/* After timer_cancel() the handler has run, or never will; nothing between. */
static void test_cancel_race(struct ktest *t)
{
	for (unsigned int i = 0; i < 30; i++) {
		struct race r = {.done = false};
		struct thread *other;

		ASSERT(t, thread_spawn_on(cpu_count - 1, &other, "starter",
					  race_start, &r) == 0);
		thread_join(other);
		bool cancelled = timer_cancel(&r.timer);

		EXPECT_EQ(t, r.done, !cancelled);
	}
}
KTEST(timer, cancel_race, .seeds = 10);
