/*
 * k_races.c - exercise 2.1: handlers push while threads pop.
 *
 * All these tests keep the same books.  A producer numbers the events that find
 * a place, from 0 on; so of each producer the consumer must see 0, 1, 2 ... in
 * order, none missing, none twice, and no torn one.  Events that were refused
 * must be what the queue counts as dropped.
 */
#include "lab02.h"

#define Q (&test_queue)
#define PRODUCERS 5

struct books {
	struct ktest *t;
	/* Of each producer; private to it, until all have ended. */
	volatile unsigned int sent[PRODUCERS], refused[PRODUCERS];
	/* Of each producer; private to the consumer. */
	unsigned int seen[PRODUCERS];
};

static void produce(struct books *b, unsigned int producer)
{
	struct event e = numbered_event(producer, b->sent[producer]);

	if (event_push(Q, &e))
		b->sent[producer]++;
	else
		b->refused[producer]++;
}

/* Takes one event, if there is one, and enters it. */
static bool consume(struct books *b)
{
	unsigned int producer, n;
	struct event e;

	if (!event_pop(Q, &e) || !numbered_read(b->t, &e, &producer, &n))
		return false;
	if (producer >= PRODUCERS || n != b->seen[producer]) {
		FAIL(b->t,
		     "expected event %u of producer %u next, got event "
		     "%u: one was lost, came twice, or overtook another",
		     producer < PRODUCERS ? b->seen[producer] : 0, producer, n);
		return false;
	}
	b->seen[producer]++;
	return true;
}

/* At the end, when nobody produces any more. */
static void balance(struct books *b)
{
	unsigned int sent = 0, refused = 0, seen = 0;

	while (!b->t->failures && consume(b))
		;
	for (unsigned int i = 0; i < PRODUCERS; i++) {
		sent += b->sent[i];
		refused += b->refused[i];
		seen += b->seen[i];
	}
	CHECK(b->t, b->t->failures || sent == seen,
	      "%u events found a place, and %u came out", sent, seen);
	CHECK(b->t, Q->pushed == sent, "%u events found a place; pushed is %lu",
	      sent, Q->pushed);
	CHECK(b->t, Q->dropped == refused,
	      "event_push() returned false %u times; dropped is %lu", refused,
	      Q->dropped);
}

/* So many events wait after this; bounded, should event_count() be wrong. */
static void set_level(struct books *b, unsigned int level)
{
	for (unsigned int i = 0; i < EVENTQ_SIZE; i++) {
		unsigned int count = event_count(Q);

		if (count < level)
			produce(b, 0);
		else if (count > level)
			consume(b);
		else
			return;
	}
}

/* ---- an interrupt between any two instructions ---- */

struct sweep {
	struct books books;
	struct timer timer;
	void (*in_handler)(struct sweep *s);
	void (*in_thread)(struct sweep *s);
	volatile bool fired;
};

static void handler_pushes(struct sweep *s)
{
	produce(&s->books, 1);
	produce(&s->books, 1);
}

static void thread_pushes(struct sweep *s)
{
	produce(&s->books, 0);
}

static void thread_pops(struct sweep *s)
{
	consume(&s->books);
}

/* Both ends move, and about as many events wait as before. */
static void handler_pops_and_pushes(struct sweep *s)
{
	for (int i = 0; i < 3; i++) {
		consume(&s->books);
		produce(&s->books, 1);
	}
}

static void thread_counts(struct sweep *s)
{
	unsigned int count = event_count(Q);

	CHECK(s->books.t, count <= EVENTQ_SIZE,
	      "event_count() is %u, more than there are places", count);
}

static void interrupt_now(struct timer *timer)
{
	struct sweep *s = container_of(timer, struct sweep, timer);

	s->in_handler(s);
	s->fired = true;
}

/* The interrupt comes an instruction later each time (a nanosecond, under
 * QEMU's -icount), until it comes when the thread is done. */
static void sweep_at_level(struct sweep *s, unsigned int level)
{
	bool fired_within = true;

	for (uint64_t delay = 0; fired_within && delay < 5000; delay++) {
		set_level(&s->books, level);
		s->fired = false;
		timer_start(&s->timer, time_ns() + delay, interrupt_now);
		s->in_thread(s);
		fired_within = s->fired || delay < 100;
		if (!WAIT_FOR(s->fired))
			FAIL(s->books.t, "interrupts are off after the call");
		if (s->books.t->failures)
			break;
	}
	timer_cancel(&s->timer);
}

