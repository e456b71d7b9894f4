/*
 * k_scancodes.c - exercise 2.4: the keyboard's bytes, to all who subscribed.
 */
#include "lab02.h"

static void publish(unsigned int from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		scancode_publish(from + i);
}

/* Reads up to len bytes; expects `count`, which go on from `from`. */
static void expect_bytes(struct ktest *t, struct scancode_pipe *p, size_t len,
			 unsigned int from, size_t count, const char *when)
{
	uint8_t buf[2 * SCANCODE_RING];
	size_t got;

	memset(buf, 0xee, sizeof(buf));
	got = scancode_read(p, buf, len);
	CHECK(t, got == count,
	      "%s: scancode_read() of %zu bytes returned %zu, expected %zu",
	      when, len, got, count);
	for (size_t i = 0; i < MIN(got, count); i++)
		if (buf[i] != (uint8_t)(from + i)) {
			FAIL(t, "%s: byte %zu is %u, expected %u", when, i,
			     buf[i], (uint8_t)(from + i));
			return;
		}
	for (size_t i = count; i < sizeof(buf); i++)
		if (buf[i] != 0xee) {
			FAIL(t,
			     "%s: scancode_read() wrote beyond the bytes "
			     "that it returned",
			     when);
			return;
		}
}

/* What was in a pipe's memory before does not matter. */
static void subscribe(struct scancode_pipe *p)
{
	dirty(p, sizeof(*p));
	scancode_subscribe(p);
}

static void test_bytes_in_order(struct ktest *t)
{
	static struct scancode_pipe p;

	subscribe(&p);
	expect_bytes(t, &p, 10, 0, 0, "a new pipe");
	publish(1, 10);
	expect_bytes(t, &p, 0, 0, 0, "10 bytes wait");
	expect_bytes(t, &p, 4, 1, 4, "10 bytes wait");
	publish(11, 2);
	expect_bytes(t, &p, 100, 5, 8, "8 bytes wait");
	expect_bytes(t, &p, 100, 0, 0, "all were read");
	scancode_unsubscribe(&p);
}
KTEST(lab02, bytes_in_order);

#define MANY 66000u /* more than 16 bits count */

static void test_full_keeps_the_oldest(struct ktest *t)
{
	static struct scancode_pipe p;

	subscribe(&p);
	publish(0, SCANCODE_RING);
	CHECK(t, p.dropped == 0,
	      "%d bytes came, as many as there are places; dropped is %lu",
	      SCANCODE_RING, p.dropped);
	publish(200, 5);
	CHECK(t, p.dropped == 5, "5 bytes found no place; dropped is %lu",
	      p.dropped);
	publish(200, MANY - 5);
	CHECK(t, p.dropped == MANY, "%u bytes found no place; dropped is %lu",
	      MANY, p.dropped);
	expect_bytes(t, &p, 28, 0, 28, "a full pipe");
	publish(SCANCODE_RING, 28);
	publish(200, 1);
	CHECK(t, p.dropped == MANY + 1,
	      "%u bytes found no place; dropped is %lu", MANY + 1, p.dropped);
	expect_bytes(t, &p, 2 * SCANCODE_RING, 28, SCANCODE_RING,
		     "a full pipe, after some were read and more came");
	scancode_unsubscribe(&p);
}
KTEST(lab02, full_keeps_the_oldest);

static void test_pipe_goes_round(struct ktest *t)
{
	static struct scancode_pipe p;
	unsigned int in = 0, out = 0;
	uint64_t random = 4;

	subscribe(&p);
	while (out < 20000 && !t->failures) {
		unsigned int n =
			random_next(&random) % (SCANCODE_RING - (in - out) + 1);

		publish(in, n);
		in += n;
		n = random_next(&random) % (in - out + 1);
		expect_bytes(t, &p, n, out, n, "after many bytes");
		out += n;
	}
	CHECK(t, p.dropped == 0, "each byte had a place; dropped is %lu",
	      p.dropped);
	scancode_unsubscribe(&p);
}
KTEST(lab02, pipe_goes_round);

