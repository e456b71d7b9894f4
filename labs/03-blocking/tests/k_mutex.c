/*
 * k_mutex.c - exercise 3.2: mutexes.
 */
#include "lab03.h"

static int lock(struct caller *c)
{
	return mutex_lock_until(c->object, caller_deadline(c));
}

/* Locks it, and gives it back at once. */
static int pass(struct caller *c)
{
	int result = lock(c);

	if (c->order && result == 0)
		c->place = (*c->order)++; /* the mutex guards it */
	c->order = NULL;
	if (result == 0)
		EXPECT_RESULT(c->t, mutex_unlock(c->object), 0,
			      "its owner gives it back");
	return result;
}

/* Locks it, and keeps it until the gate opens. */
static void hold(void *arg)
{
	struct caller *c = arg;

	c->result = mutex_lock(c->object);
	c->returned = true;
	gate_wait(c->t, &c->go);
	mutex_unlock(c->object);
}

/* Another thread owns the mutex, from now on until let_go(). */
static void hold_elsewhere(struct ktest *t, struct caller *c, struct mutex *m)
{
	*c = (struct caller){.t = t, .object = m};
	c->thread = spawn("holds", hold, c);
	expect_returns(c, 0, "mutex_lock of a free mutex");
}

static void let_go(struct caller *c)
{
	gate_open(&c->go);
	thread_join(c->thread);
}

static void test_mutex_owner(struct ktest *t)
{
	struct mutex m;
	int result;

	USED_BEFORE(m);
	mutex_init(&m, "own");
	result = mutex_try_lock(&m);
	CHECK(t, result == 0,
	      "mutex_init(), in memory that was used before, and then "
	      "mutex_try_lock(): expected 0, got %s: a new mutex is free",
	      result_name(result));
	if (result)
		return;
	EXPECT_RESULT(t, mutex_unlock(&m), 0, "the caller owns it");
	EXPECT_RESULT(t, mutex_unlock(&m), -EPERM, "nobody owns it");
	EXPECT_RESULT(t, mutex_lock(&m), 0, "it is free");
	EXPECT_RESULT(t, mutex_lock(&m), -EDEADLK, "the caller owns it");
	EXPECT_RESULT(t, mutex_lock_until(&m, 1), -EDEADLK,
		      "the caller owns it, whatever the deadline");
	EXPECT_RESULT(t, mutex_try_lock(&m), -EBUSY, "the caller owns it");
	EXPECT_RESULT(t, mutex_unlock(&m), 0, "one unlock ends one lock");
	EXPECT_RESULT(t, mutex_unlock(&m), -EPERM, "nobody owns it any more");
	EXPECT_RESULT(t, mutex_try_lock(&m), 0, "it is free");
	EXPECT_RESULT(t, mutex_unlock(&m), 0, "the caller owns it");
	EXPECT_RESULT(t, mutex_lock_until(&m, 1), 0,
		      "it is free, so there is no need to wait, whatever the "
		      "deadline");
	EXPECT_RESULT(t, mutex_unlock(&m), 0, "the caller owns it");
}
KTEST(lab03, mutex_owner);

static void test_mutex_of_another(struct ktest *t)
{
	struct caller owner, waits;
	struct mutex m;

	mutex_init(&m, "other's");
	hold_elsewhere(t, &owner, &m);
	EXPECT_RESULT(t, mutex_try_lock(&m), -EBUSY, "another thread owns it");
	EXPECT_RESULT(t, mutex_unlock(&m), -EPERM, "another thread owns it");
	EXPECT_RESULT(t, mutex_try_lock(&m), -EBUSY,
		      "another thread still owns it");
	waits = (struct caller){.call = pass, .object = &m};
	caller_bed(t, &waits);
	EXPECT_RESULT(t, mutex_unlock(&m), -EPERM, "another thread owns it");
	expect_sleeps_on(&waits, "somebody else's mutex_unlock() has failed");
	let_go(&owner);
	expect_returns(&waits, 0, "mutex_lock, after the owner's unlock");
	callers_join(&waits, 1);
	EXPECT_RESULT(t, mutex_try_lock(&m), 0, "all have given it back");
	mutex_unlock(&m);
}
KTEST(lab03, mutex_of_another);

