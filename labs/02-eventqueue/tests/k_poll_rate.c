/*
 * k_poll_rate.c - what polling costs: a measurement for the handout, no test.
 *
 * A device sends an event in each millisecond, for a second.  A consumer
 * empties the queue, looks again after a while, and so on.  Asking often burns
 * the CPU; asking rarely makes events wait, and more of them than the queue has
 * places are lost.  `make test TEST=02/poll_rate CPUS=1 ICOUNT=1` prints the
 * table: a CPU there does 1,000,000,000 instructions in a second.
 */
#include "lab02.h"

#define DURATION NSEC_PER_SEC
#define EVENT_EVERY NSEC_PER_MSEC
#define SENT (DURATION / EVENT_EVERY)
#define NEVER UINT64_MAX

struct measurement {
	uint64_t interval; /* between two looks; 0: all the time */
	uint64_t began;
	struct timer timer;
	uint64_t random;
	unsigned int sent, taken;
	uint64_t waited, longest; /* ns, of all events; of one */
	uint64_t idle;            /* of the time, in 100,000ths */
};

static void send_event(struct timer *timer);

/* Somewhere in its millisecond: the device knows nothing of our clock. */
static void plan_event(struct measurement *m)
{
	timer_start(&m->timer,
		    m->began + m->sent * EVENT_EVERY +
			    random_next(&m->random) % EVENT_EVERY,
		    send_event);
}

static void send_event(struct timer *timer)
{
	struct measurement *m = container_of(timer, struct measurement, timer);
	struct event e = {.type = EVENT_KEY_DOWN, .time_ns = time_ns()};

	event_push(&test_queue, &e);
	if (++m->sent < SENT)
		plan_event(m);
}

static void take_all(struct measurement *m)
{
	struct event e;

	while (event_pop(&test_queue, &e)) {
		uint64_t waited = time_ns() - e.time_ns;

		m->taken++;
		m->waited += waited;
		m->longest = MAX(m->longest, waited);
	}
}

static void consume(void *arg)
{
	struct measurement *m = arg;
	uint64_t idle = sched_idle_cycles(0), cycles = time_cycles(), next;

	m->began = next = time_ns();
	plan_event(m);
	while (time_ns() < m->began + DURATION) {
		if (m->interval != NEVER)
			take_all(m);
		if (m->interval == 0)
			continue;
		next = m->interval == NEVER ? m->began + DURATION
					    : next + m->interval;
		thread_sleep_until(MIN(next, m->began + DURATION));
	}
	m->idle = (sched_idle_cycles(0) - idle) * 100000 /
		  (time_cycles() - cycles);
	timer_cancel(&m->timer);
	if (m->interval != NEVER)
		take_all(m);
}

static void measure(struct ktest *t, const char *name, uint64_t interval)
{
	struct measurement m = {.interval = interval};
	uint64_t busy;

	test_queue_init();
	run_on_cpus(t, 1, consume, &m);
	busy = 100000 - MIN(m.idle, 100000ul);
	if (interval == NEVER)
		ktest_note(t, "%-12s %3lu.%02lu %%", name, busy / 1000,
			   busy / 10 % 100);
	else
		ktest_note(t, "%-12s %3lu.%02lu %%  %9lu us  %9lu us  %5lu",
			   name, busy / 1000, busy / 10 % 100,
			   m.waited / MAX(m.taken, 1u) / 1000, m.longest / 1000,
			   test_queue.dropped);
}

static void test_poll_rate(struct ktest *t)
{
	ktest_note(t, "1,000 events in a second, which wait in the queue:");
	ktest_note(t,
		   "looks every  CPU busy    on average      longest   lost");
	measure(t, "never", NEVER);
	measure(t, "1 s", NSEC_PER_SEC);
	measure(t, "500 ms", 500 * NSEC_PER_MSEC);
	measure(t, "300 ms", 300 * NSEC_PER_MSEC);
	measure(t, "250 ms", 250 * NSEC_PER_MSEC);
	measure(t, "100 ms", 100 * NSEC_PER_MSEC);
	measure(t, "10 ms", 10 * NSEC_PER_MSEC);
	measure(t, "1 ms", NSEC_PER_MSEC);
	measure(t, "100 us", 100 * NSEC_PER_USEC);
	measure(t, "10 us", 10 * NSEC_PER_USEC);
	measure(t, "all the time", 0);
}
KTEST(lab02, poll_rate, .manual = true);