static void sweep_all_levels(void *arg)
{
	static const unsigned int levels[] = {0, 1, 2, EVENTQ_SIZE - 1,
					      EVENTQ_SIZE};
	struct sweep *s = arg;

	test_queue_init();
	for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++)
		if (!s->books.t->failures)
			sweep_at_level(s, levels[i]);
	balance(&s->books);
}

static void sweep(struct ktest *t, void (*in_handler)(struct sweep *s),
		  void (*in_thread)(struct sweep *s))
{
	static struct sweep s;

	s = (struct sweep){.books = {.t = t},
			   .in_handler = in_handler,
			   .in_thread = in_thread};
	run_on_cpus(t, 1, sweep_all_levels, &s);
	CHECK(t, s.books.seen[0] + s.books.seen[1] > 0,
	      "events were pushed, and none came out");
}

static void test_interrupted_pop(struct ktest *t)
{
	sweep(t, handler_pushes, thread_pops);
}
KTEST(lab02, interrupted_pop);

static void test_interrupted_push(struct ktest *t)
{
	sweep(t, handler_pushes, thread_pushes);
}
KTEST(lab02, interrupted_push);

static void test_interrupted_count(struct ktest *t)
{
	sweep(t, handler_pops_and_pushes, thread_counts);
}
KTEST(lab02, interrupted_count);

/* ---- several CPUs ---- */

#define EACH 12

struct crowd {
	struct books books;
	unsigned int workers; /* numbers them */
	volatile unsigned int producing;
};

/* The first is the consumer, the others produce. */
static void work(void *arg)
{
	struct crowd *c = arg;
	unsigned int me = __atomic_fetch_add(&c->workers, 1, __ATOMIC_RELAXED);

	if (me == 0) {
		while (c->producing && !c->books.t->failures) {
			unsigned int count = event_count(Q);

			CHECK(c->books.t, count <= EVENTQ_SIZE,
			      "event_count() is %u, more than there are places",
			      count);
			if (!consume(&c->books))
				thread_yield();
		}
		return;
	}
	for (unsigned int i = 0; i < EACH; i++) {
		produce(&c->books, me);
		sched_point(POINT_ACCESS, c);
	}
	__atomic_fetch_sub(&c->producing, 1, __ATOMIC_RELEASE);
}

static void crowd(struct ktest *t, unsigned int level)
{
	static struct crowd c;
	unsigned int producers = MIN(MAX(cpu_count, 3u), PRODUCERS) - 1;

	test_queue_init();
	c = (struct crowd){.books = {.t = t}, .producing = producers};
	set_level(&c.books, level);
	run_on_cpus(t, producers + 1, work, &c);
	balance(&c.books);
	CHECK(t, c.books.seen[1] + c.books.refused[1] == EACH,
	      "producer 1 pushed %u events, %u were refused, and %u came out",
	      EACH, c.books.refused[1], c.books.seen[1]);
}

/* Around an empty queue, and around a full one. */
static void test_producers_and_consumer(struct ktest *t)
{
	crowd(t, 0);
}
KTEST(lab02, producers_and_consumer, .seeds = 20);

static void test_producers_when_full(struct ktest *t)
{
	crowd(t, EVENTQ_SIZE - 3);
}
KTEST(lab02, producers_when_full, .seeds = 20);

/* ---- two consumers ---- */

struct rivals {
	struct ktest *t;
	uint8_t taken[EACH * 3]; /* by the event's number; atomic */
	volatile unsigned int left;
};

static void take_some(void *arg)
{
	struct rivals *r = arg;
	unsigned int producer, n;
	struct event e;

	while (event_pop(Q, &e)) {
		if (!numbered_read(r->t, &e, &producer, &n) ||
		    n >= ARRAY_SIZE(r->taken))
			return;
		__atomic_fetch_add(&r->taken[n], 1, __ATOMIC_RELAXED);
	}
}

/* Each event goes to one of them. */
static void test_two_consumers(struct ktest *t)
{
	static struct rivals r;

	test_queue_init();
	r = (struct rivals){.t = t};
	for (unsigned int n = 0; n < ARRAY_SIZE(r.taken); n++) {
		struct event e = numbered_event(0, n);

		event_push(Q, &e);
	}
	run_on_cpus(t, 2, take_some, &r);
	for (unsigned int n = 0; n < ARRAY_SIZE(r.taken) && !t->failures; n++)
		CHECK(t, r.taken[n] == 1,
		      "event %u was pushed once, and two consumers popped it "
		      "%u times in all",
		      n, r.taken[n]);
}
KTEST(lab02, two_consumers, .seeds = 20);