/* ---- several subscribers ---- */

#define PIPES 4
#define MANY_PIPES 70

/* Each has its own bytes, and reads at its own pace. */
static void test_several_subscribers(struct ktest *t)
{
	static struct scancode_pipe pipes[PIPES];
	char what[32];

	for (unsigned int i = 0; i < PIPES; i++)
		subscribe(&pipes[i]);
	publish(0, 10);
	expect_bytes(t, &pipes[2], 100, 0, 10, "subscriber 2");
	publish(10, SCANCODE_RING - 9);
	for (unsigned int i = 0; i < PIPES; i++) {
		bool read = i == 2;

		snprintf(what, sizeof(what), "subscriber %u", i);
		expect_bytes(t, &pipes[i], 2 * SCANCODE_RING, read ? 10 : 0,
			     read ? SCANCODE_RING - 9 : SCANCODE_RING, what);
		CHECK(t, pipes[i].dropped == !read,
		      "%s: dropped is %lu, expected %u", what, pipes[i].dropped,
		      !read);
		scancode_unsubscribe(&pipes[i]);
	}
}
KTEST(lab02, several_subscribers);

/* Leaves from the middle, the end and the beginning; the others stay. */
static void test_unsubscribe(struct ktest *t)
{
	static const unsigned int leaves[PIPES] = {1, 3, 0, 2};
	static struct scancode_pipe pipes[PIPES];
	bool gone[PIPES] = {false};
	char what[64];

	for (unsigned int i = 0; i < PIPES; i++)
		subscribe(&pipes[i]);
	for (unsigned int n = 0; n < PIPES && !t->failures; n++) {
		gone[leaves[n]] = true;
		scancode_unsubscribe(&pipes[leaves[n]]);
		memset(&pipes[leaves[n]], 0xee, sizeof(pipes[0]));
		publish(n * 10, 10);
		for (unsigned int i = 0; i < PIPES; i++) {
			snprintf(what, sizeof(what),
				 "subscriber %u, when subscriber %u has left",
				 i, leaves[n]);
			if (!gone[i])
				expect_bytes(t, &pipes[i], 100, n * 10, 10,
					     what);
		}
	}
	for (unsigned int i = 0; i < PIPES; i++)
		for (size_t k = 0; k < sizeof(pipes[i]); k++)
			if (((uint8_t *)&pipes[i])[k] != 0xee) {
				FAIL(t, "a pipe was written to after it was "
					"unsubscribed");
				return;
			}
}
KTEST(lab02, unsubscribe);

/* As many as come, who leave in another order. */
static void test_many_subscribers(struct ktest *t)
{
	static struct scancode_pipe pipes[MANY_PIPES];
	unsigned int step = 29; /* has no factor in common with MANY_PIPES */
	char what[64];

	for (unsigned int i = 0; i < MANY_PIPES; i++)
		subscribe(&pipes[i]);
	for (unsigned int left = 0; left < MANY_PIPES; left++) {
		unsigned int i = left * step % MANY_PIPES;

		publish(left, 1);
		snprintf(what, sizeof(what),
			 "subscriber %u of %d, when %u have left", i,
			 MANY_PIPES, left);
		expect_bytes(t, &pipes[i], 2 * SCANCODE_RING, 0, left + 1,
			     what);
		scancode_unsubscribe(&pipes[i]);
	}
}
KTEST(lab02, many_subscribers);

static void test_subscribe_again(struct ktest *t)
{
	static struct scancode_pipe p;

	dirty(&p, sizeof(p));
	for (int i = 0; i < 3; i++) {
		scancode_subscribe(&p);
		expect_bytes(
			t, &p, 100, 0, 0,
			"subscribed again, after bytes that were not read");
		CHECK(t, p.dropped == 0,
		      "subscribed again: dropped is %lu, expected 0",
		      p.dropped);
		publish(50, SCANCODE_RING + 3);
		scancode_unsubscribe(&p);
	}
}
KTEST(lab02, subscribe_again);

