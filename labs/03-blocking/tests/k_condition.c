/*
 * k_condition.c - exercise 3.2: condition variables.
 */
#include "lab03.h"

struct place {
	struct ktest *t;
	struct mutex m;
	struct condition c;
	unsigned int returned; /* needs m */
};

static void place_init(struct place *p, struct ktest *t)
{
	p->t = t;
	p->returned = 0;
	mutex_init(&p->m, "place");
	condition_init(&p->c, "changed");
}

/* Waits once.  To own the mutex again shows by being allowed to unlock it. */
static int wait_once(struct caller *c)
{
	struct place *p = c->object;
	int result;

	EXPECT_RESULT(p->t, mutex_lock(&p->m), 0, "it is not owned for long");
	result = condition_wait_until(&p->c, &p->m, caller_deadline(c));
	c->place = p->returned++;
	EXPECT_RESULT(p->t, mutex_unlock(&p->m), 0,
		      "after condition_wait() the caller owns the mutex again");
	return result;
}

static void bed(struct place *p, struct caller *c)
{
	c->call = wait_once;
	c->object = p;
	caller_bed(p->t, c);
}

/* Whoever still waits is let go, so that a test that has failed ends. */
static void end(struct place *p, struct caller *c, unsigned int n)
{
	uint64_t until = time_ns() + long_time();

	while (p->t->failures && p->returned < n && time_ns() < until) {
		condition_broadcast(&p->c);
		thread_yield();
		cpu_relax();
	}
	callers_join(c, n);
}

static void test_condition_signal(struct ktest *t)
{
	struct caller c[3] = {{.call = NULL}};
	struct place p;

	place_init(&p, t);
	for (unsigned int i = 0; i < 3; i++)
		bed(&p, &c[i]);
	EXPECT_RESULT(t, mutex_try_lock(&p.m), 0,
		      "who waits for the condition has given it back");
	mutex_unlock(&p.m);
	for (unsigned int i = 0; i < 3; i++) {
		condition_signal(&p.c);
		expect_returns(&c[i], 0,
			       "who waits longest, after "
			       "condition_signal()");
		if (i < 2)
			expect_sleeps_on(&c[i + 1],
					 "a signal wakes one, and that was for "
					 "the one before");
	}
	end(&p, c, 3);
}
KTEST(lab03, condition_signal);

static void test_condition_broadcast(struct ktest *t)
{
	struct caller c[4] = {{.call = NULL}};
	struct place p;

	place_init(&p, t);
	for (unsigned int i = 0; i < 4; i++)
		bed(&p, &c[i]);
	mutex_lock(&p.m);
	condition_broadcast(&p.c);
	for (unsigned int i = 0; i < 4; i++)
		expect_sleeps_on(&c[i], "condition_broadcast(), but the mutex "
					"is not free");
	mutex_unlock(&p.m);
	for (unsigned int i = 0; i < 4; i++)
		expect_returns(&c[i], 0,
			       "after condition_broadcast() and "
			       "mutex_unlock()");
	end(&p, c, 4);
}
KTEST(lab03, condition_broadcast);

static void test_condition_not_remembered(struct ktest *t)
{
	struct caller c = {.call = NULL};
	struct place p;

	place_init(&p, t);
	condition_signal(&p.c);
	condition_broadcast(&p.c);
	bed(&p, &c);
	expect_sleeps_on(&c, "signal and broadcast came before the wait");
	condition_signal(&p.c);
	expect_returns(&c, 0, "after condition_signal()");
	callers_join(&c, 1);
}
KTEST(lab03, condition_not_remembered);

