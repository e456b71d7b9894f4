/*
 * k_futex.c - exercise 3.3: the futex engine, one thing a test.
 *
 * Waiters that are moved are in k_futex_requeue.c, races in k_futex_races.c.
 */
#include "lab03_futex.h"

#define MAX_WAITERS 40

/* ---- waiting and waking ---- */

static void test_futex_value(struct ktest *t)
{
	struct futex_caller other = {.value = 7}, same = {.value = 0};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	word_set(&m, 0, 6);
	word_set(&m, 1, 0);
	futex_start(&m, &other, 0);
	expect_returns(&other.c, -EAGAIN, "the word is 6, and not 7");
	expect_wakes(&m, 0, 1, ANY, 0);
	futex_bed(&m, &same, 1);
	word_set(&m, 1, 1);
	expect_sleeps_on(&same.c, "the word has changed, but nobody called "
				  "futex_wake()");
	expect_wakes(&m, 1, 1, ANY, 1);
	expect_returns(&same.c, 0, "after futex_wake()");
	futex_end(&m, &other, 1);
	futex_end(&m, &same, 1);
	memory_end(&m);
}
KTEST(lab03, futex_value);

static void test_futex_wakes(struct ktest *t)
{
	struct futex_caller w[5] = {{.value = 0}};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	expect_wakes(&m, 0, 1, ANY, 0);
	for (unsigned int i = 0; i < 5; i++)
		futex_bed(&m, &w[i], 0);
	expect_wakes(&m, 0, 0, ANY, 0);
	thread_unblock(w[0].c.thread);
	expect_sleeps_on(&w[0].c, "after a thread_unblock() that is no "
				  "futex_wake()");
	expect_wakes(&m, 0, 2, ANY, 2);
	for (unsigned int i = 0; i < 2; i++)
		expect_returns(&w[i].c, 0,
			       "the first two, after two were "
			       "woken");
	for (unsigned int i = 2; i < 5; i++)
		expect_sleeps_on(&w[i].c, "the other three");
	expect_wakes(&m, 0, 100, ANY, 3);
	expect_wakes(&m, 0, 1, ANY, 0);
	futex_end(&m, w, 5);
	memory_end(&m);
}
KTEST(lab03, futex_wakes);

/* A waiter for each of the 32 bits, and all others are woken but for it. */
static void each_bit(struct memory *m)
{
	static struct futex_caller w[32];

	for (unsigned int bit = 0; bit < 32; bit++) {
		w[bit] = (struct futex_caller){.bitset = 1u << bit};
		futex_bed(m, &w[bit], 0);
	}
	for (unsigned int i = 0; i < 32; i++) {
		unsigned int bit = i * 11 % 32;

		expect_wakes(m, 0, WAKE_ALL, 1u << bit, 1);
		expect_returns(&w[bit].c, 0, "its bit was woken");
		expect_wakes(m, 0, WAKE_ALL, 1u << bit, 0);
	}
	futex_end(m, w, 32);
}

static void test_futex_bitsets(struct ktest *t)
{
	static const uint32_t sets[] = {1, 2, 3, ANY};
	struct futex_caller w[4] = {{.value = 0}};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		w[i].bitset = sets[i];
		futex_bed(&m, &w[i], 0);
	}
	expect_wakes(&m, 0, 1, 2, 1);
	expect_returns(&w[1].c, 0, "the first whose set has bit 1");
	expect_sleeps_on(&w[0].c, "its set has not bit 1");
	expect_wakes(&m, 0, WAKE_ALL, 4, 1);
	expect_returns(&w[3].c, 0, "the only one whose set has bit 2");
	expect_wakes(&m, 0, WAKE_ALL, 8, 0);
	expect_wakes(&m, 0, WAKE_ALL, ANY, 2);
	futex_end(&m, w, 4);
	each_bit(&m);
	memory_end(&m);
}
KTEST(lab03, futex_bitsets);

/* ---- which futex ---- */