/* ---- an interrupt between any two instructions ---- */

struct handler {
	struct ktest *t;
	struct scancode_pipe pipe;
	struct timer timer;
	volatile bool fired;
	unsigned int in, out;
};

static void publish_two(struct timer *timer)
{
	struct handler *h = container_of(timer, struct handler, timer);

	publish(h->in, 2);
	CHECK(h->t, !intr_enabled(),
	      "scancode_publish() in a handler has turned interrupts on");
	h->in += 2;
	h->fired = true;
}

/* As in k_races.c: an instruction later each time. */
static void read_while_bytes_come(void *arg)
{
	struct handler *h = arg;
	bool fired_within = true;

	subscribe(&h->pipe);
	CHECK(h->t, intr_enabled(),
	      "interrupts are off after "
	      "scancode_subscribe()");
	for (uint64_t delay = 0; fired_within && delay < 5000; delay++) {
		uint8_t buf[4];
		size_t got;

		h->fired = false;
		timer_start(&h->timer, time_ns() + delay, publish_two);
		got = scancode_read(&h->pipe, buf, sizeof(buf));
		fired_within = h->fired || delay < 100;
		if (!WAIT_FOR(h->fired))
			FAIL(h->t, "interrupts are off after scancode_read()");
		for (size_t i = 0; i < got; i++)
			CHECK(h->t, buf[i] == (uint8_t)h->out++,
			      "expected byte %u, got byte %u: an interrupt "
			      "came while scancode_read() was at work",
			      (uint8_t)(h->out - 1), buf[i]);
		if (h->t->failures)
			break;
	}
	timer_cancel(&h->timer);
	expect_bytes(h->t, &h->pipe, 2 * SCANCODE_RING, h->out, h->in - h->out,
		     "at the end");
	CHECK(h->t, h->pipe.dropped == 0,
	      "each byte had a place; dropped is %lu", h->pipe.dropped);
	scancode_unsubscribe(&h->pipe);
	CHECK(h->t, intr_enabled(),
	      "interrupts are off after "
	      "scancode_unsubscribe()");
}

static void test_interrupted_read(struct ktest *t)
{
	static struct handler h;

	h = (struct handler){.t = t};
	run_on_cpus(t, 1, read_while_bytes_come, &h);
	CHECK(t, h.in > 0, "the handler was not called");
}
KTEST(lab02, interrupted_read);

/* ---- several CPUs ---- */

#define BYTES 40

struct office {
	struct ktest *t;
	unsigned int workers; /* numbers them */
	volatile bool closed;
	struct scancode_pipe pipes[PIPES];
};

/* Comes and goes; the memory of a pipe is used for something else at once. */
static void come_and_go(struct office *o, struct scancode_pipe *p)
{
	uint8_t buf[SCANCODE_RING];

	do {
		subscribe(p);
		sched_point(POINT_ACCESS, p);
		size_t got = scancode_read(p, buf, sizeof(buf));

		for (size_t i = 1; i < got; i++)
			CHECK(o->t, buf[i] == (uint8_t)(buf[i - 1] + 1),
			      "byte %u came after byte %u: one was lost, or "
			      "came twice",
			      buf[i], buf[i - 1]);
		scancode_unsubscribe(p);
		memset(p, 0xee, sizeof(*p));
		sched_point(POINT_ACCESS, p);
		for (size_t i = 0; i < sizeof(*p); i++)
			if (((volatile uint8_t *)p)[i] != 0xee) {
				FAIL(o->t,
				     "a pipe was written to after "
				     "scancode_unsubscribe() had returned: "
				     "its memory may be somebody else's");
				return;
			}
	} while (!o->closed && !o->t->failures);
}

/* The first publishes, the others come and go. */
static void work(void *arg)
{
	struct office *o = arg;
	unsigned int me = __atomic_fetch_add(&o->workers, 1, __ATOMIC_RELAXED);

	if (me > 0) {
		come_and_go(o, &o->pipes[me % PIPES]);
		return;
	}
	for (unsigned int i = 0; i < BYTES && !o->t->failures; i++) {
		scancode_publish(i);
		thread_yield();
	}
	o->closed = true;
}

