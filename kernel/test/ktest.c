/*
 * ktest.c - runs the in-kernel tests and reports in KTAP.
 *
 * Tests are found in the section .ktests (ktest.h, boot/kernel.ld).  A log
 * looks like this (the Linux kernel's KTAP, version 1):
 *
 *	KTAP version 1
 *	1..2
 *	ok 1 - mm/page_random
 *	# expected ... kernel/test/tests/test_page.c:61
 *	not ok 2 - sched/wakeup
 *
 * Before and after each run the pages, heap objects and threads in use are
 * counted.  Memory that the kernel keeps for reuse (stacks, empty slabs) is
 * given back first, and threads that have only just ended get time to be
 * freed, so what still differs is a leak.
 */
#include "ktest.h"
#include "aspace.h"
#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "heap.h"
#include "ktest_plan.h"
#include "monitor.h"
#include "page.h"
#include "panic.h"
#include "power.h"
#include "printk.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "vm.h"
#include "watchdog.h"

#define GATE_TIMEOUT (10 * NSEC_PER_SEC)
#define SETTLE_TIMEOUT (5 * NSEC_PER_SEC)
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
	if (__atomic_add_fetch(&t->failures, 1, __ATOMIC_RELAXED) <= 8 &&
	    !t->quiet)
		printk("# %s (%s:%d)\n", text, file, line);
}

