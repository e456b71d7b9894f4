/*
 * k_semaphore.c - exercise 3.2: semaphores.
 */
#include "lab03.h"

static int down(struct caller *c)
{
	return sem_down_until(c->object, caller_deadline(c), c->flags);
}

/* Takes all that is left, without waiting, and says how many there were. */
static unsigned int drain(struct semaphore *s)
{
	unsigned int count = 0;

	while (count < 100 && sem_try_down(s))
		count++;
	return count;
}

static void expect_left(struct ktest *t, struct semaphore *s, unsigned int want,
			const char *what)
{
	unsigned int got = drain(s);

	CHECK(t, got == want,
	      "%s the semaphore must be %u, but sem_try_down() took %u", what,
	      want, got);
}

static void test_sem_counts(struct ktest *t)
{
	struct semaphore s;

	USED_BEFORE(s);
	sem_init(&s, "counts", 3);
	EXPECT_RESULT(t, sem_down_until(&s, WAIT_FOREVER, 0), 0, "it is 3");
	EXPECT_RESULT(t, sem_down_until(&s, 1, 0), 0,
		      "it is 2, so there is no need to wait, whatever the "
		      "deadline");
	sem_up(&s);
	sem_up(&s);
	expect_left(t, &s, 3, "at 3, after two downs and two ups,");
	CHECK(t, !sem_try_down(&s), "sem_try_down() took one from 0");
	sem_up(&s);
	sem_up(&s);
	expect_left(t, &s, 2, "at 0, after two ups,");
}
KTEST(lab03, sem_counts);

static void test_sem_waits(struct ktest *t)
{
	struct caller c[3] = {{.call = NULL}};
	unsigned int order = 0;
	struct semaphore s;

	sem_init(&s, "waits", 0);
	for (unsigned int i = 0; i < 3; i++) {
		c[i] = (struct caller){
			.call = down, .object = &s, .order = &order};
		caller_bed(t, &c[i]);
	}
	for (unsigned int i = 0; i < 3; i++) {
		sem_up(&s);
		expect_returns(&c[i], 0, "sem_down, after as many sem_up");
		CHECK(t, c[i].place == i,
		      "the one that came as number %u must be served as such",
		      i + 1);
		if (i < 2)
			expect_sleeps_on(&c[i + 1], "one sem_up for the one "
						    "before it");
	}
	expect_left(t, &s, 0, "after 3 downs and 3 ups");
	callers_join(c, 3);
}
KTEST(lab03, sem_waits);

/* What was put up for one that waits is its own before it has run: whoever
 * comes meanwhile finds nothing. */
static void test_sem_newcomer(struct ktest *t)
{
	struct caller c = {.call = down};
	unsigned int taken = 0;
	struct semaphore s;
	int result;

	sem_init(&s, "newcomer", 0);
	c.object = &s;
	caller_bed(t, &c);
	sem_up(&s);
	if (sem_try_down(&s)) {
		FAIL(t, "one waits, one sem_up(), and at once sem_try_down() "
			"took it: a newcomer has overtaken the one that waits");
		taken++;
	}
	result = sem_down_until(&s, 1, 0);
	CHECK(t, result == -ETIMEDOUT,
	      "one waits, one sem_up(), and at once sem_down_until(), with a "
	      "deadline in the past: expected -ETIMEDOUT, a newcomer got %s",
	      result_name(result));
	taken += result == 0;
	while (taken-- > 0)
		sem_up(&s); /* or the one that waits would do so for ever */
	callers_join(&c, 1);
	expect_returns(&c, 0, "sem_down, after sem_up");
	expect_left(t, &s, 0, "when all have taken theirs");
}
KTEST(lab03, sem_newcomer);

static void test_sem_timeout(struct ktest *t)
{
	struct caller c = {.call = down, .deadline = soon()};
	struct caller past = {.call = down, .deadline = 1};
	struct semaphore s;

	if (!deadlines_hold(t))
		return;
	sem_init(&s, "late", 0);
	c.object = past.object = &s;
	caller_bed(t, &c);
	thread_sleep_until(c.deadline + NSEC_PER_MSEC / 5);
	expect_returns(&c, -ETIMEDOUT, "sem_down_until, after the deadline");
	caller_start(t, &past);
	expect_returns(&past, -ETIMEDOUT,
		       "sem_down_until of 0, with a deadline in the past");
	sem_up(&s);
	expect_left(t, &s, 1, "after two that gave up, and one up,");
	callers_join(&c, 1);
	callers_join(&past, 1);
}
KTEST(lab03, sem_timeout);

