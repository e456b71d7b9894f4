/*
 * k_priority.c - the challenge: priority inheritance.
 *
 * Three threads share a CPU: low owns a mutex, high waits for it, and a third
 * one with a priority between them computes and computes.  High waits for low,
 * who waits for the CPU: high has the last say in name only.  (In 1997 that
 * reset a spacecraft on Mars again and again.)  So as long as high waits, low
 * runs with high's priority.
 */
#include "lab03.h"

enum { LOW = 1, MIDDLE = 2, HIGH = 3 };

/* A thread that takes up to two mutexes, one after the other, waits until it
 * may go on, and gives them back in the order in which it took them.  For the
 * first one it waits no longer than until its deadline, and goes on without. */
struct worker {
	struct caller c;
	unsigned int priority;
	struct mutex *mutexes[2];
	bool tries;           /* takes the second one by mutex_try_lock() */
	struct mutex *has[2]; /* those that it got */
	struct gate go[2];    /* opened before each is given back */
	volatile unsigned int owned, given_back;
};

static int take(struct worker *w, unsigned int i)
{
	if (i == 0)
		return mutex_lock_until(w->mutexes[0], caller_deadline(&w->c));
	return w->tries ? mutex_try_lock(w->mutexes[1])
			: mutex_lock(w->mutexes[1]);
}

static void work(void *arg)
{
	struct worker *w = arg;

	thread_set_priority(current, w->priority);
	for (unsigned int i = 0; i < 2 && w->mutexes[i]; i++) {
		w->c.result = take(w, i);
		if (!w->c.result)
			w->has[w->owned++] = w->mutexes[i];
	}
	w->c.returned = true;
	for (unsigned int i = 0; i < w->owned; i++) {
		gate_wait(w->c.t, &w->go[i]);
		mutex_unlock(w->has[i]);
		w->given_back++;
	}
}

static void worker_start(struct ktest *t, struct worker *w,
			 unsigned int priority, struct mutex *first,
			 struct mutex *second)
{
	*w = (struct worker){
		.c = {.t = t, .deadline = w->c.deadline},
		.tries = w->tries,
		.priority = priority,
		.mutexes = {first, second},
	};
	w->c.thread = spawn("works", work, w);
}

/* Gives back one. */
static void worker_go(struct worker *w)
{
	unsigned int before = w->given_back;

	gate_open(&w->go[before]);
	(void)EVENTUALLY(w->c.t, w->given_back > before);
}

/* The rest of them, and the thread's end. */
static void worker_end(struct worker *w)
{
	for (unsigned int i = w->given_back; i < 2; i++)
		gate_open(&w->go[i]);
	thread_join(w->c.thread);
}

static void expect_priority(struct worker *w, unsigned int want,
			    const char *what)
{
	unsigned int got;

	(void)EVENTUALLY(w->c.t, thread_priority(w->c.thread) == want);
	got = thread_priority(w->c.thread);
	CHECK(w->c.t, got == want, "%s must run with priority %u, not %u", what,
	      want, got);
}

static void owns(struct worker *w, const char *what)
{
	expect_returns(&w->c, 0, what);
}

/* ---- what is borrowed, and given back ---- */

static void test_inherits(struct ktest *t)
{
	struct worker low = {.owned = 0}, middle = low, high = low;
	struct mutex m;

	mutex_init(&m, "shared");
	worker_start(t, &low, LOW, &m, NULL);
	owns(&low, "mutex_lock of a free mutex");
	expect_priority(&low, LOW, "an owner for whom nobody waits");
	worker_start(t, &middle, MIDDLE, &m, NULL);
	await_asleep(t, middle.c.thread);
	expect_priority(&low, MIDDLE, "an owner for whom priority 2 waits");
	worker_start(t, &high, HIGH, &m, NULL);
	await_asleep(t, high.c.thread);
	expect_priority(&low, HIGH, "an owner for whom 2 and 3 wait");
	worker_go(&low);
	expect_priority(&low, LOW, "a thread that has given the mutex back");
	owns(&middle, "who came first is the next owner");
	expect_priority(&middle, HIGH, "the next owner, for whom 3 waits,");
	worker_go(&middle);
	owns(&high, "the last one");
	expect_priority(&middle, MIDDLE, "a thread that has given it back");
	worker_end(&high);
	worker_end(&middle);
	worker_end(&low);
}
KTEST(lab03, inherits);

/* high -> a, owned by middle -> b, owned by low */
static void test_inherits_along_chain(struct ktest *t)
{
	struct worker low = {.owned = 0}, middle = low, high = low;
	struct mutex a, b;

	mutex_init(&a, "a");
	mutex_init(&b, "b");
	worker_start(t, &low, LOW, &b, NULL);
	owns(&low, "mutex_lock of a free mutex");
	worker_start(t, &middle, MIDDLE, &a, &b);
	await_asleep(t, middle.c.thread);
	expect_priority(&low, MIDDLE, "an owner for whom priority 2 waits");
	worker_start(t, &high, HIGH, &a, NULL);
	await_asleep(t, high.c.thread);
	expect_priority(&middle, HIGH, "an owner for whom priority 3 waits");
	expect_priority(&low, HIGH, "the owner of what that owner waits for");
	worker_go(&low);
	expect_priority(&low, LOW, "a thread that has given the mutex back");
	owns(&middle, "the other owner goes on");
	expect_priority(&middle, HIGH, "an owner for whom priority 3 waits");
	worker_end(&middle);
	owns(&high, "the last one");
	worker_end(&high);
	worker_end(&low);
}
KTEST(lab03, inherits_along_chain);

