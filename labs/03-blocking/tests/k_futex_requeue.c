/*
 * k_futex_requeue.c - exercise 3.3: waiters that are moved to another word.
 */
#include "lab03_futex.h"

static long requeue(struct memory *m, unsigned int from, unsigned int to,
		    unsigned int wake_count, unsigned int move_count)
{
	struct futex_key a = key(m, from), b = key(m, to);

	return futex_requeue(&a, &b, wake_count, move_count, NULL);
}

static void expect_requeues(struct memory *m, unsigned int wake_count,
			    unsigned int move_count, long want)
{
	long got = requeue(m, 0, 1, wake_count, move_count);

	CHECK(m->t, got == want,
	      "futex_requeue(word 0 to word 1, wake %u, move %u): expected "
	      "%ld, got %ld",
	      wake_count, move_count, want, got);
}

static void test_futex_requeue(struct ktest *t)
{
	struct futex_caller w[5] = {{.value = 0}};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	expect_requeues(&m, 1, 1, 0);
	w[0].bitset = 2; /* a requeue wakes and moves whatever the set */
	for (unsigned int i = 0; i < 5; i++)
		futex_bed(&m, &w[i], 0);
	expect_requeues(&m, 1, 2, 3);
	expect_returns(&w[0].c, 0, "the first one: woken");
	for (unsigned int i = 1; i < 5; i++)
		expect_sleeps_on(&w[i].c, "moved, or left where it was");
	expect_wakes(&m, 0, WAKE_ALL, ANY, 2);
	expect_returns(&w[3].c, 0, "left where it was, and now woken");
	expect_returns(&w[4].c, 0, "left where it was, and now woken");
	expect_sleeps_on(&w[1].c, "moved: a wake-up of the old word is not "
				  "for it");
	expect_wakes(&m, 1, 1, ANY, 1);
	expect_returns(&w[1].c, 0, "moved as the first, and now woken");
	expect_wakes(&m, 1, 1, ANY, 1);
	expect_returns(&w[2].c, 0, "moved as the second, and now woken");
	futex_end(&m, w, 5);
	memory_end(&m);
}
KTEST(lab03, futex_requeue);

/* Those that are moved come behind those that wait there, in their order. */
static void test_futex_requeue_order(struct ktest *t)
{
	struct futex_caller there = {.value = 0}, w[3] = {{.value = 0}};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	w[1].bitset = 2;
	for (unsigned int i = 0; i < 3; i++)
		futex_bed(&m, &w[i], 0);
	futex_bed(&m, &there, 1);
	expect_requeues(&m, 0, WAKE_ALL, 3);
	expect_wakes(&m, 1, 1, ANY, 1);
	expect_returns(&there.c, 0, "it waited on that word first");
	expect_wakes(&m, 1, 1, 4, 1);
	expect_returns(&w[0].c, 0, "moved as the first");
	expect_wakes(&m, 1, WAKE_ALL, 4, 1);
	expect_sleeps_on(&w[1].c, "moved, but the wake-up's bits are not in "
				  "its set");
	expect_returns(&w[2].c, 0, "moved as the third, with any set");
	expect_wakes(&m, 1, WAKE_ALL, 2, 1);
	futex_end(&m, w, 3);
	futex_end(&m, &there, 1);
	memory_end(&m);
}
KTEST(lab03, futex_requeue_order);

/* To the word itself: nobody is lost, and the call ends. */
static void test_futex_requeue_to_itself(struct ktest *t)
{
	struct futex_caller w[3] = {{.value = 0}};
	struct memory m;
	long got;

	if (!memory_begin(&m, t))
		return;
	for (unsigned int i = 0; i < 3; i++)
		futex_bed(&m, &w[i], 0);
	got = requeue(&m, 0, 0, 1, WAKE_ALL);
	CHECK(t, got == 3,
	      "futex_requeue(word 0 to itself, wake 1, move all) with 3 "
	      "waiters: expected 3, got %ld",
	      got);
	expect_returns(&w[0].c, 0, "the first one: woken");
	expect_wakes(&m, 0, WAKE_ALL, ANY, 2);
	futex_end(&m, w, 3);
	memory_end(&m);
}
KTEST(lab03, futex_requeue_to_itself);

/*
 * Two keys may have the same bucket: which ones, only the table knows.  So the
 * waiters are moved from key to key, over thousands of them, and some of these
 * steps stay within a bucket, whatever the hash is.  (Nothing needs to be at
 * those addresses: a requeue that does not compare looks at no word.)  Several
 * walks, since what one step reverses the next one may reverse again.
 */
#define WALKS 8
#define STEPS 400

static struct futex_key step(const struct memory *m, unsigned int walk,
			     unsigned int n)
{
	struct futex_key k = key(m, 0);
	uint64_t random = walk * STEPS + n;

	if (n > 0)
		k.offset += random_next(&random) % (1 << 28) * sizeof(uint32_t);
	return k;
}