/* This thread, a newcomer, tries and then waits for a mutex that was just given
 * back, and for which four wait.  In `order` those count that had it. */
static void come_fifth(struct ktest *t, struct mutex *m, unsigned int *order)
{
	int result = mutex_try_lock(m);

	CHECK(t, result == -EBUSY,
	      "four wait, the owner unlocks, and at once mutex_try_lock(): "
	      "expected -EBUSY, a newcomer got %s",
	      result_name(result));
	if (result == 0)
		mutex_unlock(m);
	EXPECT_RESULT(t, mutex_lock(m), 0, "it is free in time");
	CHECK(t, *order == 4,
	      "four wait, the owner unlocks, and locks again at once: it has "
	      "overtaken %u of the four",
	      4 - *order);
	EXPECT_RESULT(t, mutex_unlock(m), 0, "the caller owns it");
}

static void test_mutex_order(struct ktest *t)
{
	unsigned int order = 0;
	struct caller c[4];
	struct mutex m;

	mutex_init(&m, "queue");
	EXPECT_RESULT(t, mutex_lock(&m), 0, "it is free");
	for (unsigned int i = 0; i < 4; i++) {
		c[i] = (struct caller){.call = pass, .object = &m};
		c[i].order = &order;
		caller_bed(t, &c[i]);
	}
	EXPECT_RESULT(t, mutex_unlock(&m), 0, "the caller owns it");
	come_fifth(t, &m, &order);
	callers_join(c, 4);
	for (unsigned int i = 0; i < 4; i++)
		expect_returns(&c[i], 0, "mutex_lock, after the unlock");
	for (unsigned int i = 1; i < 4; i++)
		CHECK(t, c[i - 1].place < c[i].place,
		      "of four that waited, number %u got the mutex before "
		      "number %u: first come, first served",
		      i + 1, i);
}
KTEST(lab03, mutex_order);

static void test_mutex_timeout(struct ktest *t)
{
	struct caller owner, late = {.call = pass}, patient = {.call = pass};
	struct mutex m;

	if (!deadlines_hold(t))
		return;
	mutex_init(&m, "late");
	hold_elsewhere(t, &owner, &m);
	EXPECT_RESULT(t, mutex_lock_until(&m, 1), -ETIMEDOUT,
		      "another owns it, and the deadline has passed");
	late.deadline = soon();
	late.object = patient.object = &m;
	caller_bed(t, &late);
	caller_bed(t, &patient);
	thread_sleep_until(late.deadline + NSEC_PER_MSEC / 5);
	expect_returns(&late, -ETIMEDOUT,
		       "mutex_lock_until, after the "
		       "deadline");
	expect_sleeps_on(&patient, "another one has timed out");
	let_go(&owner);
	expect_returns(&patient, 0, "mutex_lock, after the unlock");
	callers_join(&late, 1);
	callers_join(&patient, 1);
	EXPECT_RESULT(t, mutex_try_lock(&m), 0,
		      "who timed out does not own it, the others gave it back");
	mutex_unlock(&m);
}
KTEST(lab03, mutex_timeout);

/* ---- races ---- */

struct account {
	struct ktest *t;
	struct mutex m;
	unsigned int rounds;
	unsigned int balance;        /* needs m */
	unsigned int added, refused; /* atomic; by mutex_lock() */
	unsigned int inside;         /* threads that own m; atomic */
	uint64_t random;             /* of deadlines; 0: none */
};