/*
 * high -> a, owned by m[1] -> b, owned by m[0] -> c, owned by low
 *
 * Three mutexes, and high may give up.
 */
struct chain {
	struct worker low, middle[2], high;
	struct mutex a, b, c;
};

static void chain_start(struct ktest *t, struct chain *chain, uint64_t deadline)
{
	*chain = (struct chain){.high.c.deadline = deadline};
	mutex_init(&chain->a, "a");
	mutex_init(&chain->b, "b");
	mutex_init(&chain->c, "c");
	worker_start(t, &chain->low, LOW, &chain->c, NULL);
	owns(&chain->low, "mutex_lock of a free mutex");
	worker_start(t, &chain->middle[0], MIDDLE, &chain->b, &chain->c);
	await_asleep(t, chain->middle[0].c.thread);
	worker_start(t, &chain->middle[1], MIDDLE, &chain->a, &chain->b);
	await_asleep(t, chain->middle[1].c.thread);
	worker_start(t, &chain->high, HIGH, &chain->a, NULL);
	await_asleep(t, chain->high.c.thread);
	expect_priority(&chain->middle[1], HIGH,
			"of a chain of three, the first owner");
	expect_priority(&chain->middle[0], HIGH,
			"of a chain of three, the second owner");
	expect_priority(&chain->low, HIGH,
			"of a chain of three, the last owner");
}

static void chain_end(struct chain *chain)
{
	worker_end(&chain->low);
	worker_end(&chain->middle[0]);
	worker_end(&chain->middle[1]);
	worker_end(&chain->high);
}

static void test_inherits_along_three(struct ktest *t)
{
	struct chain chain;

	chain_start(t, &chain, 0);
	worker_go(&chain.low);
	expect_priority(&chain.low, LOW,
			"a thread that has given the mutex back");
	owns(&chain.middle[0], "the second owner goes on");
	expect_priority(&chain.middle[0], HIGH,
			"the second owner, which now has two mutexes,");
	chain_end(&chain);

	chain_start(t, &chain, soon());
	expect_returns(&chain.high.c, -ETIMEDOUT, "after its deadline");
	expect_priority(&chain.middle[1], MIDDLE,
			"of a chain of three whose end gave up, the first "
			"owner");
	expect_priority(&chain.middle[0], MIDDLE,
			"of a chain of three whose end gave up, the second "
			"owner");
	expect_priority(&chain.low, MIDDLE,
			"of a chain of three whose end gave up, the last "
			"owner");
	chain_end(&chain);
}
KTEST(lab03, inherits_along_three);

/*
 * Middle waited for b, and does not any more: it had it and gave it back, or
 * gave up.  Now another thread owns b.  When high waits for a, which middle
 * owns, that is none of the other's business.
 */
static void stale_link(struct ktest *t, bool gives_up)
{
	struct worker low = {.owned = 0}, middle = low, high = low, other = low;
	struct mutex a, b;

	mutex_init(&a, "a");
	mutex_init(&b, "b");
	worker_start(t, &low, LOW, &b, NULL);
	owns(&low, "mutex_lock of a free mutex");
	middle.c.deadline = gives_up ? soon() : 0;
	worker_start(t, &middle, MIDDLE, &b, &a);
	await_asleep(t, middle.c.thread);
	if (gives_up)
		(void)EVENTUALLY(t, middle.c.returned);
	worker_go(&low);
	owns(&middle, "mutex a is free");
	if (!gives_up)
		worker_go(&middle);
	worker_start(t, &other, LOW, &b, NULL);
	owns(&other, "mutex b is free");
	worker_start(t, &high, HIGH, &a, NULL);
	await_asleep(t, high.c.thread);
	expect_priority(&middle, HIGH, "an owner for whom priority 3 waits");
	CHECK(t, thread_priority(other.c.thread) == LOW,
	      "the owner of a mutex for which nobody waits must run with "
	      "priority %u, not %u: the thread for which priority 3 waits %s "
	      "that mutex before",
	      LOW, thread_priority(other.c.thread),
	      gives_up ? "gave up waiting for" : "waited for, and had,");
	worker_end(&middle);
	worker_end(&other);
	worker_end(&high);
	worker_end(&low);
}

static void test_inherits_no_further(struct ktest *t)
{
	stale_link(t, false);
	stale_link(t, true);
}
KTEST(lab03, inherits_no_further);

