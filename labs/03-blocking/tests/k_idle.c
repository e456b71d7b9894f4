/*
 * k_idle.c - exercise 3.1: waiting costs nothing.  And what waking costs: the
 * figures of the handout.
 */
#include "lab03.h"

#define CROWD 50
#define WATCHED (20 * NSEC_PER_MSEC)
#define ENOUGH 9900 /* hundredths of a per cent */

static uint64_t idle_cycles(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < cpu_count; i++)
		sum += sched_idle_cycles(i);
	return sum;
}

/* How much of the time all CPUs are idle, in hundredths of a per cent, while
 * the caller sleeps. */
static unsigned int idle_share(uint64_t ns)
{
	uint64_t start = time_cycles(), idle = idle_cycles(), elapsed;

	thread_sleep_until(time_ns() + ns);
	elapsed = (time_cycles() - start) * cpu_count;
	return (idle_cycles() - idle) * 10000 / elapsed;
}

/* Threads that wait for something: their condition does not come true before
 * the end. */
struct crowd {
	struct room room;
	volatile bool over; /* needs room.lock */
};

static void wait_for_the_end(void *arg)
{
	struct crowd *c = arg;

	spin_lock(&c->room.lock);
	while (!c->over)
		waitq_sleep_until(&c->room.waitq, &c->room.lock, WAIT_FOREVER,
				  0);
	spin_unlock(&c->room.lock);
}

/* Returns the idle share while a crowd waits. */
static unsigned int share_with_crowd(struct ktest *t)
{
	struct crowd crowd = {.over = false};
	struct thread *threads[CROWD];
	unsigned int share;

	room_init(&crowd.room, t);
	for (unsigned int i = 0; i < CROWD; i++)
		threads[i] = spawn("waits", wait_for_the_end, &crowd);
	thread_sleep_until(time_ns() + NSEC_PER_MSEC);
	share = idle_share(WATCHED);
	spin_lock(&crowd.room.lock);
	crowd.over = true;
	waitq_wake(&crowd.room.waitq, WAKE_ALL);
	spin_unlock(&crowd.room.lock);
	for (unsigned int i = 0; i < CROWD; i++)
		thread_join(threads[i]);
	return share;
}

static void test_idle_share(struct ktest *t)
{
	unsigned int share;

	if (!ktest_time_is_exact()) {
		ktest_skip(t, "the host's other work looks like ours: make "
			      "test ICOUNT=1");
		return;
	}
	share = share_with_crowd(t);
	CHECK(t, share > ENOUGH,
	      "while %u threads wait and nothing happens, the CPUs are idle "
	      "%u.%02u %% of the time: expected more than 99 %%",
	      CROWD, share / 100, share % 100);
}
KTEST(lab03, idle_share);

/* ---- figures ---- */

struct relay {
	struct room room;
	volatile bool called, asleep; /* need room.lock */
	volatile uint64_t woken_at;
};

static void answer(void *arg)
{
	struct relay *r = arg;

	spin_lock(&r->room.lock);
	while (!r->called)
		waitq_sleep_until(&r->room.waitq, &r->room.lock, WAIT_FOREVER,
				  0);
	r->woken_at = time_cycles();
	spin_unlock(&r->room.lock);
}

/* From waitq_wake() to the sleeper's next instruction, on the same CPU. */
static uint64_t wake_latency(struct ktest *t)
{
	struct relay r = {.called = false};
	struct thread *sleeper;
	uint64_t start;

	room_init(&r.room, t);
	if (thread_spawn_on(0, &sleeper, "answers", answer, &r))
		return 0;
	thread_sleep_until(time_ns() + NSEC_PER_MSEC);
	spin_lock(&r.room.lock);
	r.called = true;
	start = time_cycles();
	waitq_wake(&r.room.waitq, 1);
	spin_unlock(&r.room.lock);
	thread_join(sleeper);
	return r.woken_at - start;
}

static uint64_t yield_cost(void)
{
	uint64_t start = time_cycles();

	for (unsigned int i = 0; i < 1000; i++)
		thread_yield();
	return (time_cycles() - start) / 1000;
}

/* What a program has, which pays for no check of the order of locks. */
static void test_measure(struct ktest *t)
{
	bool checked = lockorder_set(false);
	unsigned int share = share_with_crowd(t);

	MEASURED(t, "idle share while %u threads wait: %u.%02u %%", CROWD,
		 share / 100, share % 100);
	MEASURED(t,
		 "from wake to the woken thread's next instruction: %llu "
		 "cycles",
		 (unsigned long long)wake_latency(t));
	MEASURED(t, "a thread_yield() with nobody else ready: %llu cycles",
		 (unsigned long long)yield_cost());
	lockorder_set(checked);
}
KTEST(lab03, measure, .manual = true);
