/*
 * k_lost_wakeups.c - exercise 3.1: no wake-up is lost, and none is used twice.
 *
 * Each test is a few threads that meet at a wait queue, run again and again in
 * other orders: by chance, with seeds; and the smallest ones in all orders that
 * two forced switches can make (sched=explore).  A wake-up that is lost leaves
 * a thread asleep for ever, and then nobody can run: the kernel says who waits.
 */
#include "lab03.h"

/* Each wake-up that waitq_wake() counts is one sleeper that returns 0. */
static void expect_as_many(struct ktest *t, unsigned int woken,
			   unsigned int returned)
{
	CHECK(t, woken == returned,
	      "waitq_wake() says that it has woken %u, but %u calls of "
	      "waitq_sleep_until() returned 0",
	      woken, returned);
}

/* ---- one waits for one ---- */

/* needs room.lock: all but it */
struct letter {
	struct room room;
	bool written;
	unsigned int woken, returned; /* as the two functions say */
};

static void letter_read(void *arg)
{
	struct letter *l = arg;

	spin_lock(&l->room.lock);
	while (!l->written)
		l->returned += waitq_sleep_until(&l->room.waitq, &l->room.lock,
						 WAIT_FOREVER, 0) == 0;
	spin_unlock(&l->room.lock);
}

static void letter_write(void *arg)
{
	struct letter *l = arg;

	spin_lock(&l->room.lock);
	l->written = true;
	l->woken += waitq_wake(&l->room.waitq, 1);
	spin_unlock(&l->room.lock);
}

static void test_no_wakeup_lost(struct ktest *t)
{
	struct letter l = {.woken = 0};
	struct thread *reader, *writer;

	room_init(&l.room, t);
	reader = spawn("reader", letter_read, &l);
	writer = spawn("writer", letter_write, &l);
	thread_join(reader);
	thread_join(writer);
	expect_as_many(t, l.woken, l.returned);
}
KTEST(lab03, no_wakeup_lost, .seeds = 50);

/* ---- two take turns ---- */

#define TURNS 20

/* All need room.lock. */
struct rally {
	struct room room;
	unsigned int side; /* whose turn it is */
	unsigned int played;
	unsigned int next_player;
	unsigned int woken, returned;
};

static void play(void *arg)
{
	struct rally *r = arg;
	unsigned int me;

	spin_lock(&r->room.lock);
	me = r->next_player++;
	for (unsigned int i = 0; i < TURNS; i++) {
		while (r->side != me)
			r->returned +=
				waitq_sleep_until(&r->room.waitq, &r->room.lock,
						  WAIT_FOREVER, 0) == 0;
		r->side = !me;
		r->played++;
		r->woken += waitq_wake(&r->room.waitq, 1);
	}
	spin_unlock(&r->room.lock);
}

static void test_ping_pong(struct ktest *t)
{
	struct rally r = {.side = 0};

	room_init(&r.room, t);
	run_threads(2, play, &r);
	CHECK(t, r.played == 2 * TURNS,
	      "two threads took %u turns instead of %u", r.played, 2 * TURNS);
	expect_as_many(t, r.woken, r.returned);
}
KTEST(lab03, ping_pong, .seeds = 50);

/* ---- each wake-up reaches one sleeper, and each sleeper needs one ---- */

#define SLEEPERS 4

/* All need room.lock. */
struct counter {
	struct room room;
	unsigned int asleep, woken, returned;
};

/* It does not look at a condition: it relies on 0 meaning a wake-up. */
static void sleep_and_count(void *arg)
{
	struct counter *c = arg;
	int result;

	spin_lock(&c->room.lock);
	c->asleep++;
	result = waitq_sleep_until(&c->room.waitq, &c->room.lock, WAIT_FOREVER,
				   0);
	c->returned += result == 0;
	CHECK(c->room.t, c->returned <= c->woken,
	      "%u sleepers have returned 0, but only %u were woken",
	      c->returned, c->woken);
	spin_unlock(&c->room.lock);
}

static void wake_them(void *arg)
{
	struct counter *c = arg;
	bool done = false;

	while (!done && !c->room.t->failures) {
		spin_lock(&c->room.lock);
		if (c->asleep > c->woken)
			c->woken += waitq_wake(&c->room.waitq, 1);
		done = c->woken == SLEEPERS;
		spin_unlock(&c->room.lock);
		thread_yield();
	}
}

static void test_one_wakeup_each(struct ktest *t)
{
	struct counter c = {.asleep = 0};
	struct thread *waker;

	room_init(&c.room, t);
	waker = spawn("waker", wake_them, &c);
	run_threads(SLEEPERS, sleep_and_count, &c);
	thread_join(waker);
	CHECK(t, c.returned == SLEEPERS,
	      "%u of %u sleepers returned 0 after as many wake-ups", c.returned,
	      SLEEPERS);
}
KTEST(lab03, one_wakeup_each, .seeds = 50);