void ktest_note(struct ktest *t, const char *fmt, ...)
{
	char text[256];
	va_list args;

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

/*
 * One lock for all gates: a gate often lies on the stack of the waiter, and is
 * gone as soon as that one has been let through, so the lock cannot be in it.
 */
static struct core_lock gates_lock = CORE_LOCK_INIT("gates", RANK_GATES);

bool gate_wait(struct ktest *t, struct gate *gate)
{
	uint64_t start = time_ns();
	struct wait_record outer;
	bool open, late = false;

	assert_may_sleep();
	outer = wait_begin(WAIT_GATE, gate, NULL, CALL_SITE);
	core_lock(&gates_lock);
	gate->waiter = current;
	while (!gate->open && !late) {
		core_unlock(&gates_lock);
		thread_block_until(time_ns() + GATE_TIMEOUT);
		late = ktest_is_late(start, GATE_TIMEOUT);
		core_lock(&gates_lock);
	}
	open = gate->open;
	gate->open = false;
	gate->waiter = NULL;
	core_unlock(&gates_lock);
	wait_end(outer);
	if (!open)
		ktest_fail(t, __FILE__, __LINE__,
			   "gate_wait: nobody opened the gate for %llu s",
			   (unsigned long long)((time_ns() - start) /
						NSEC_PER_SEC));
	return open;
}

void gate_open(struct gate *gate)
{
	core_lock(&gates_lock);
	gate->open = true;
	if (gate->waiter)
		thread_unblock(gate->waiter);
	core_unlock(&gates_lock);
}

/* ---- limits ---- */

/* What is under test, for the NMI and for panic; NULL between tests. */
static struct ktest *volatile running;
static volatile uint64_t running_deadline; /* 0: none */

/* Of guest time, which the watchdog enforces; 0: none. */
static void limit_resume(uint64_t limit)
{
	if (!limit)
		return;
	running_deadline = time_ns() + limit;
	watchdog_arm(limit);
}

/* Returns what is left, for limit_resume(). */
static uint64_t limit_suspend(void)
{
	uint64_t deadline = running_deadline, now = time_ns();

	watchdog_disarm();
	running_deadline = 0;
	if (!deadline)
		return 0;
	return deadline > now ? deadline - now : 1;
}

/* ---- leaks ---- */

struct usage {
	size_t pages, objects;
	unsigned int threads;
};

static struct usage usage_now(void)
{
	vm_stack_trim();
	aspace_trim();
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

/* Looks again and again, for a while, whether all has been given back. */
static struct usage usage_settled(struct usage before)
{
	uint64_t start = time_ns();
	struct usage after = usage_now();

	while (usage_grew(before, after) &&
	       !ktest_is_late(start, SETTLE_TIMEOUT)) {
		thread_sleep_until(time_ns() + SETTLE_STEP);
		after = usage_now();
	}
	return after;
}

static void check_leaks(struct ktest *t, struct usage before)
{
	struct usage after = usage_now();
	uint64_t left;

	if (!usage_grew(before, after))
		return;
	/* The limit is the test's, and this is not its time. */
	left = limit_suspend();
	after = usage_settled(before);
	limit_resume(left);
	if (usage_grew(before, after))
		ktest_fail(t, __FILE__, __LINE__,
			   "leak: %+lld pages, %+lld heap objects, %+d threads",
			   (long long)(after.pages - before.pages),
			   (long long)(after.objects - before.objects),
			   (int)(after.threads - before.threads));
}

/* ---- running ---- */

#define PCT_DEPTH 3
#define SCHEDULE_SIZE (EXPLORE_TEXT_SIZE + 40)

const char *ktest_suite(const struct ktest_case *test)
{
	return strncmp(test->suite, "lab", 3) == 0 ? test->suite + 3
						   : test->suite;
}

static void run_plain(struct ktest *t)
{
	struct usage before = usage_now();

	t->test->fn(t);
	t->runs++;
	if (!t->skipped)
		check_leaks(t, before);
}

static void run_perturbed(struct ktest *t, enum sched_strategy strategy,
			  unsigned int depth, uint64_t seed)
{
	struct usage before = usage_now();

	t->strategy = strategy;
	t->seed = seed;
	perturb_start(strategy, depth, seed);
	t->test->fn(t);
	perturb_stop();
	check_leaks(t, before);
	t->runs++;
}

/* Stops at the first seed that fails: it is what one replays. */
static void run_seeds(struct ktest *t, const struct ktest_plan *plan)
{
	uint64_t given = cmdline_u64("seeds", t->test->seeds);

	for (enum sched_strategy s = SCHED_RANDOM; s < STRATEGIES; s++) {
		uint64_t seeds = plan->has_seeds ? plan->seeds[s] : given;

		for (uint64_t seed = 1; seed <= seeds; seed++) {
			run_perturbed(t, s, PCT_DEPTH, seed);
			if (t->failures || t->skipped || monitor_interrupted())
				return;
		}
	}
}

/* All schedules, or the one that is given. */
static void run_explored(struct ktest *t, const char *schedule,
			 unsigned long max_runs)
{
	struct usage before = usage_now();

	ktest_explore_test(t, schedule, max_runs);
	if (!t->failures)
		check_leaks(t, before);
}

/* sched= and seed= ask for that one run. */
static void run_replay(struct ktest *t)
{
	const char *text = cmdline_get("sched"), *colon = strchr(text, ':');
	enum sched_strategy strategy = SCHED_FAIR;
	unsigned int depth = 0;

	perturb_parse(text, &strategy, &depth);
	if (strategy == SCHED_EXPLORE)
		run_explored(t, colon ? colon + 1 : NULL, EXPLORE_MAX_RUNS);
	else
		run_perturbed(t, strategy, depth, cmdline_u64("seed", 1));
}

static bool wants_seeds(const struct ktest_case *test,
			const struct ktest_plan *plan)
{
	return plan->has_seeds || (test->seeds && !plan->explore);
}

/* "sched=pct:3 seed=17" after a perturbed run, else nothing.  Returns buf. */
static const char *format_schedule(const struct ktest *t, char *buf,
				   size_t size)
{
	buf[0] = '\0';
	if (t->seed)
		snprintf(buf, size, " sched=%s%s%s seed=%llu",
			 perturb_name(t->strategy),
			 t->strategy == SCHED_PCT       ? ":3"
			 : t->strategy == SCHED_EXPLORE ? ":"
							: "",
			 t->schedule, (unsigned long long)t->seed);
	return buf;
}

static void report_result(const struct ktest *t, unsigned int number)
{
	const char *suite = ktest_suite(t->test), *name = t->test->name;
	char schedule[SCHEDULE_SIZE];

	format_schedule(t, schedule, sizeof(schedule));
	if (t->failures && t->seed)
		printk("# failed with%s\n", schedule);
	printk("%s %u - %s/%s", t->failures ? "not ok" : "ok", number, suite,
	       name);
	if (t->skipped)
		printk(" # SKIP %s", t->skip_reason);
	else if (t->runs > 1)
		printk(" # %u runs", t->runs);
	printk("\n");
	if (t->skipped)
		ktest_frame("end %s/%s skip %s", suite, name, t->skip_reason);
	else if (t->failures)
		ktest_frame("end %s/%s fail runs=%u%s", suite, name, t->runs,
			    schedule);
	else
		ktest_frame("end %s/%s ok runs=%u", suite, name, t->runs);
}

void ktest_begin(struct ktest *t, uint64_t limit)
{
	ktest_frame("begin %s/%s", ktest_suite(t->test), t->test->name);
	running_deadline = 0;
	running = t;
	limit_resume(limit);
}

void ktest_end(const struct ktest *t, unsigned int number)
{
	watchdog_disarm();
	running = NULL;
	report_result(t, number);
}

/* True when the test passed or was skipped. */
static bool run_test(const struct ktest_case *test,
		     const struct ktest_plan *plan, unsigned int number)
{
	struct ktest t = {.test = test};

	ktest_begin(&t, plan->limit);
	if (test->min_cpus > cpu_count)
		ktest_skip(&t, "needs more CPUs");
	else if (cmdline_get("sched"))
		run_replay(&t);
	else if (wants_seeds(test, plan))
		run_seeds(&t, plan);
	else if (!plan->explore || cpu_count > 1)
		run_plain(&t);
	if (plan->explore && !t.failures && cpu_count == 1)
		run_explored(&t, NULL, plan->explore);
	ktest_end(&t, number);
	return t.failures == 0;
}

/* Tells the grader which test the panic ends. */
static void panicked(void)
{
	const struct ktest *t = running;

	if (t)
		ktest_frame("panic %s/%s", ktest_suite(t->test), t->test->name);
}

PANIC_REPORT(PANIC_FIRST, panicked);

static void panic_schedule(void)
{
	char text[EXPLORE_TEXT_SIZE + 16];

	if (perturb_strategy() != SCHED_FAIR)
		printk("Schedule: sched=%s seed=%lu; the same seed repeats "
		       "it.\n",
		       perturb_format(text, sizeof(text)), perturb_seed());
}

PANIC_REPORT(PANIC_HEADING, panic_schedule);

/* The watchdog may bark a little early. */
#define LIMIT_TOLERANCE (5 * NSEC_PER_MSEC)

/* Leaves, for the test will not end. */
static void end_hung(const struct ktest *t, const char *how)
{
	char sched[EXPLORE_TEXT_SIZE + 16], schedule[SCHEDULE_SIZE];

	format_schedule(t, schedule, sizeof(schedule));
	if (perturb_strategy() != SCHED_FAIR)
		snprintf(schedule, sizeof(schedule), " sched=%s seed=%llu",
			 perturb_format(sched, sizeof(sched)),
			 (unsigned long long)perturb_seed());
	printk("# %s in %s/%s%s\n", how, ktest_suite(t->test), t->test->name,
	       schedule);
	ktest_frame("hang %s/%s %s%s", ktest_suite(t->test), t->test->name, how,
		    schedule);
	power_off(EXIT_HANG);
}

void ktest_check_limit(bool deadlock)
{
	if (running && running_deadline &&
	    time_ns() + LIMIT_TOLERANCE >= running_deadline)
		end_hung(running, deadlock ? "deadlock" : "hang");
}

void ktest_deadlocked(void)
{
	/* From the monitor, one may want to look around; it is stuck, though,
	 * and leaves only GDB. */
	if (running && cmdline_get("test"))
		end_hung(running, "deadlock");
}

void ktest_complain(const char *fmt, ...)
{
	struct ktest *t = running;
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("%s%s\n", t ? "# " : "", text);
	if (t)
		__atomic_add_fetch(&t->failures, 1, __ATOMIC_RELAXED);
}

/* ---- selections ---- */

static unsigned int count_matches(const struct ktest_plan *plan)
{
	unsigned int count = 0;

	for_each_test(test) count += ktest_plan_matches(plan, test);
	return count;
}

/* How many tests a whole selection names; -EINVAL, or -ENOENT when a part of
 * it names none. */
static int count_planned(const char *selection)
{
	struct ktest_plan plan;
	int error, planned = 0;

	while (!(error = ktest_plan_take(&selection, &plan))) {
		unsigned int count = count_matches(&plan);

		if (!count)
			return -ENOENT;
		planned += count;
	}
	return error == -ENOENT && planned ? planned : error;
}

/* Runs what a plan matches; adds up *number and returns how many failed. */
static int run_plan(const struct ktest_plan *plan, unsigned int *number)
{
	int failed = 0;

	for_each_test(test)
	{
		if (!ktest_plan_matches(plan, test))
			continue;
		if (monitor_interrupted())
			break;
		if (!run_test(test, plan, ++*number))
			failed++;
	}
	return failed;
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
	int failed = 0, planned = count_planned(selection);
	unsigned int number = 0;
	struct ktest_plan plan;

	if (planned < 0)
		return planned;
	if (!claim())
		return -EBUSY;
	printk("KTAP version 1\n1..%d\n", planned);
	while (!ktest_plan_take(&selection, &plan))
		failed += run_plan(&plan, &number);
	printk("# %u passed, %d failed, of %d\n", number - failed, failed,
	       planned);
	core_lock(&ktest_lock);
	ktest_busy = false;
	core_unlock(&ktest_lock);
	return failed;
}

void ktest_run_and_exit(const char *selection)
{
	int failed;

	ktest_frame("ready");
	failed = ktest_run(selection);
	if (failed == -ENOENT && ktest_start_programs(selection) == 0)
		return;
	if (failed == -ENOENT) {
		printk("test=%s: no such test; there are:\n", selection);
		ktest_list();
	}
	ktest_frame("done");
	power_off(failed == 0 ? EXIT_TESTS_PASSED : EXIT_TESTS_FAILED);
}

void ktest_list(void)
{
	for_each_test(test) printk("  %s/%s%s\n", ktest_suite(test), test->name,
				   test->manual ? " (by name only)" : "");
}
