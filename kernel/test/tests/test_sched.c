/*
 * test_sched.c - threads: order, blocking, exit, pinning, many of them.
 */
#include "cpu.h"
#include "errno.h"
#include "heap.h"
#include "ktest.h"
#include "page.h"
#include "thread.h"
#include "time.h"
#include "vm.h"

/* ---- hand-over ---- */

struct relay {
	struct ktest *t;
	struct gate go[2];
	unsigned int laps[2];
	unsigned int next; /* whose turn it must be */
};

#define LAPS 50

static void relay_run(struct relay *r, unsigned int me)
{
	for (unsigned int i = 0; i < LAPS; i++) {
		if (!gate_wait(r->t, &r->go[me]))
			return;
		EXPECT_EQ(r->t, r->next, me);
		r->next = !me;
		r->laps[me]++;
		gate_open(&r->go[!me]);
	}
}

static void relay_other(void *arg)
{
	relay_run(arg, 1);
}

/* Two threads pass a token: each wake-up arrives, and exactly once. */
static void test_handover(struct ktest *t)
{
	struct relay r = {.t = t};
	struct thread *other;

	ASSERT(t, thread_spawn(&other, "other", relay_other, &r) == 0);
	gate_open(&r.go[0]);
	relay_run(&r, 0);
	thread_join(other);
	EXPECT_EQ(t, r.laps[0], LAPS);
	EXPECT_EQ(t, r.laps[1], LAPS);
}
KTEST(sched, handover, .seeds = 20);

/* ---- an unblock that comes before the block ---- */

static void test_early_unblock(struct ktest *t)
{
	EXPECT(t, !thread_unblock(current));
	EXPECT(t, !thread_unblock(current));
	thread_block(); /* returns at once */
	/* Only one was remembered: this one runs into its deadline. */
	EXPECT_EQ(t, thread_block_until(time_ns() + 50000), -ETIMEDOUT);
}
KTEST(sched, early_unblock, .seeds = 3);

/* ---- time-out against wake-up ---- */

static void unblock_at_once(void *arg)
{
	thread_unblock(arg);
}

/* A wake-up that races a deadline is one or the other, and never lost. */
static void test_timeout_race(struct ktest *t)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t deadline = time_ns() + 2000 * i;
		struct thread *waker;
		int result;

		ASSERT(t, thread_spawn(&waker, "waker", unblock_at_once,
				       current) == 0);
		result = thread_block_until(deadline);
		thread_join(waker);
		if (result == 0)
			continue;
		EXPECT_EQ(t, result, -ETIMEDOUT);
		EXPECT(t, time_ns() >= deadline);
		/* The unblock came later, maybe into thread_join()'s own
		 * wait, which may have consumed it. */
		thread_block_until(time_ns());
	}
}
KTEST(sched, timeout_race, .seeds = 10);

/* ---- exit and join ---- */

static void count_up(void *arg)
{
	__atomic_add_fetch((unsigned int *)arg, 1, __ATOMIC_RELAXED);
}

static void test_join(struct ktest *t)
{
	struct thread *threads[16];
	unsigned int count = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT(t, thread_spawn(&threads[i], "joined", count_up,
				       &count) == 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		thread_join(threads[i]);
	EXPECT_EQ(t, count, ARRAY_SIZE(threads));
}
KTEST(sched, join, .seeds = 20);

struct detached {
	struct gate done;
	unsigned int left;
};

static void detached_run(void *arg)
{
	struct detached *d = arg;

	if (__atomic_sub_fetch(&d->left, 1, __ATOMIC_RELAXED) == 0)
		gate_open(&d->done);
}

/* Nobody joins these: the leak check sees whether they are freed. */
static void test_detach(struct ktest *t)
{
	struct detached d = {.left = 8};
	struct thread *thread;

	for (unsigned int i = 0; i < 8; i++) {
		ASSERT(t, thread_create(&thread, "detached", detached_run,
					&d) == 0);
		thread_detach(thread);
		thread_start(thread);
	}
	gate_wait(t, &d.done);
}
KTEST(sched, detach, .seeds = 10);

/* ---- pre-emption and fairness ---- */

static void spin_until_set(void *arg)
{
	while (!*(volatile bool *)arg)
		;
}

static void set(void *arg)
{
	*(volatile bool *)arg = true;
}

/* On one CPU a thread that never yields does not keep the other from running,
 * which alone can end it. */
static void test_preemption(struct ktest *t)
{
	bool stop = false;
	struct thread *spinner, *setter;

	ASSERT(t, thread_spawn_on(0, &spinner, "spinner", spin_until_set,
				  &stop) == 0);
	ASSERT(t, thread_spawn_on(0, &setter, "setter", set, &stop) == 0);
	thread_join(spinner);
	thread_join(setter);
}
KTEST(sched, preemption);

/* ---- pinning and stealing ---- */

struct pinned {
	struct ktest *t;
	unsigned int cpu;
};

static void check_pinned(void *arg)
{
	struct pinned *p = arg;

	for (unsigned int i = 0; i < 20; i++) {
		intr_push();
		EXPECT_EQ(p->t, this_cpu()->id, p->cpu);
		intr_pop();
		thread_yield();
	}
}

static void test_pin(struct ktest *t)
{
	struct pinned p[MAX_CPUS];
	struct thread *threads[MAX_CPUS], *none;

	EXPECT_EQ(t,
		  thread_spawn_on(cpu_count, &none, "none", check_pinned, NULL),
		  -EINVAL);
	for (unsigned int i = 0; i < cpu_count; i++) {
		p[i] = (struct pinned){t, i};
		ASSERT(t, thread_spawn_on(i, &threads[i], "pinned",
					  check_pinned, &p[i]) == 0);
	}
	for (unsigned int i = 0; i < cpu_count; i++)
		thread_join(threads[i]);
}
KTEST(sched, pin, .seeds = 5);

struct meeting {
	unsigned int missing;
};

/* All must be running at the same time to get out of here. */
static void meet(void *arg)
{
	struct meeting *m = arg;

	__atomic_sub_fetch(&m->missing, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&m->missing, __ATOMIC_SEQ_CST) > 0)
		cpu_relax();
}