/* ---- one deadline against one wake-up: the smallest such race ---- */

#define PAST 1 /* a deadline that has come whenever somebody looks */

static void sleep_once(void *arg)
{
	struct counter *c = arg;

	spin_lock(&c->room.lock);
	c->returned +=
		waitq_sleep_until(&c->room.waitq, &c->room.lock, PAST, 0) == 0;
	spin_unlock(&c->room.lock);
}

static void wake_once(void *arg)
{
	struct counter *c = arg;

	c->woken += room_wake(&c->room, 1);
}

static void test_wakeup_meets_deadline(struct ktest *t)
{
	struct counter c = {.woken = 0};
	struct thread *sleeper, *waker;

	room_init(&c.room, t);
	sleeper = spawn("sleeper", sleep_once, &c);
	waker = spawn("waker", wake_once, &c);
	thread_join(sleeper);
	thread_join(waker);
	expect_as_many(t, c.woken, c.returned);
	CHECK(t, room_wake(&c.room, WAKE_ALL) == 0,
	      "the only sleeper has gone, and waitq_wake() finds one");
}
KTEST(lab03, wakeup_meets_deadline, .seeds = 50);

/* ---- deadlines against wake-ups ---- */

#define ROUNDS 6
#define RACERS 3

/* Needs room.lock, but for the deadlines, which are set before. */
struct race {
	struct room room;
	uint64_t random;
	unsigned int woken;       /* as waitq_wake() says */
	unsigned int returned[2]; /* with 0, with -ETIMEDOUT */
	unsigned int finished;
};

static void race_deadline(void *arg)
{
	struct race *r = arg;

	spin_lock(&r->room.lock);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t deadline = time_ns() + random_next(&r->random) % 30000;
		int result = waitq_sleep_until(&r->room.waitq, &r->room.lock,
					       deadline, 0);

		CHECK(r->room.t, result == 0 || result == -ETIMEDOUT,
		      "waitq_sleep_until() returned %s", result_name(result));
		CHECK(r->room.t, result == 0 || time_ns() >= deadline,
		      "-ETIMEDOUT came before the deadline");
		r->returned[result != 0]++;
	}
	r->finished++;
	spin_unlock(&r->room.lock);
}

static void race_wakeups(void *arg)
{
	struct race *r = arg;
	uint64_t random = r->random + 1;
	bool done = false;

	while (!done) {
		spin_lock(&r->room.lock);
		r->woken += waitq_wake(&r->room.waitq, 1);
		done = r->finished == RACERS;
		spin_unlock(&r->room.lock);
		if (random_next(&random) % 2)
			thread_sleep_until(time_ns() +
					   random_next(&random) % 20000);
		else
			thread_yield();
	}
}

static void test_timeouts_race_wakeups(struct ktest *t)
{
	struct race r = {.random = t->seed};
	struct thread *waker;

	room_init(&r.room, t);
	waker = spawn("waker", race_wakeups, &r);
	run_threads(RACERS, race_deadline, &r);
	thread_join(waker);
	CHECK(t, r.returned[0] == r.woken,
	      "waitq_wake() says that it has woken %u, but %u sleepers "
	      "returned 0, and %u timed out: a wake-up was lost to a time-out, "
	      "or one was woken twice",
	      r.woken, r.returned[0], r.returned[1]);
}
KTEST(lab03, timeouts_race_wakeups, .seeds = 50);

/* ---- the queue is free for the next ones ---- */

/* needs the room's lock: all */
struct hall {
	struct room room;
	unsigned int visits, woken, returned;
};

/* Each thread sleeps many times, by turns at two queues: its notes lie in the
 * same place on its stack again and again. */
static void wander(void *arg)
{
	struct hall *halls = arg;

	for (unsigned int i = 0; i < 10; i++) {
		struct hall *h = &halls[i % 2];
		int result = -ETIMEDOUT;

		spin_lock(&h->room.lock);
		h->woken += waitq_wake(&h->room.waitq, 2);
		if (h->visits++ % 3)
			result =
				waitq_sleep_until(&h->room.waitq, &h->room.lock,
						  time_ns() + 20000, 0);
		h->returned += result == 0;
		spin_unlock(&h->room.lock);
	}
}

static void test_queues_are_left(struct ktest *t)
{
	struct hall halls[2] = {{.visits = 0}};

	room_init(&halls[0].room, t);
	room_init(&halls[1].room, t);
	run_threads(4, wander, halls);
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int left = room_wake(&halls[i].room, WAKE_ALL);

		CHECK(t, left == 0,
		      "all threads have ended, but waitq_wake(WAKE_ALL) says "
		      "that it has woken %u",
		      left);
		expect_as_many(t, halls[i].woken, halls[i].returned);
	}
}
KTEST(lab03, queues_are_left, .seeds = 50);