/* ---- two queues at once ---- */

struct pair {
	struct ktest *t;
	unsigned int workers; /* numbers them */
	struct eventq queues[2];
};

/* Each CPU has a queue of its own, and gets out of it what it put in. */
static void push_and_pop(void *arg)
{
	struct pair *p = arg;
	unsigned int me = __atomic_fetch_add(&p->workers, 1, __ATOMIC_RELAXED);
	unsigned int producer, n;

	for (unsigned int i = 0; i < EACH && !p->t->failures; i++) {
		struct event e = numbered_event(me, i), out = {.type = 0};

		event_push(&p->queues[me], &e);
		if (!event_pop(&p->queues[me], &out))
			FAIL(p->t,
			     "CPU %u pushed an event to its own queue, and "
			     "event_pop() returned false",
			     me);
		else if (numbered_read(p->t, &out, &producer, &n))
			CHECK(p->t, producer == me && n == i,
			      "CPU %u pushed event %u to its own queue, and "
			      "popped event %u of CPU %u",
			      me, i, n, producer);
	}
}

/* What one call works on is nothing that a call for another queue sees. */
static void test_two_queues_at_once(struct ktest *t)
{
	static struct pair p;

	p = (struct pair){.t = t};
	for (int i = 0; i < 2; i++)
		eventq_init(&p.queues[i], "a CPU's own");
	run_on_cpus(t, 2, push_and_pop, &p);
	for (int i = 0; i < 2 && !t->failures; i++)
		CHECK(t, p.queues[i].pushed == EACH && p.queues[i].dropped == 0,
		      "queue %d: pushed is %lu, expected %d; dropped is %lu, "
		      "expected 0",
		      i, p.queues[i].pushed, EACH, p.queues[i].dropped);
}
KTEST(lab02, two_queues_at_once, .seeds = 20);

/* ---- interrupts ---- */

struct inside {
	struct ktest *t;
	volatile bool done;
	struct timer timer;
};

static void expect_off(struct inside *in, const char *after)
{
	CHECK(in->t, !intr_enabled(),
	      "%s in a handler has turned interrupts on", after);
}

static void look_inside(struct timer *timer)
{
	struct inside *in = container_of(timer, struct inside, timer);
	struct event e = numbered_event(0, 0);

	event_pop(Q, &e);
	expect_off(in, "event_pop() of an empty queue");
	for (unsigned int i = 0; i < EVENTQ_SIZE; i++)
		event_push(Q, &e);
	expect_off(in, "event_push()");
	event_push(Q, &e);
	expect_off(in, "event_push() to a full queue");
	event_count(Q);
	expect_off(in, "event_count()");
	event_pop(Q, &e);
	expect_off(in, "event_pop()");
	in->done = true;
}

/* A call leaves them as they were, on each way out. */
static void interrupts_in_calls(void *arg)
{
	struct inside *in = arg;
	struct event e = numbered_event(0, 0);
	unsigned int pushed = 0;

	test_queue_init();
	event_pop(Q, &e);
	CHECK(in->t, intr_enabled(),
	      "interrupts are off after event_pop() of "
	      "an empty queue");
	for (unsigned int i = 0; i <= EVENTQ_SIZE; i++)
		pushed += event_push(Q, &e);
	CHECK(in->t, intr_enabled(),
	      "interrupts are off after event_push() to "
	      "a full queue");
	CHECK(in->t, event_count(Q) == EVENTQ_SIZE && intr_enabled(),
	      "after %d event_push(): event_count() is %u, expected %d; and "
	      "interrupts must be on",
	      EVENTQ_SIZE + 1, event_count(Q), EVENTQ_SIZE);
	while (pushed-- && event_pop(Q, &e))
		;
	CHECK(in->t, intr_enabled(), "interrupts are off after event_pop()");
	timer_start(&in->timer, time_ns(), look_inside);
	CHECK(in->t, WAIT_FOR(in->done), "the timer's handler did not end");
}

static void test_interrupts_as_before(struct ktest *t)
{
	struct inside in = {.t = t};

	run_on_cpus(t, 1, interrupts_in_calls, &in);
}
KTEST(lab02, interrupts_as_before);