/* Every second call only tries, or those that chance says. */
static int account_lock(struct account *a, unsigned int round, const char **how)
{
	uint64_t random = a->random ? random_next(&a->random) : 0;
	bool tries = a->random ? random % 4 == 0 : round % 2;
	int result;

	*how = "mutex_try_lock()";
	if (tries)
		return mutex_try_lock(&a->m);
	*how = a->random ? "mutex_lock_until()" : "mutex_lock()";
	if (a->random)
		return mutex_lock_until(&a->m, time_ns() + random % 5000);
	result = mutex_lock(&a->m);
	if (result)
		__atomic_add_fetch(&a->refused, 1, __ATOMIC_SEQ_CST);
	return result;
}

/* Two own it, so what it does from now on says nothing: the second one lets the
 * first one go, gives back what it never should have had, and all end. */
static void two_owners(struct account *a, const char *how)
{
	FAIL(a->t,
	     "%s returned 0 while another thread owned the mutex: two are in "
	     "the section at once",
	     how);
	for (unsigned int i = 0; i < 1000; i++) {
		if (__atomic_load_n(&a->inside, __ATOMIC_SEQ_CST) == 1)
			break;
		thread_yield();
		cpu_relax();
	}
	__atomic_sub_fetch(&a->inside, 1, __ATOMIC_SEQ_CST);
	mutex_unlock(&a->m);
}

static void pay_in(void *arg)
{
	struct account *a = arg;
	const char *how;

	for (unsigned int i = 0; i < a->rounds && !a->t->failures; i++) {
		unsigned int balance;
		int result;

		if (account_lock(a, i, &how))
			continue;
		if (__atomic_add_fetch(&a->inside, 1, __ATOMIC_SEQ_CST) > 1) {
			two_owners(a, how);
			return;
		}
		balance = a->balance;
		sched_point(POINT_ACCESS, &a->balance);
		a->balance = balance + 1;
		__atomic_add_fetch(&a->added, 1, __ATOMIC_SEQ_CST);
		__atomic_sub_fetch(&a->inside, 1, __ATOMIC_SEQ_CST);
		result = mutex_unlock(&a->m);
		CHECK(a->t, result == 0 || a->t->failures,
		      "mutex_unlock(): expected 0, got %s: the caller owns it",
		      result_name(result));
	}
}

static void run_account(struct account *a, unsigned int threads)
{
	mutex_init(&a->m, "account");
	run_threads(threads, pay_in, a);
	if (a->t->failures)
		return;
	CHECK(a->t, a->refused == 0,
	      "mutex_lock() did not return 0, %u times: the mutex is free in "
	      "time",
	      a->refused);
	CHECK(a->t, a->balance == a->added,
	      "%u threads added %u under a mutex, and the sum is %u: two of "
	      "them were in the section at once",
	      threads, a->added, a->balance);
	EXPECT_RESULT(a->t, mutex_try_lock(&a->m), 0, "all have given it back");
	mutex_unlock(&a->m);
}

static void test_mutex_excludes(struct ktest *t)
{
	struct account a = {.t = t, .rounds = 6};

	run_account(&a, 3);
	CHECK(t, a.added >= 9 || t->failures,
	      "3 threads called mutex_lock() 3 times each, and "
	      "mutex_try_lock(), and only %u of these calls returned 0",
	      a.added);
}
KTEST(lab03, mutex_excludes, .seeds = 50);

static void test_mutex_pair(struct ktest *t)
{
	struct account a = {.t = t, .rounds = 2};

	run_account(&a, 2);
	CHECK(t, a.added >= 2 || t->failures,
	      "2 threads called mutex_lock() once each, and only %u calls "
	      "returned 0",
	      a.added);
}
KTEST(lab03, mutex_pair, .seeds = 50);

static void test_mutex_timeouts_race_unlocks(struct ktest *t)
{
	struct account a = {.t = t, .rounds = 6, .random = t->seed + 1};

	run_account(&a, 4);
	CHECK(t, a.added > 0 || t->failures,
	      "no call at all has locked the mutex");
}
KTEST(lab03, mutex_timeouts_race_unlocks, .seeds = 50);