static void test_unsubscribe_while_publishing(struct ktest *t)
{
	static struct office o;

	o = (struct office){.t = t};
	subscribe(&o.pipes[0]); /* nobody else's: it stays */
	run_on_cpus(t, MIN(MAX(cpu_count, 2u), PIPES), work, &o);
	expect_bytes(t, &o.pipes[0], 2 * SCANCODE_RING, 0, BYTES,
		     "a subscriber who stays while others come and go");
	scancode_unsubscribe(&o.pipes[0]);
}
KTEST(lab02, unsubscribe_while_publishing, .seeds = 20);

/* One CPU publishes, each other one reads: every byte comes to everybody. */
static void read_all(struct office *o, struct scancode_pipe *p)
{
	unsigned int next = 0;
	uint8_t byte;

	while (next < BYTES && !o->t->failures) {
		bool closed = o->closed;

		if (scancode_read(p, &byte, 1) == 0) {
			CHECK(o->t, !closed,
			      "%d bytes were published, and a subscriber got "
			      "%u of them",
			      BYTES, next);
			thread_yield();
			continue;
		}
		CHECK(o->t, byte == next, "expected byte %u, got byte %u", next,
		      byte);
		next++;
	}
}

static void publish_or_read(void *arg)
{
	struct office *o = arg;
	unsigned int me = __atomic_fetch_add(&o->workers, 1, __ATOMIC_RELAXED);

	if (me > 0) {
		read_all(o, &o->pipes[me % PIPES]);
		return;
	}
	for (unsigned int i = 0; i < BYTES; i++)
		scancode_publish(i);
	o->closed = true;
}

static void test_readers_and_publisher(struct ktest *t)
{
	static struct office o;
	unsigned int workers = MIN(MAX(cpu_count, 2u), PIPES);

	o = (struct office){.t = t};
	for (unsigned int i = 0; i < PIPES; i++)
		subscribe(&o.pipes[i]);
	run_on_cpus(t, workers, publish_or_read, &o);
	for (unsigned int i = 0; i < PIPES; i++)
		scancode_unsubscribe(&o.pipes[i]);
}
KTEST(lab02, readers_and_publisher, .seeds = 20);

/* ---- two readers of one pipe ---- */

struct readers {
	struct ktest *t;
	struct scancode_pipe pipe;
	uint8_t taken[BYTES]; /* how often each byte was; atomic */
};

/* Three at most at a time, as long as there are any. */
static void take_some(void *arg)
{
	struct readers *r = arg;
	uint8_t buf[3];
	size_t got, calls = 0;

	while ((got = scancode_read(&r->pipe, buf, sizeof(buf))) > 0) {
		if (got > sizeof(buf) || ++calls > BYTES) {
			FAIL(r->t,
			     "two CPUs read a pipe: scancode_read() of %zu "
			     "bytes returned %zu, %zu calls after the first",
			     sizeof(buf), got, calls - 1);
			return;
		}
		for (size_t i = 0; i < got; i++)
			if (buf[i] < BYTES)
				__atomic_fetch_add(&r->taken[buf[i]], 1,
						   __ATOMIC_RELAXED);
	}
}

/* As of a process and its child: each byte goes to one of them. */
static void test_two_readers(struct ktest *t)
{
	static struct readers r;

	r = (struct readers){.t = t};
	subscribe(&r.pipe);
	publish(0, BYTES);
	run_on_cpus(t, 2, take_some, &r);
	for (unsigned int i = 0; i < BYTES && !t->failures; i++)
		CHECK(t, r.taken[i] == 1,
		      "byte %u came once, and two readers of the pipe got it "
		      "%u times in all",
		      i, r.taken[i]);
	expect_bytes(t, &r.pipe, 2 * SCANCODE_RING, 0, 0,
		     "two readers have taken all");
	scancode_unsubscribe(&r.pipe);
}
KTEST(lab02, two_readers, .seeds = 20);