static void test_sem_interrupted(struct ktest *t)
{
	struct semaphore s;
	struct process p;
	struct caller c[5] = {
		{.flags = WAIT_INTERRUPTIBLE, .pretends = &p},
		{.flags = WAIT_INTERRUPTIBLE,
		 .pretends = &p,
		 .deadline = NOT_SOON},
		{.pretends = &p},
		{.pretends = &p, .deadline = NOT_SOON},
		{.flags = WAIT_INTERRUPTIBLE},
	};

	sem_init(&s, "interrupted", 0);
	ASSERT(t, pretended_init(&p) == 0);
	for (unsigned int i = 0; i < 5; i++) {
		c[i].call = down;
		c[i].object = &s;
		caller_bed(t, &c[i]);
	}
	for (unsigned int i = 0; i < 4; i++)
		pretended_kill(&p, c[i].thread);
	expect_returns(&c[0], -ERESTARTSYS,
		       "killed in sem_down_until with WAIT_INTERRUPTIBLE");
	expect_returns(&c[1], -ERESTARTSYS,
		       "killed in sem_down_until with WAIT_INTERRUPTIBLE and a "
		       "deadline");
	expect_sleeps_on(&c[2], "killed in sem_down_until without "
				"WAIT_INTERRUPTIBLE");
	expect_sleeps_on(&c[3], "killed in sem_down_until without "
				"WAIT_INTERRUPTIBLE, with a deadline");
	expect_sleeps_on(&c[4], "others were killed");
	for (unsigned int i = 2; i < 5; i++) {
		sem_up(&s);
		expect_returns(&c[i], 0, "after sem_up");
	}
	expect_left(t, &s, 0, "after three ups and three downs");
	callers_join(c, 5);
	pretended_free(&p);
}
KTEST(lab03, sem_interrupted);

/* ---- from an interrupt handler ---- */

struct bell {
	struct timer timer;
	struct semaphore *s;
	volatile bool took_from_0, took_from_1, rung_twice;
};

/* Somebody waits: what is put up is for that thread. */
static void ring(struct timer *timer)
{
	struct bell *b = container_of(timer, struct bell, timer);

	b->took_from_0 = sem_try_down(b->s);
	sem_up(b->s);
}

/* Nobody waits: it is there. */
static void ring_again(struct timer *timer)
{
	struct bell *b = container_of(timer, struct bell, timer);

	sem_up(b->s);
	b->took_from_1 = sem_try_down(b->s);
	b->rung_twice = true;
}

static void test_sem_in_interrupt(struct ktest *t)
{
	struct semaphore s;
	struct caller c = {.call = down, .object = &s};
	struct bell bell = {.s = &s};

	sem_init(&s, "rung", 0);
	caller_bed(t, &c);
	timer_start(&bell.timer, time_ns() + 20 * NSEC_PER_USEC, ring);
	expect_returns(&c, 0, "after sem_up in a timer interrupt");
	timer_cancel(&bell.timer);
	callers_join(&c, 1);
	CHECK(t, !bell.took_from_0,
	      "sem_try_down() in a timer interrupt took one from 0");
	timer_start(&bell.timer, time_ns() + 20 * NSEC_PER_USEC, ring_again);
	CHECK(t, EVENTUALLY(t, bell.rung_twice) && bell.took_from_1,
	      "sem_up() of 0, and then sem_try_down(), in a timer interrupt: "
	      "expected true, got false");
	timer_cancel(&bell.timer);
	expect_left(t, &s, 0, "after two ups and two downs");
}
KTEST(lab03, sem_in_interrupt);

/* ---- races ---- */

struct pool {
	struct ktest *t;
	struct semaphore s;
	unsigned int size, rounds;
	unsigned int in_use; /* atomic */
};

static void borrow(void *arg)
{
	struct pool *p = arg;

	for (unsigned int i = 0; i < p->rounds; i++) {
		unsigned int in_use;

		if (i % 2 == 0)
			sem_down(&p->s);
		else if (!sem_try_down(&p->s))
			continue;
		in_use = __atomic_add_fetch(&p->in_use, 1, __ATOMIC_SEQ_CST);
		CHECK(p->t, in_use <= p->size,
		      "a semaphore of %u has let in %u threads, the last one "
		      "by %s",
		      p->size, in_use,
		      i % 2 == 0 ? "sem_down()" : "sem_try_down()");
		sched_point(POINT_ACCESS, &p->in_use);
		__atomic_sub_fetch(&p->in_use, 1, __ATOMIC_SEQ_CST);
		sem_up(&p->s);
	}
}

