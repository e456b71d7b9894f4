/*
 * ktest.c - runs the in-kernel tests and reports in KTAP.
 *
 * Tests are found in the section .ktests (ktest.h, boot/kernel.ld).  A log
 * looks like this (the Linux kernel's KTAP, version 1):
 *
 *	KTAP version 1
 *	1..2
 *	ok 1 - mm/page_random
 *	# expected ... kernel/debug/tests/test_page.c:61
 *	not ok 2 - sched/wakeup
 *
 * Before and after each run the pages, heap objects and threads in use are
 * counted.  Memory that the kernel keeps for reuse (stacks, empty slabs) is
 * given back first, and threads that have only just ended get time to be
 * freed, so what still differs is a leak.
 */
#include "ktest.h"
#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "heap.h"
#include "monitor.h"
#include "page.h"
#include "panic.h"
#include "power.h"
#include "printk.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "vm.h"

#define GATE_TIMEOUT (10 * NSEC_PER_SEC)
#define SETTLE_TIMEOUT (100 * NSEC_PER_MSEC)
#define SETTLE_STEP NSEC_PER_MSEC

extern const struct ktest_case ktests_start[], ktests_end[];

/* One run of the harness at a time: the monitor's or the command line's. */
static struct core_lock ktest_lock = CORE_LOCK_INIT("ktest", RANK_MONITOR);
static bool ktest_busy;

#define for_each_test(test) \
	for (const struct ktest_case *test = ktests_start; test < ktests_end; \
	     test++)

/* ---- results ---- */

void ktest_fail(struct ktest *t, const char *file, int line, const char *fmt,
		...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* Many runs of many seeds may fail alike: the first few are enough. */
	if (__atomic_add_fetch(&t->failures, 1, __ATOMIC_RELAXED) <= 8)
		printk("# %s (%s:%d)\n", text, file, line);
}

void ktest_note(struct ktest *t, const char *fmt, ...)
{
	char text[256];
	va_list args;

	(void)t;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("# %s\n", text);
}

void ktest_skip(struct ktest *t, const char *why)
{
	t->skipped = true;
	t->skip_reason = why;
}

/* ---- hand-shakes ---- */

bool gate_wait(struct ktest *t, struct gate *gate)
{
	uint64_t deadline = time_ns() + GATE_TIMEOUT;

	gate->waiter = current;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (!gate->open) {
		if (thread_block_until(deadline) != -ETIMEDOUT)
			continue;
		ktest_fail(t, __FILE__, __LINE__,
			   "gate_wait: nobody opened the gate for 10 s");
		return false;
	}
	gate->open = false;
	gate->waiter = NULL;
	return true;
}

void gate_open(struct gate *gate)
{
	struct thread *waiter;

	intr_push();	/* the waiter may end as soon as it is let through */
	gate->open = true;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	waiter = gate->waiter;
	if (waiter)
		thread_unblock(waiter);
	intr_pop();
}

/* ---- leaks ---- */

struct usage {
	size_t pages, objects;
	unsigned int threads;
};

static struct usage usage_now(void)
{
	vm_stack_trim();
	heap_trim();
	return (struct usage){
		.pages = page_total_count() - page_free_count(),
		.objects = heap_object_count(),
		.threads = thread_count(),
	};
}

static bool usage_grew(struct usage before, struct usage after)
{
	return after.pages > before.pages || after.objects > before.objects ||
	       after.threads > before.threads;
}

static void check_leaks(struct ktest *t, struct usage before)
{
	uint64_t deadline = time_ns() + SETTLE_TIMEOUT;
	struct usage after = usage_now();

	while (usage_grew(before, after) && time_ns() < deadline) {
		thread_sleep_until(time_ns() + SETTLE_STEP);
		after = usage_now();
	}
	if (usage_grew(before, after))
		ktest_fail(t, __FILE__, __LINE__,
			   "leak: %+lld pages, %+lld heap objects, %+d threads",
			   (long long)(after.pages - before.pages),
			   (long long)(after.objects - before.objects),
			   (int)(after.threads - before.threads));
}

/* ---- running ---- */

static const struct perturbation {
	enum sched_strategy strategy;
	unsigned int depth;
} perturbations[] = {
	{ SCHED_RANDOM, 0 },
	{ SCHED_PCT, 3 },
	{ SCHED_JITTER, 0 },
};

