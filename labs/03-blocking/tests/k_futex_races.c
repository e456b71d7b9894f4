/*
 * k_futex_races.c - exercise 3.3: no wake-up is lost; and what one costs.
 */
#include "lab03_futex.h"

#include "uaccess.h"

/* ---- the word changes while somebody looks at it ---- */

#define TURNS 8

/* atomic: the counts */
struct rally {
	struct memory m;
	unsigned int begun, woken, returned;
};

static void hit(struct rally *r, uint32_t value)
{
	struct futex_key k = key(&r->m, 0);
	uint32_t old;

	if (user_exchange32(word(&r->m, 0), value, &old))
		FAIL(r->m.t, "the test cannot write its word");
	__atomic_add_fetch(&r->woken, futex_wake(&k, 1, ANY), __ATOMIC_SEQ_CST);
}

/* Word 0 says whose turn it is. */
static void play(void *arg)
{
	struct rally *r = arg;
	unsigned int me = __atomic_fetch_add(&r->begun, 1, __ATOMIC_SEQ_CST);
	struct futex_key k = key(&r->m, 0);

	pretend_begin(&r->m.p);
	for (unsigned int i = 0; i < TURNS; i++) {
		while (word_get(&r->m, 0) != me) {
			int result = futex_wait(&k, word(&r->m, 0), !me, ANY,
						WAIT_FOREVER);

			CHECK(r->m.t, result == 0 || result == -EAGAIN,
			      "futex_wait() returned %s", result_name(result));
			__atomic_add_fetch(&r->returned, result == 0,
					   __ATOMIC_SEQ_CST);
		}
		hit(r, !me);
	}
	pretend_end();
}

static void test_futex_no_wakeup_lost(struct ktest *t)
{
	struct rally r = {.begun = 0};

	if (!memory_begin(&r.m, t))
		return;
	run_threads(2, play, &r);
	CHECK(t, r.woken == r.returned,
	      "futex_wake() says that it has woken %u, but %u calls of "
	      "futex_wait() returned 0",
	      r.woken, r.returned);
	memory_end(&r.m);
}
KTEST(lab03, futex_no_wakeup_lost, .seeds = 50);

/* ---- the same, small enough for all orders ---- */

/*
 * These are threads of the kernel, which look at the word by the address space
 * that is active: a run of a search may be given up with all its threads, but
 * not with those of a process.  What it leaves in the buckets is forgotten.
 */
struct note {
	struct memory m;
	unsigned int woken, returned;
};

static bool given_up; /* was the last run? */

static void note_read(void *arg)
{
	struct note *n = arg;
	struct futex_key k = key(&n->m, 0);

	while (word_get(&n->m, 0) == 0)
		n->returned += futex_wait(&k, word(&n->m, 0), 0, ANY,
					  WAIT_FOREVER) == 0;
}

static void note_write(void *arg)
{
	struct note *n = arg;
	struct futex_key k = key(&n->m, 0);
	uint32_t old;

	if (user_exchange32(word(&n->m, 0), 1, &old))
		FAIL(n->m.t, "the test cannot write its word");
	n->woken += futex_wake(&k, 1, ANY);
}

static void test_futex_wake_meets_wait(struct ktest *t)
{
	struct note n = {.woken = 0};
	struct thread *reader, *writer;

	if (!memory_begin_kernel(&n.m, t))
		return;
	if (given_up)
		futex_init();
	given_up = true;
	reader = spawn("reader", note_read, &n);
	writer = spawn("writer", note_write, &n);
	thread_join(reader);
	thread_join(writer);
	CHECK(t, n.woken == n.returned,
	      "futex_wake() says that it has woken %u, but %u calls of "
	      "futex_wait() returned 0",
	      n.woken, n.returned);
	memory_end(&n.m);
	given_up = false;
}
KTEST(lab03, futex_wake_meets_wait);

/* ---- moved, timed out and woken, all at the same time ---- */

#define RACERS 4
#define MOVES 8

struct chase {
	struct memory m;
	uint64_t random;
	unsigned int returned, ended; /* with 0; atomic */
};

static void wait_in_a_hurry(void *arg)
{
	struct chase *c = arg;
	struct futex_key k = key(&c->m, 0);

	pretend_begin(&c->m.p);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t random = random_next(&c->random);
		int result = futex_wait(&k, word(&c->m, 0), 0, ANY,
					time_ns() + random % 40000);

		if (result == 0)
			__atomic_add_fetch(&c->returned, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_add_fetch(&c->ended, 1, __ATOMIC_SEQ_CST);
	pretend_end();
}

static bool all_ended(struct chase *c)
{
	return __atomic_load_n(&c->ended, __ATOMIC_SEQ_CST) == RACERS;
}

/* Moves waiters to word 1 and wakes there.  Returns how many it has woken. */
static unsigned int chase(struct chase *c)
{
	struct futex_key a = key(&c->m, 0), b = key(&c->m, 1);
	uint64_t random = c->random + 1;
	unsigned int woken = 0;

	while (!all_ended(c)) {
		futex_requeue(&a, &b, 0, random_next(&random) % 3, NULL);
		woken += futex_wake(random_next(&random) % 2 ? &a : &b, 1, ANY);
		thread_sleep_until(time_ns() + random_next(&random) % 10000);
	}
	return woken;
}

static void test_futex_requeue_races(struct ktest *t)
{
	struct chase c = {.random = t->seed};
	struct thread *threads[RACERS];
	unsigned int woken;

	if (!memory_begin(&c.m, t))
		return;
	for (unsigned int i = 0; i < RACERS; i++)
		threads[i] = spawn("waits", wait_in_a_hurry, &c);
	woken = chase(&c);
	for (unsigned int i = 0; i < RACERS; i++)
		thread_join(threads[i]);
	CHECK(t, woken == c.returned,
	      "futex_wake() says that it has woken %u, and %u waiters "
	      "returned 0",
	      woken, c.returned);
	memory_end(&c.m);
}
KTEST(lab03, futex_requeue_races, .seeds = 50);

/* ---- what others cost ---- */

#define CROWD 150

/* The average over many words on which nobody waits, in cycles. */
static uint64_t wake_cost(struct memory *m)
{
	uint64_t cycles = 0;

	for (unsigned int i = 0; i < 100; i++) {
		struct futex_key k = key(m, 200 + i);

		intr_push();
		cycles -= time_cycles();
		futex_wake(&k, 1, ANY);
		cycles += time_cycles();
		intr_pop();
	}
	return cycles / 100;
}

static void test_futex_wake_cost(struct ktest *t)
{
	static struct futex_caller w[CROWD];
	uint64_t alone, crowded;
	struct memory m;

	if (!ktest_time_is_exact()) {
		ktest_skip(t, "costs are counted in instructions: -icount");
		return;
	}
	if (!memory_begin(&m, t))
		return;
	word_set(&m, 0, 0);
	wake_cost(&m);
	alone = wake_cost(&m);
	for (unsigned int i = 0; i < CROWD; i++) {
		w[i] = (struct futex_caller){.value = 0};
		futex_bed(&m, &w[i], i);
	}
	crowded = wake_cost(&m);
	CHECK(t, crowded < 2 * alone + 200,
	      "futex_wake() of a word on which nobody waits costs %llu "
	      "cycles, and %llu while %u threads wait on other words",
	      (unsigned long long)alone, (unsigned long long)crowded, CROWD);
	for (unsigned int i = 0; i < CROWD; i++)
		expect_wakes(&m, i, 1, ANY, 1);
	futex_end(&m, w, CROWD);
	memory_end(&m);
}
KTEST(lab03, futex_wake_cost);