/* A waiter on each of many words. */
static void test_futex_keys_apart(struct ktest *t)
{
	static struct futex_caller w[MAX_WAITERS];
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	for (unsigned int i = 0; i < MAX_WAITERS; i++) {
		w[i] = (struct futex_caller){.value = 0};
		futex_bed(&m, &w[i], i);
	}
	for (unsigned int i = 0; i < MAX_WAITERS; i++) {
		unsigned int n = i * 7 % MAX_WAITERS;

		expect_wakes(&m, n, WAKE_ALL, ANY, 1);
		expect_returns(&w[n].c, 0, "its word was woken");
	}
	futex_end(&m, w, MAX_WAITERS);
	memory_end(&m);
}
KTEST(lab03, futex_keys_apart);

static void expect_nobody(struct memory *m, const struct futex_key *other,
			  const char *field, unsigned int bit)
{
	struct futex_key far = {NULL, 4}; /* where nobody waits */
	long woken = futex_wake(other, WAKE_ALL, ANY);
	long moved = futex_requeue(other, &far, 0, WAKE_ALL, NULL);

	CHECK(m->t, woken == 0,
	      "futex_wake() of a key whose %s differs in bit %u: expected "
	      "0, got %ld",
	      field, bit, woken);
	CHECK(m->t, moved == 0,
	      "futex_requeue() from a key whose %s differs in bit %u: expected "
	      "0, got %ld",
	      field, bit, moved);
	futex_wake(&far, WAKE_ALL, ANY); /* whoever is there now */
}

/* Keys that differ in one bit: as addresses 4 GiB apart do. */
static void all_bits_count(struct memory *m)
{
	struct futex_key here = key(m, 0), other;

	for (unsigned int bit = 2; bit < 47; bit++) {
		other = here;
		other.offset ^= 1ull << bit;
		expect_nobody(m, &other, "offset", bit);
		other = here;
		other.object = (void *)((uintptr_t)here.object ^ 1ull << bit);
		expect_nobody(m, &other, "object", bit);
	}
}

/* Nobody waits on any of these, but many of them share its bucket. */
static void test_futex_neighbours(struct ktest *t)
{
	struct futex_caller w = {.value = 0};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	futex_bed(&m, &w, 0);
	for (unsigned int i = 1; i < WORDS_PER_PAGE; i++)
		expect_wakes(&m, i, WAKE_ALL, ANY, 0);
	all_bits_count(&m);
	expect_sleeps_on(&w.c, "all other words of the page were woken");
	expect_wakes(&m, 0, 1, ANY, 1);
	futex_end(&m, &w, 1);
	memory_end(&m);
}
KTEST(lab03, futex_neighbours);

/* The same address in another process is another word. */
static void test_futex_processes_apart(struct ktest *t)
{
	struct futex_caller w = {.value = 0};
	struct process other;
	struct futex_key k;
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	ASSERT(t, pretended_init(&other) == 0);
	futex_bed(&m, &w, 0);
	k = (struct futex_key){other.aspace, word(&m, 0)};
	CHECK(t, futex_wake(&k, WAKE_ALL, ANY) == 0,
	      "futex_wake() of another process's word with the same "
	      "address has woken somebody");
	expect_sleeps_on(&w.c, "another process's word was woken");
	expect_wakes(&m, 0, 1, ANY, 1);
	futex_end(&m, &w, 1);
	pretended_free(&other);
	memory_end(&m);
}
KTEST(lab03, futex_processes_apart);

/* ---- memory that is not there ---- */

static void test_futex_bad_address(struct ktest *t)
{
	struct futex_caller bad = {.value = 0}, good = {.value = 0};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	futex_start(&m, &bad, WORD_NOWHERE);
	expect_returns(&bad.c, -EFAULT, "an address at which nothing is");
	futex_bed(&m, &good, 0);
	expect_wakes(&m, 0, 1, ANY, 1);
	expect_returns(&good.c, 0, "after futex_wake()");
	futex_end(&m, &good, 1);
	thread_join(bad.c.thread);
	memory_end(&m);
}
KTEST(lab03, futex_bad_address);

