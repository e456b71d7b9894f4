/*
 * k_ring.c - exercise 2.1: what the event queue promises, one step at a time.
 */
#include "lab02.h"

#define Q (&test_queue)
#define MANY 66000u

/* How many are in the queue by what fill() and drain() have done, whatever the
 * queue says. */
static unsigned int waiting;

static void begin(void)
{
	test_queue_init();
	waiting = 0;
}

/* Pushes those numbered from `from` on; all must find a place. */
static bool fill(struct ktest *t, unsigned int from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct event e = numbered_event(0, from + i);

		if (!event_push(Q, &e)) {
			FAIL(t,
			     "event_push() returned false with %u events in "
			     "the queue; it has %d places, and all can be "
			     "used",
			     waiting, EVENTQ_SIZE);
			return false;
		}
		waiting++;
	}
	return true;
}

/* Pops as many; they must be those, in order. */
static bool drain(struct ktest *t, unsigned int from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int producer, n;
		struct event e;

		if (!event_pop(Q, &e)) {
			FAIL(t,
			     "event_pop() returned false with %u events in "
			     "the queue",
			     waiting);
			return false;
		}
		waiting--;
		if (!numbered_read(t, &e, &producer, &n))
			return false;
		if (n != from + i) {
			FAIL(t,
			     "event %u came out, expected event %u: what "
			     "went in first comes out first",
			     n, from + i);
			return false;
		}
	}
	return true;
}

static void expect_empty(struct ktest *t, const char *when)
{
	struct event marked = numbered_event(7, 7), e = marked;

	CHECK(t, event_count(Q) == 0, "%s: event_count() is %u, expected 0",
	      when, event_count(Q));
	CHECK(t, !event_pop(Q, &e), "%s: event_pop() returned true", when);
	CHECK(t, memcmp(&e, &marked, sizeof(e)) == 0,
	      "%s: event_pop() returned false, and has written to *out", when);
}

static void expect_counts(struct ktest *t, uint64_t pushed, uint64_t dropped)
{
	CHECK(t, Q->pushed == pushed, "pushed is %lu, expected %lu", Q->pushed,
	      pushed);
	CHECK(t, Q->dropped == dropped, "dropped is %lu, expected %lu",
	      Q->dropped, dropped);
}

/* Any memory becomes an empty queue, with a lock that nobody holds: memory that
 * was used for something else, and a queue that was full. */
static void test_init_empties(struct ktest *t)
{
	struct event extra = numbered_event(1, 0);

	dirty(Q, sizeof(*Q));
	eventq_init(Q, "test");
	waiting = 0;
	if (!spin_try_lock(&Q->lock)) {
		FAIL(t, "eventq_init() in memory that was used before: q->lock "
			"is not free; spin_init() makes a lock");
		return;
	}
	spin_unlock(&Q->lock);
	expect_empty(t, "after eventq_init() in memory that was used before");
	expect_counts(t, 0, 0);
	fill(t, 0, EVENTQ_SIZE);
	event_push(Q, &extra);
	eventq_init(Q, "test");
	waiting = 0;
	expect_empty(t, "after eventq_init() of a queue that was full");
	expect_counts(t, 0, 0);
	fill(t, 0, EVENTQ_SIZE);
	drain(t, 0, EVENTQ_SIZE);
	CHECK(t, Q->name && strcmp(Q->name, "test") == 0,
	      "eventq_init(q, \"test\"): q->name is \"%s\"",
	      Q->name ? Q->name : "(null)");
}
KTEST(lab02, init_empties);

static void test_first_in_first_out(struct ktest *t)
{
	begin();
	expect_empty(t, "a new queue");
	if (!fill(t, 0, 3))
		return;
	CHECK(t, event_count(Q) == 3,
	      "after 3 event_push(): event_count() is %u, expected 3",
	      event_count(Q));
	drain(t, 0, 1);
	fill(t, 3, 1);
	drain(t, 1, 3);
	expect_empty(t, "after as many event_pop() as event_push()");
	expect_counts(t, 4, 0);
}
KTEST(lab02, first_in_first_out);

/* The queue keeps copies: what becomes of the caller's event is its own
 * business. */
static void test_keeps_copies(struct ktest *t)
{
	struct event e = numbered_event(0, 0), out;

	begin();
	event_push(Q, &e);
	e = numbered_event(0, 1);
	event_push(Q, &e);
	e = numbered_event(0, 99);
	drain(t, 0, 2);
	e = numbered_event(0, 2);
	event_push(Q, &e);
	event_pop(Q, &out);
	CHECK(t, memcmp(&out, &e, sizeof(e)) == 0,
	      "an event came out changed: type, data[0..2] and time_ns must be "
	      "those that went in");
}
KTEST(lab02, keeps_copies);