static void run_plain(struct ktest *t)
{
	struct usage before = usage_now();

	t->test->fn(t);
	if (!t->skipped)
		check_leaks(t, before);
}

static void run_perturbed(struct ktest *t, const struct perturbation *p,
			  uint64_t seed)
{
	unsigned int failures = t->failures;
	struct usage before = usage_now();

	t->seed = seed;
	perturb_start(p->strategy, p->depth, seed);
	t->test->fn(t);
	perturb_stop();
	check_leaks(t, before);
	t->runs++;
	if (t->failures == failures)
		return;
	printk("# failed with sched=%s%s seed=%llu\n",
	       perturb_name(p->strategy),
	       p->strategy == SCHED_PCT ? ":3" : "", (unsigned long long)seed);
}

/* Stops at the first seed that fails: it is what one replays. */
static void run_seeds(struct ktest *t)
{
	uint64_t seeds = cmdline_u64("seeds", t->test->seeds);

	for (size_t i = 0; i < ARRAY_SIZE(perturbations); i++)
		for (uint64_t seed = 1; seed <= seeds; seed++) {
			run_perturbed(t, &perturbations[i], seed);
			if (t->failures || t->skipped || monitor_interrupted())
				return;
		}
}

/* sched= and seed= ask for that one run. */
static void run_replay(struct ktest *t)
{
	struct perturbation p = { SCHED_FAIR, 0 };

	perturb_parse(cmdline_get("sched"), &p.strategy, &p.depth);
	run_perturbed(t, &p, cmdline_u64("seed", 1));
}

/* True when the test passed or was skipped. */
static bool run_test(const struct ktest_case *test, unsigned int number)
{
	struct ktest t = { .test = test };

	if (test->min_cpus > cpu_count)
		ktest_skip(&t, "needs more CPUs");
	else if (cmdline_get("sched"))
		run_replay(&t);
	else if (test->seeds)
		run_seeds(&t);
	else
		run_plain(&t);

	printk("%s %u - %s/%s", t.failures ? "not ok" : "ok", number,
	       test->suite, test->name);
	if (t.skipped)
		printk(" # SKIP %s", t.skip_reason);
	else if (t.runs > 1)
		printk(" # %u runs", t.runs);
	printk("\n");
	return t.failures == 0;
}

/* "all", a suite's name, or suite/name. */
static bool matches(const struct ktest_case *test, const char *selection)
{
	size_t len = strlen(test->suite);

	if (strcmp(selection, "all") == 0)
		return !test->manual;
	if (strncmp(selection, test->suite, len) != 0)
		return false;
	if (selection[len] == '\0')
		return !test->manual;
	return selection[len] == '/' &&
	       strcmp(selection + len + 1, test->name) == 0;
}

static unsigned int count_matches(const char *selection)
{
	unsigned int count = 0;

	for_each_test(test)
		count += matches(test, selection);
	return count;
}

static bool claim(void)
{
	core_lock(&ktest_lock);
	bool claimed = !ktest_busy;

	ktest_busy = true;
	core_unlock(&ktest_lock);
	return claimed;
}

int ktest_run(const char *selection)
{
	unsigned int number = 0, planned = count_matches(selection);
	int failed = 0;

	if (planned == 0)
		return -ENOENT;
	if (!claim())
		return -EBUSY;
	printk("KTAP version 1\n1..%u\n", planned);
	for_each_test(test) {
		if (!matches(test, selection))
			continue;
		if (!run_test(test, ++number))
			failed++;
		if (monitor_interrupted())
			break;
	}
	printk("# %u passed, %d failed, of %u\n", number - failed, failed,
	       planned);
	ktest_busy = false;
	return failed;
}

void ktest_run_and_exit(const char *selection)
{
	int failed = ktest_run(selection);

	if (failed == -ENOENT) {
		printk("test=%s: no such test; there are:\n", selection);
		ktest_list();
	}
	power_off(failed == 0 ? EXIT_TESTS_PASSED : EXIT_TESTS_FAILED);
}

void ktest_list(void)
{
	for_each_test(test)
		printk("  %s/%s%s\n", test->suite, test->name,
		       test->manual ? " (by name only)" : "");
}