/* Work spreads to every CPU: as many threads as CPUs run side by side, though
 * one CPU started them all. */
static void test_spread(struct ktest *t)
{
	struct meeting m = {cpu_count};
	struct thread *threads[MAX_CPUS];
	unsigned int before[MAX_CPUS];

	for (unsigned int i = 0; i < cpu_count; i++)
		before[i] = sched_switches(i);
	for (unsigned int i = 0; i < cpu_count; i++)
		ASSERT(t, thread_spawn(&threads[i], "meeting", meet, &m) == 0);
	for (unsigned int i = 0; i < cpu_count; i++)
		thread_join(threads[i]);
	for (unsigned int i = 0; i < cpu_count; i++)
		EXPECT(t, sched_switches(i) > before[i]);
}
KTEST(sched, spread, .min_cpus = 2);

/* ---- many ---- */

#define MANY 10000
#define STACK_PAGES (STACK_SIZE / PAGE_SIZE)

static void block_until_set(void *arg)
{
	while (!*(volatile bool *)arg)
		thread_block();
}

/* Mean cost of an unblock and the yield that follows it, in cycles; while the
 * order of locks is not checked, as it is not outside of tests. */
static uint64_t wake_cost(struct thread *sleeper, unsigned int times)
{
	bool checked = lockorder_set(false);
	uint64_t start = time_cycles(), end;

	for (unsigned int i = 0; i < times; i++) {
		thread_unblock(sleeper);
		thread_yield();
	}
	end = time_cycles();
	lockorder_set(checked);
	return (end - start) / times;
}

/*
 * Blocked threads cost memory and nothing else.  Under -icount cycles are
 * instructions, so the comparison is exact there; a loaded host could make
 * the second measurement slow elsewhere, so it is only reported.
 */
static void test_many(struct ktest *t)
{
	struct thread **threads = kmalloc(MANY * sizeof(*threads));
	size_t possible = page_free_count() / (STACK_PAGES + 2);
	unsigned int count = MIN((size_t)MANY, possible / 2);
	bool stop = false;

	ASSERT(t, threads != NULL);
	for (unsigned int i = 0; i < count; i++) {
		if (thread_spawn_on(0, &threads[i], "one of many",
				    block_until_set, &stop)) {
			ktest_fail(t, __FILE__, __LINE__,
				   "no memory for thread %u", i);
			count = i;
			break;
		}
		thread_yield();
		if (i == 9)
			ktest_note(
				t,
				"wake-up with 10 blocked threads: %llu "
				"cycles",
				(unsigned long long)wake_cost(threads[0], 100));
	}
	ktest_note(t, "wake-up with %u blocked threads: %llu cycles", count,
		   (unsigned long long)wake_cost(threads[0], 100));
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < count; i++) {
		thread_unblock(threads[i]);
		thread_join(threads[i]);
	}
	kfree(threads);
}
KTEST(sched, many);

/* Threads until memory is exhausted: an error, and everything comes back. */
static void test_exhaustion(struct ktest *t)
{
	struct thread *first = NULL, *thread;
	unsigned int count = 0;
	int error;

	while (!(error = thread_create(&thread, "exhaust", count_up, &count))) {
		thread->arg = first; /* a chain through the argument */
		first = thread;
	}
	EXPECT_EQ(t, error, -ENOMEM);
	while (first) {
		thread = first;
		first = thread->arg;
		thread->arg = &count;
		thread_start(thread);
		thread_join(thread);
	}
	EXPECT(t, count > 0);
}
KTEST(sched, exhaustion);
