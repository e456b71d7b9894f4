/*
 * test_input.c - what it costs to hear of an event: asking, and waiting.
 *
 *	make test LAB=2 TEST=input/cost ICOUNT=1
 *	make test LAB=3 TEST=input/cost ICOUNT=1
 *
 * On CPU 0 a timer pushes a thousand events in one second, as the interrupts of
 * a fast mouse would.  On CPU 1 one thread takes them, and does nothing else:
 *
 *	asks at once	event_pop() in a loop, as a program that only polls
 *	every 10 ms	sleeps, then pops until the queue is empty
 *	waits		waitq_sleep_until() on input_readers, as a read of
 *			/dev/input does
 *
 * A row of the table says which share of its CPU that took, how many events
 * found no place in the queue, how often the thread looked, and how long an
 * event lay in the queue.  A thread that asks can choose: much CPU, or late, or
 * too late.  The sleep between two looks is the core's (thread_sleep_until()),
 * so it costs the same with every lab; what waiting costs depends on lab 3.
 */
#include "cpu.h"
#include "input.h"
#include "ktest.h"
#include "thread.h"
#include "time.h"
#include "timer.h"

#define EVENTS 1000
#define EVENT_PERIOD NSEC_PER_MSEC /* on average */

/* What a row is about, and what came of it. */
struct trial {
	const char *name;
	uint64_t sleep; /* between two looks, ns; 0: none */
	bool waits;

	uint64_t took, idle; /* of CPU 1, in cycles */
	uint64_t looks, taken;
	uint64_t delay_sum, delay_max; /* ns in the queue */
};

/* ---- CPU 0: the device ---- */

static struct {
	struct timer timer;
	uint64_t next, random;
	unsigned int sent; /* atomic: CPU 1 looks at it */
} device;

/* From half a period to one and a half, so that no poll rate stays in step: the
 * generator of Park and Miller (CACM, October 1988). */
static uint64_t next_interval(void)
{
	device.random = device.random * 16807 % 0x7fffffff;
	return EVENT_PERIOD / 2 + device.random % EVENT_PERIOD;
}

static void device_interrupt(struct timer *timer)
{
	struct event e = {.type = EVENT_MOUSE_MOVE, .data = {1, 1, 0}};

	e.time_ns = time_ns();
	__atomic_store_n(&device.sent, device.sent + 1, __ATOMIC_RELEASE);
	event_push(&input_events, &e);
	device.next += next_interval();
	if (device.sent < EVENTS)
		timer_start(timer, device.next, device_interrupt);
}

static void device_start(void *arg)
{
	(void)arg;
	device.sent = 0;
	device.random = 1;
	device.next = time_ns() + next_interval();
	timer_start(&device.timer, device.next, device_interrupt);
}

static bool device_is_done(void)
{
	return __atomic_load_n(&device.sent, __ATOMIC_ACQUIRE) == EVENTS;
}

/* ---- CPU 1: who takes the events ---- */

static void take_all(struct trial *trial)
{
	struct event e;

	trial->looks++;
	while (event_pop(&input_events, &e)) {
		uint64_t delay = time_ns() - e.time_ns;

		trial->taken++;
		trial->delay_sum += delay;
		trial->delay_max = MAX(trial->delay_max, delay);
	}
}

static void wait_for_event(void)
{
	spin_lock(&input_lock);
	if (event_count(&input_events) == 0)
		waitq_sleep_until(&input_readers, &input_lock, WAIT_FOREVER, 0);
	spin_unlock(&input_lock);
}

static void take_events(void *arg)
{
	struct trial *trial = arg;
	uint64_t start = time_cycles(), idle = sched_idle_cycles(1);
	uint64_t next = time_ns();

	/* The last event may have come between a look and the question. */
	for (bool done = false; !done;) {
		done = device_is_done();
		if (trial->waits && !done) {
			wait_for_event();
		} else if (trial->sleep && !done) {
			next += trial->sleep;
			thread_sleep_until(next);
		} else if (!done) {
			thread_yield();
		}
		take_all(trial);
	}
	trial->took = time_cycles() - start;
	trial->idle = sched_idle_cycles(1) - idle;
}

/* ---- the table ---- */

static bool run(struct ktest *t, struct trial *trial)
{
	struct thread *taker, *starter;

	eventq_init(&input_events, "input");
	if (thread_spawn_on(0, &starter, "device", device_start, NULL))
		return false;
	thread_join(starter);
	if (thread_spawn_on(1, &taker, "taker", take_events, trial)) {
		while (!device_is_done())
			thread_yield();
		return false;
	}
	thread_join(taker);
	EXPECT_EQ(t, trial->taken, input_events.pushed);
	return true;
}

static void print(struct ktest *t, const struct trial *trial)
{
	uint64_t busy = (trial->took - MIN(trial->idle, trial->took)) * 10000 /
			trial->took;
	uint64_t mean = trial->delay_sum / MAX(trial->taken, 1ull);

	ktest_note(t, "%-14s %4lu.%02lu %% %8lu %'10lu %'12lu %'12lu",
		   trial->name, busy / 100, busy % 100, input_events.dropped,
		   trial->looks, mean / 1000, trial->delay_max / 1000);
}

static void test_cost(struct ktest *t)
{
	static const struct trial trials[] = {
		{.name = "asks at once"},
		{.name = "every 10 us", .sleep = 10 * NSEC_PER_USEC},
		{.name = "every 100 us", .sleep = 100 * NSEC_PER_USEC},
		{.name = "every 1 ms", .sleep = NSEC_PER_MSEC},
		{.name = "every 10 ms", .sleep = 10 * NSEC_PER_MSEC},
		{.name = "every 100 ms", .sleep = 100 * NSEC_PER_MSEC},
		{.name = "every 250 ms", .sleep = 250 * NSEC_PER_MSEC},
		{.name = "every 300 ms", .sleep = 300 * NSEC_PER_MSEC},
		{.name = "every 500 ms", .sleep = 500 * NSEC_PER_MSEC},
		{.name = "waits", .waits = true},
	};

	if (!input_started()) {
		ktest_skip(t, "input is still locked: that is lab 2");
		return;
	}
	ktest_note(t, "%d events in one second", EVENTS);
	ktest_note(t, "%-14s %9s %8s %10s %12s %12s", "", "CPU", "lost",
		   "looks", "mean, us", "longest, us");
	for (unsigned int i = 0; i < ARRAY_SIZE(trials); i++) {
		struct trial trial = trials[i];

		ASSERT(t, run(t, &trial));
		print(t, &trial);
	}
}
KTEST(input, cost, .min_cpus = 2, .manual = true);