static void run_pool(struct pool *p, unsigned int threads)
{
	sem_init(&p->s, "pool", p->size);
	run_threads(threads, borrow, p);
	expect_left(p->t, &p->s, p->size, "when all have given theirs back");
}

static void test_sem_limits(struct ktest *t)
{
	struct pool p = {.t = t, .size = 2, .rounds = 3};

	run_pool(&p, 4);
}
KTEST(lab03, sem_limits, .seeds = 50);

static void test_sem_of_one(struct ktest *t)
{
	struct pool p = {.t = t, .size = 1, .rounds = 2};

	run_pool(&p, 2);
}
KTEST(lab03, sem_of_one, .seeds = 50);

/* One up, one down, in any order: the smallest race of all. */
static void down_once(void *arg)
{
	sem_down(arg);
}

static void up_once(void *arg)
{
	sem_up(arg);
}

static void test_sem_up_meets_down(struct ktest *t)
{
	struct thread *downs, *ups;
	struct semaphore s;

	sem_init(&s, "meeting", 0);
	downs = spawn("downs", down_once, &s);
	ups = spawn("ups", up_once, &s);
	thread_join(downs);
	thread_join(ups);
	expect_left(t, &s, 0, "after one up and one down");
	sem_up(&s);
	expect_left(t, &s, 1, "after one up more");
}
KTEST(lab03, sem_up_meets_down, .seeds = 50);

/* One up, for one of two: the other one's deadline has passed. */
struct meeting {
	struct semaphore s;
	int result; /* of the one in a hurry */
};

static void down_patiently(void *arg)
{
	struct meeting *m = arg;

	sem_down(&m->s);
}

static void down_too_late(void *arg)
{
	struct meeting *m = arg;

	m->result = sem_down_until(&m->s, 1, 0);
}

static void up_for_one(void *arg)
{
	struct meeting *m = arg;

	sem_up(&m->s);
}

static void test_sem_up_meets_deadline(struct ktest *t)
{
	struct meeting m = {.result = 0};
	struct thread *patient, *hurried, *ups;

	sem_init(&m.s, "meeting", 0);
	patient = spawn("patient", down_patiently, &m);
	hurried = spawn("hurried", down_too_late, &m);
	ups = spawn("ups", up_for_one, &m);
	thread_join(hurried);
	thread_join(ups);
	if (m.result == 0)
		sem_up(&m.s);
	CHECK(t, m.result == 0 || m.result == -ETIMEDOUT,
	      "sem_down_until(), with a deadline in the past: expected 0 or "
	      "-ETIMEDOUT, got %s",
	      result_name(m.result));
	thread_join(patient);
	expect_left(t, &m.s, 0, "after an up for each that has taken one");
}
KTEST(lab03, sem_up_meets_deadline, .seeds = 50);

/* ---- a deadline against an up ---- */

struct rush {
	struct semaphore s;
	uint64_t random;
	unsigned int taken; /* atomic */
};

#define RUSHES 6

static void down_in_a_hurry(void *arg)
{
	struct rush *r = arg;

	for (unsigned int i = 0; i < RUSHES; i++) {
		uint64_t random = random_next(&r->random);

		if (sem_down_until(&r->s, time_ns() + random % 30000, 0) == 0)
			__atomic_add_fetch(&r->taken, 1, __ATOMIC_SEQ_CST);
	}
}

static void test_sem_timeouts_race_ups(struct ktest *t)
{
	struct rush r = {.random = t->seed};
	struct thread *threads[3];
	unsigned int left;

	sem_init(&r.s, "rush", 0);
	for (unsigned int i = 0; i < 3; i++)
		threads[i] = spawn("hurries", down_in_a_hurry, &r);
	for (unsigned int i = 0; i < RUSHES; i++) {
		thread_sleep_until(time_ns() + random_next(&r.random) % 30000);
		sem_up(&r.s);
	}
	for (unsigned int i = 0; i < 3; i++)
		thread_join(threads[i]);
	left = drain(&r.s);
	CHECK(t, r.taken + left == RUSHES,
	      "%u ups, %u downs that returned 0 and others that timed out "
	      "leave "
	      "%u in the semaphore: expected %u",
	      RUSHES, r.taken, left, RUSHES - r.taken);
}
KTEST(lab03, sem_timeouts_race_ups, .seeds = 50);