static void test_all_places(struct ktest *t)
{
	begin();
	if (!fill(t, 0, EVENTQ_SIZE))
		return;
	CHECK(t, event_count(Q) == EVENTQ_SIZE,
	      "a full queue: event_count() is %u, expected %d", event_count(Q),
	      EVENTQ_SIZE);
	drain(t, 0, EVENTQ_SIZE);
	expect_empty(t, "after a full queue was emptied");
}
KTEST(lab02, all_places);

/* To a queue that is full, and has dropped 300: more than 16 bits count. */
static void drop_many(struct ktest *t)
{
	struct event e = numbered_event(1, 0);

	for (unsigned int i = 300; i < MANY; i++)
		event_push(Q, &e);
	expect_counts(t, EVENTQ_SIZE, MANY);
}

/* A full queue keeps what it has; the new event is dropped, and counted. */
static void test_full_drops_the_new(struct ktest *t)
{
	begin();
	if (!fill(t, 0, EVENTQ_SIZE))
		return;
	for (unsigned int i = 1; i <= 300; i++) {
		struct event e = numbered_event(1, i);

		if (event_push(Q, &e)) {
			FAIL(t,
			     "event_push() returned true with %d events in "
			     "the queue: it is full",
			     EVENTQ_SIZE);
			return;
		}
		if (event_count(Q) != EVENTQ_SIZE || Q->dropped != i)
			break;
	}
	expect_counts(t, EVENTQ_SIZE, 300);
	CHECK(t, event_count(Q) == EVENTQ_SIZE,
	      "%d events wait, and event_count() is %u", EVENTQ_SIZE,
	      event_count(Q));
	drop_many(t);
	drain(t, 0, EVENTQ_SIZE);
	expect_empty(t, "after the queue was full");
}
KTEST(lab02, full_drops_the_new);

/* After an overflow there is a place for each event that was taken. */
static void test_recovers(struct ktest *t)
{
	struct event extra = numbered_event(1, 0);
	unsigned int next = EVENTQ_SIZE;

	begin();
	if (!fill(t, 0, EVENTQ_SIZE))
		return;
	for (unsigned int taken = 1; taken <= EVENTQ_SIZE; taken++) {
		event_push(Q, &extra);
		if (!drain(t, next - EVENTQ_SIZE, taken) ||
		    !fill(t, next, taken))
			return;
		next += taken;
		CHECK(t, !event_push(Q, &extra),
		      "%u events were taken from a full queue, and %u put in "
		      "again: it is full, and event_push() returned true",
		      taken, taken);
		if (t->failures)
			return;
	}
	drain(t, next - EVENTQ_SIZE, EVENTQ_SIZE);
	expect_counts(t, next, 2 * EVENTQ_SIZE);
}
KTEST(lab02, recovers);

/* 100,000 events and every fill level: the places are used again and again. */
static void test_goes_round(struct ktest *t)
{
	unsigned int in = 0, out = 0;
	uint64_t random = t->seed;

	begin();
	while (out < 100000 && !t->failures) {
		unsigned int free = EVENTQ_SIZE - (in - out);
		unsigned int n = random_next(&random) % (free + 1);

		if (!fill(t, in, n))
			return;
		in += n;
		CHECK(t, event_count(Q) == in - out,
		      "%u went in, %u came out, and event_count() is %u", in,
		      out, event_count(Q));
		n = random_next(&random) % (in - out + 1);
		if (!drain(t, out, n))
			return;
		out += n;
	}
	expect_counts(t, in, 0);
}
KTEST(lab02, goes_round);

/* Two queues have nothing in common. */
static void test_two_queues(struct ktest *t)
{
	static struct eventq other;
	struct event e = numbered_event(5, 5), out;

	begin();
	eventq_init(&other, "other");
	fill(t, 0, 100);
	event_push(&other, &e);
	fill(t, 100, EVENTQ_SIZE - 100);
	CHECK(t, event_push(&other, &e),
	      "event_push() returned false for a queue with one event, while "
	      "another queue is full");
	CHECK(t, event_count(&other) == 2, "event_count() is %u, expected 2",
	      event_count(&other));
	CHECK(t, other.pushed == 2 && other.dropped == 0,
	      "2 events were pushed to a queue, and its pushed is %lu, dropped "
	      "%lu",
	      other.pushed, other.dropped);
	drain(t, 0, EVENTQ_SIZE);
	for (int i = 0; i < 2; i++)
		CHECK(t,
		      event_pop(&other, &out) &&
			      memcmp(&e, &out, sizeof(e)) == 0,
		      "an event of one queue is gone, or changed, after "
		      "another one was filled and emptied");
}
KTEST(lab02, two_queues);