/* Mapped, but never touched: the word is 0, once somebody looks. */
static void test_futex_page_comes_in(struct ktest *t)
{
	struct futex_caller other = {.value = 1}, same = {.value = 0};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	futex_start(&m, &other, 0);
	expect_returns(&other.c, -EAGAIN,
		       "the page was not in memory; the word is 0, and not 1");
	futex_end(&m, &other, 1);
	memory_end(&m);

	if (!memory_begin(&m, t))
		return;
	futex_bed(&m, &same, 0);
	expect_wakes(&m, 0, 1, ANY, 1);
	expect_returns(&same.c, 0, "after futex_wake()");
	futex_end(&m, &same, 1);
	memory_end(&m);
}
KTEST(lab03, futex_page_comes_in);

/* ---- ends that are not wake-ups ---- */

/* Unblocked for no reason, woken, and before it runs its deadline passes. */
static void woken_then_late(struct memory *m)
{
	struct futex_caller w = {.c.deadline = soon()};
	long woken;

	futex_bed(m, &w, 1);
	thread_unblock(w.c.thread);
	expect_sleeps_on(&w.c, "after a thread_unblock() that is no "
			       "futex_wake()");
	spin_until(w.c.deadline - 2000);
	intr_push();
	woken = futex_wake(&(struct futex_key){m->p.aspace, word(m, 1)}, 1,
			   ANY);
	spin_until(w.c.deadline + NSEC_PER_MSEC / 5);
	intr_pop();
	expect_returns(&w.c, woken ? 0 : -ETIMEDOUT,
		       woken ? "futex_wake() returned 1, and then its "
			       "deadline passed"
			     : "futex_wake() returned 0");
	futex_end(m, &w, 1);
}

static void test_futex_timeout(struct ktest *t)
{
	struct futex_caller late = {.c.deadline = soon()};
	struct futex_caller past = {.c.deadline = 1}, patient = {.value = 0};
	struct memory m;

	if (!deadlines_hold(t))
		return;
	if (!memory_begin(&m, t))
		return;
	futex_bed(&m, &late, 0);
	futex_bed(&m, &patient, 0);
	futex_start(&m, &past, 0);
	expect_returns(&past.c, -ETIMEDOUT, "a deadline in the past");
	thread_sleep_until(late.c.deadline + NSEC_PER_MSEC / 5);
	expect_returns(&late.c, -ETIMEDOUT, "after the deadline");
	CHECK(t, late.c.returned_at >= late.c.deadline,
	      "-ETIMEDOUT came before the deadline");
	expect_wakes(&m, 0, WAKE_ALL, ANY, 1);
	expect_returns(&patient.c, 0, "after futex_wake()");
	woken_then_late(&m);
	futex_end(&m, &late, 1);
	futex_end(&m, &past, 1);
	futex_end(&m, &patient, 1);
	memory_end(&m);
}
KTEST(lab03, futex_timeout);

/* Killed before it runs again: the wake-up was counted, and so it counts. */
static void woken_then_killed(struct memory *m)
{
	struct futex_caller w = {.value = 0};

	futex_bed(m, &w, 0);
	intr_push();
	expect_wakes(m, 0, 1, ANY, 1);
	pretended_kill(&m->p, w.c.thread);
	intr_pop();
	expect_returns(&w.c, 0, "woken by futex_wake(), and then killed");
	m->p.state = PROCESS_RUNNING;
	futex_end(m, &w, 1);
}

static void test_futex_killed(struct ktest *t)
{
	struct futex_caller w[3] = {{.value = 0}};
	struct memory m;

	if (!memory_begin(&m, t))
		return;
	w[1].c.deadline = NOT_SOON;
	for (unsigned int i = 0; i < 2; i++)
		futex_bed(&m, &w[i], 0);
	for (unsigned int i = 0; i < 2; i++) {
		pretended_kill(&m.p, w[i].c.thread);
		expect_returns(&w[i].c, -ERESTARTSYS,
			       i == 0 ? "killed" : "killed, with a deadline");
	}
	expect_wakes(&m, 0, 1, ANY, 0);
	futex_start(&m, &w[2], 0);
	expect_returns(&w[2].c, -ERESTARTSYS, "killed before it slept");
	expect_wakes(&m, 0, 1, ANY, 0);
	futex_end(&m, w, 3);
	if (!t->failures)
		woken_then_killed(&m);
	memory_end(&m);
}
KTEST(lab03, futex_killed);