static void step_once(struct memory *m, unsigned int walk, unsigned int n)
{
	struct futex_key from = step(m, walk, n), to = step(m, walk, n + 1);
	long first = futex_requeue(&from, &to, 0, 2, NULL);
	long rest = futex_requeue(&from, &to, 0, WAKE_ALL, NULL);

	CHECK(m->t, first == 2 && rest == 1,
	      "futex_requeue(wake 0, move 2) and then (wake 0, move all), of 3 "
	      "waiters: expected 2 and 1, got %ld and %ld, in move %u of many; "
	      "the two keys may share a bucket",
	      first, rest, walk * STEPS + n + 1);
}

static void walk_along(struct memory *m, unsigned int walk)
{
	struct futex_caller w[3] = {{.value = 0}};
	struct futex_key k;

	for (unsigned int i = 0; i < 3; i++)
		futex_bed(m, &w[i], 0);
	for (unsigned int n = 0; n < STEPS && !m->t->failures; n++)
		step_once(m, walk, n);
	k = step(m, walk, STEPS);
	for (unsigned int i = 0; i < 3 && !m->t->failures; i++) {
		long woken = futex_wake(&k, 1, ANY);

		CHECK(m->t, woken == 1,
		      "futex_wake(1) of the word to which 3 waiters were "
		      "moved, for the %u. time: expected 1, got %ld",
		      i + 1, woken);
		(void)EVENTUALLY(m->t, w[i].c.returned);
		CHECK(m->t, w[i].c.returned,
		      "of 3 waiters that were moved %u times, number %u must "
		      "be woken as number %u: they keep their order, also "
		      "when both keys share a bucket",
		      STEPS, i + 1, i + 1);
	}
	for (unsigned int n = 1; n <= STEPS; n++) { /* if some are left */
		k = step(m, walk, n);
		futex_wake(&k, WAKE_ALL, ANY);
	}
	futex_end(m, w, 3);
}

static void test_futex_requeue_in_bucket(struct ktest *t)
{
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	for (unsigned int i = 0; i < WALKS && !t->failures; i++)
		walk_along(&m, i);
	memory_end(&m);
}
KTEST(lab03, futex_requeue_in_bucket);

/* A deadline moves along; and who is killed leaves the new word. */
static void test_futex_requeue_ends(struct ktest *t)
{
	struct futex_caller w[3] = {{.value = 0}};
	struct memory m;

	if (!deadlines_hold(t))
		return;
	if (!memory_begin(&m, t))
		return;
	w[0].c.deadline = soon();
	for (unsigned int i = 0; i < 3; i++)
		futex_bed(&m, &w[i], 0);
	expect_requeues(&m, 0, WAKE_ALL, 3);
	thread_sleep_until(w[0].c.deadline + NSEC_PER_MSEC / 5);
	expect_returns(&w[0].c, -ETIMEDOUT, "moved, and its deadline has come");
	pretended_kill(&m.p, w[2].c.thread);
	expect_returns(&w[2].c, -ERESTARTSYS, "moved, and killed");
	m.p.state = PROCESS_RUNNING;
	expect_wakes(&m, 0, WAKE_ALL, ANY, 0);
	expect_wakes(&m, 1, WAKE_ALL, ANY, 1);
	expect_returns(&w[1].c, 0, "moved, and woken there");
	futex_end(&m, w, 3);
	memory_end(&m);
}
KTEST(lab03, futex_requeue_ends);

static void expect_compares(struct memory *m, uintptr_t uaddr,
			    uint32_t expected, long want, const char *why)
{
	struct futex_compare compare = {uaddr, expected};
	struct futex_key a = key(m, 0), b = key(m, 1);
	long got = futex_requeue(&a, &b, 1, 1, &compare);

	CHECK(m->t, got == want,
	      "futex_requeue() that compares: expected %ld, got %ld: %s", want,
	      got, why);
}

static void test_futex_requeue_compares(struct ktest *t)
{
	struct futex_caller w[3] = {{.value = 0}};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	for (unsigned int i = 0; i < 3; i++)
		futex_bed(&m, &w[i], 0);
	word_set(&m, 0, 5);
	expect_compares(&m, word(&m, 0), 4, -EAGAIN, "the word is 5, not 4");
	expect_compares(&m, word(&m, WORD_NOWHERE), 5, -EFAULT,
			"nothing is at that address");
	expect_compares(&m, word(&m, WORD_OF_PAGE(1)), 5, -EAGAIN,
			"the page was not in memory; the word is 0, not 5");
	for (unsigned int i = 0; i < 3; i++)
		expect_sleeps_on(&w[i].c, "a requeue that fails does nothing");
	expect_compares(&m, word(&m, 0), 5, 2, "one to wake, one to move");
	expect_returns(&w[0].c, 0, "the first one: woken");
	expect_wakes(&m, 1, WAKE_ALL, ANY, 1);
	expect_returns(&w[1].c, 0, "moved, and woken there");
	expect_compares(&m, word(&m, WORD_OF_PAGE(2)), 0, 1,
			"the page was not in memory; the word is 0, as "
			"expected; one is left to wake");
	expect_returns(&w[2].c, 0, "the last one: woken");
	expect_wakes(&m, 0, WAKE_ALL, ANY, 0);
	futex_end(&m, w, 3);
	memory_end(&m);
}
KTEST(lab03, futex_requeue_compares);