static void test_condition_owner(struct ktest *t)
{
	struct place p;

	place_init(&p, t);
	EXPECT_RESULT(t, condition_wait_until(&p.c, &p.m, 1), -EPERM,
		      "the caller does not own the mutex");
	EXPECT_RESULT(t, mutex_try_lock(&p.m), 0,
		      "a condition_wait() that fails does nothing");
	EXPECT_RESULT(t, condition_wait_until(&p.c, &p.m, 1), -ETIMEDOUT,
		      "the deadline has passed");
	EXPECT_RESULT(t, mutex_lock(&p.m), -EDEADLK,
		      "after -ETIMEDOUT the caller owns the mutex again");
	EXPECT_RESULT(t, mutex_unlock(&p.m), 0, "the caller owns it");
}
KTEST(lab03, condition_owner);

/* The deadline ends the wait for the signal, not that for the mutex. */
static void test_condition_timeout(struct ktest *t)
{
	struct caller late = {.deadline = soon()};
	struct caller other = {.call = NULL};
	struct place p;
	uint64_t ran;

	if (!deadlines_hold(t))
		return;
	place_init(&p, t);
	bed(&p, &late);
	bed(&p, &other);
	mutex_lock(&p.m);
	ran = late.thread->run_cycles;
	thread_sleep_until(late.deadline + NSEC_PER_MSEC / 5);
	/* Its CPU may be late, and a signal that comes first would be its. */
	(void)EVENTUALLY(t, late.thread->run_cycles != ran);
	expect_sleeps_on(&late, "timed out, but the mutex is not free");
	condition_signal(&p.c);
	mutex_unlock(&p.m);
	expect_returns(&late, -ETIMEDOUT, "after deadline and mutex_unlock()");
	expect_returns(&other, 0,
		       "condition_signal() after the other one has "
		       "timed out");
	callers_join(&late, 1);
	callers_join(&other, 1);
}
KTEST(lab03, condition_timeout);

/* ---- races ---- */

/* needs m */
struct parcel {
	struct place p;
	unsigned int here, fetched;
};

static void fetch(void *arg)
{
	struct parcel *b = arg;

	mutex_lock(&b->p.m);
	while (b->here == 0 && !b->p.t->failures)
		if (condition_wait(&b->p.c, &b->p.m))
			FAIL(b->p.t, "condition_wait() has failed");
	b->here--;
	b->fetched++;
	mutex_unlock(&b->p.m);
}

/* The signal comes without the mutex: that is allowed. */
static void deliver(void *arg)
{
	struct parcel *b = arg;

	mutex_lock(&b->p.m);
	b->here++;
	mutex_unlock(&b->p.m);
	condition_signal(&b->p.c);
}

static void test_condition_no_signal_lost(struct ktest *t)
{
	struct parcel b = {.here = 0};
	struct thread *one, *two;

	place_init(&b.p, t);
	one = spawn("fetches", fetch, &b);
	two = spawn("delivers", deliver, &b);
	thread_join(one);
	thread_join(two);
	CHECK(t, b.fetched == 1 && b.here == 0,
	      "one parcel was brought, %u were fetched", b.fetched);
}
KTEST(lab03, condition_no_signal_lost, .seeds = 50);

static void fetch_late(void *arg)
{
	struct parcel *b = arg;

	mutex_lock(&b->p.m);
	while (b->here == 0 && !b->p.t->failures)
		condition_wait_until(&b->p.c, &b->p.m, time_ns() + 10000);
	b->here--;
	b->fetched++;
	mutex_unlock(&b->p.m);
}

/* Those that wait with deadlines must not swallow the signals of who does not.
 */
static void test_condition_timeouts_race_signals(struct ktest *t)
{
	struct parcel b = {.here = 0};
	struct thread *threads[8];

	place_init(&b.p, t);
	for (unsigned int i = 0; i < 4; i++)
		threads[i] = spawn("fetches", i % 2 ? fetch : fetch_late, &b);
	for (unsigned int i = 4; i < 8; i++)
		threads[i] = spawn("delivers", deliver, &b);
	for (unsigned int i = 0; i < 8; i++)
		thread_join(threads[i]);
	CHECK(t, b.fetched == 4 && b.here == 0,
	      "4 parcels were brought, %u were fetched", b.fetched);
}
KTEST(lab03, condition_timeouts_race_signals, .seeds = 50);