/* Who gives up takes its part of the priority along, down the whole chain. */
static void test_inherits_until_timeout(struct ktest *t)
{
	struct worker low = {.owned = 0}, middle = low, high = low;
	struct mutex a, b;

	if (!deadlines_hold(t))
		return;
	mutex_init(&a, "a");
	mutex_init(&b, "b");
	worker_start(t, &low, LOW, &b, NULL);
	owns(&low, "mutex_lock of a free mutex");
	worker_start(t, &middle, MIDDLE, &a, &b);
	await_asleep(t, middle.c.thread);
	high.c.deadline = soon();
	worker_start(t, &high, HIGH, &a, NULL);
	await_asleep(t, high.c.thread);
	expect_priority(&low, HIGH, "the owner at the end of a chain");
	expect_returns(&high.c, -ETIMEDOUT, "after its deadline");
	expect_priority(&middle, MIDDLE, "an owner whose waiter has timed out");
	expect_priority(&low, MIDDLE, "the owner that this one waits for");
	worker_go(&low);
	owns(&middle, "the other owner goes on");
	worker_end(&middle);
	worker_end(&high);
	worker_end(&low);
}
KTEST(lab03, inherits_until_timeout);

/* Two mutexes: what is borrowed for one stays when the other is given back. */
static void test_inherits_for_each_mutex(struct ktest *t)
{
	struct worker low = {.owned = 0}, middle = low, high = low;
	struct mutex a, b;

	mutex_init(&a, "a");
	mutex_init(&b, "b");
	worker_start(t, &low, LOW, &a, &b);
	owns(&low, "mutex_lock of two free mutexes");
	worker_start(t, &high, HIGH, &a, NULL);
	await_asleep(t, high.c.thread);
	worker_start(t, &middle, MIDDLE, &b, NULL);
	await_asleep(t, middle.c.thread);
	expect_priority(&low, HIGH, "an owner for whom 3 waits, and 2");
	worker_go(&low);
	expect_priority(&low, MIDDLE,
			"an owner that gave back the mutex for which 3 waits, "
			"and still has that for which 2 waits,");
	worker_go(&low);
	expect_priority(&low, LOW, "a thread that has given all back");
	worker_end(&high);
	worker_end(&middle);
	worker_end(&low);
}
KTEST(lab03, inherits_for_each_mutex);

/* A mutex that was taken by mutex_try_lock() is owned like any other: what is
 * borrowed for it stays when the other one is given back. */
static void test_inherits_by_try_lock(struct ktest *t)
{
	struct worker low = {.tries = true}, high = {.owned = 0};
	struct mutex a, b;

	mutex_init(&a, "a");
	mutex_init(&b, "b");
	worker_start(t, &low, LOW, &a, &b);
	owns(&low, "mutex_lock, and mutex_try_lock, of two free mutexes");
	worker_start(t, &high, HIGH, &b, NULL);
	await_asleep(t, high.c.thread);
	expect_priority(&low, HIGH,
			"an owner by mutex_try_lock() for whom 3 waits");
	worker_go(&low);
	expect_priority(&low, HIGH,
			"an owner that gave back another mutex, and still has "
			"that for which 3 waits, by mutex_try_lock(),");
	worker_go(&low);
	expect_priority(&low, LOW, "a thread that has given all back");
	owns(&high, "the last one");
	worker_end(&high);
	worker_end(&low);
}
KTEST(lab03, inherits_by_try_lock);

/* ---- what it is good for ---- */

struct mission {
	struct ktest *t;
	struct mutex bus;
	struct thread *radio;
	struct gate go;
	volatile bool owned, done, gave_up;
};

/* Of low priority.  In its section the radio gets something to do. */
static void gather_weather(void *arg)
{
	struct mission *m = arg;

	thread_set_priority(current, LOW);
	mutex_lock(&m->bus);
	m->owned = true;
	gate_wait(m->t, &m->go);
	thread_start(m->radio);
	spin_until(time_ns() + NSEC_PER_MSEC);
	mutex_unlock(&m->bus);
}

/* Computes until high has had its turn, or for very long. */
static void communicate(void *arg)
{
	struct mission *m = arg;
	uint64_t end = time_ns() + 5 * long_time();

	while (!m->done && time_ns() < end)
		cpu_relax();
	m->gave_up = !m->done;
}

static void manage_bus(void *arg)
{
	struct mission *m = arg;

	thread_set_priority(current, HIGH);
	mutex_lock(&m->bus);
	m->done = true;
	mutex_unlock(&m->bus);
}

static void test_no_inversion(struct ktest *t)
{
	struct mission m = {.t = t};
	struct thread *low, *high;

	mutex_init(&m.bus, "bus");
	ASSERT(t, thread_create(&m.radio, "radio", communicate, &m) == 0);
	thread_set_priority(m.radio, MIDDLE);
	low = spawn("weather", gather_weather, &m);
	(void)EVENTUALLY(t, m.owned);
	high = spawn("bus", manage_bus, &m);
	await_asleep(t, high);
	gate_open(&m.go);
	thread_join(m.radio);
	thread_join(high);
	thread_join(low);
	CHECK(t, !m.gave_up,
	      "a thread of priority 3 waited for a mutex until one of priority "
	      "2 had finished, which kept the owner, of priority 1, off the "
	      "CPU");
}
KTEST(lab03, no_inversion);
