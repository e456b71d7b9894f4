/*
 * ktest_explore.c - goes through all schedules of a test: sched=explore.
 *
 * explore.h says what a schedule is.  The search begins with the empty one, in
 * which nothing is forced.  A run follows its schedule and notes the places
 * that it came by and what could have been chosen there; for each such choice
 * behind the last one of the schedule, the schedule with that choice added is
 * run next, and so on, depth first, until the budget is spent: so many
 * pre-emptions, and one place at which another thread comes first.  No schedule
 * is run twice. Accesses of a lab's file are many; each of them is pre-empted
 * at, but alone.
 *
 * Each run is made by a thread of its own, while the driver, the thread of the
 * harness, waits.  So a run that deadlocks can be given up: the idle loop finds
 * that nobody can run (waitfor_report.c), and wakes the driver, which frees all
 * threads of the run wherever they wait, and goes on with the next one.  What
 * they held is lost; tests that are explored make their objects anew each run.
 */
#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "explore.h"
#include "ktest.h"
#include "ktest_plan.h"
#include "monitor.h"
#include "panic.h"
#include "printk.h"
#include "string.h"
#include "thread.h"
#include "waitfor.h"

#define PREEMPTIONS 2
#define ORDERS 1

/* What may still be added to a schedule. */
struct budget {
	unsigned int preemptions, orders;
};

/* The run that is going on; one at a time, as tests are. */
static struct {
	struct thread *driver; /* NULL: none */
	void (*fn)(struct ktest *t);
	struct ktest t;
	volatile bool ended, abandoned;
	unsigned long max; /* schedules of this search */
} run;

static struct explore_record record;

/* The places of the schedules on the way to the present one. */
static struct explore_place places[EXPLORE_MAX_CHOICES][EXPLORE_MAX_PLACES];

/* ---- one run ---- */

static void run_body(void *arg)
{
	run.fn(&run.t);
	run.ended = true;
	thread_unblock(run.driver);
}

bool ktest_exploring(void)
{
	return run.driver != NULL;
}

bool ktest_explore_abandon(void)
{
	if (!run.driver)
		return false;
	if (!record.endless && !run.t.quiet)
		wait_explain_deadlock();
	run.abandoned = true;
	thread_unblock(run.driver);
	return true;
}

/* What the run has left behind. */
static void clean_up(struct thread *body, uint32_t first)
{
	if (run.ended)
		thread_join(body);
	/* Those that are about to end do so now. */
	while (sched_queue_length(0) > 0)
		thread_yield();
	unsigned int left = thread_abandon(first);

	if (!run.abandoned && left)
		ktest_fail(&run.t, __FILE__, __LINE__,
			   "the test has ended, and %u of its threads have not",
			   left);
}

/*
 * Runs fn under a schedule, and fills in the record.  Afterwards run.t says
 * whether it has failed, as it also has by a deadlock or by not ending.  With
 * tell, each choice of the schedule is told when it is made.
 */
static void run_schedule(const struct explore_schedule *schedule, bool tell)
{
	struct wait_record outer;
	struct thread *body;
	uint32_t first;

	run.ended = run.abandoned = false;
	run.t.failures = 0;
	run.t.strategy = SCHED_EXPLORE;
	run.t.seed = 1;
	explore_format(schedule, run.t.schedule, sizeof(run.t.schedule));
	if (thread_create(&body, "explored", run_body, NULL)) {
		ktest_fail(&run.t, __FILE__, __LINE__, "no memory for a run");
		return;
	}
	first = body->id;
	run.driver = current;
	perturb_start(SCHED_EXPLORE, 0, 1);
	explore_begin(schedule, &record, first, tell);
	outer = wait_begin(WAIT_WORK, NULL, NULL, CALL_SITE);
	thread_start(body);
	while (!run.ended && !run.abandoned)
		thread_block();
	wait_end(outer);
	explore_end();
	perturb_stop();
	run.driver = NULL;
	clean_up(body, first);
	if (run.abandoned)
		ktest_fail(&run.t, __FILE__, __LINE__, "%s",
			   record.endless ? "the run does not end"
					  : "deadlock: no thread can run");
}

/* How did the last run end? */
static bool is_deadlock(void)
{
	return run.abandoned && !record.endless;
}

/* ---- all runs ---- */

static bool spend(struct budget *left, enum explore_kind kind)
{
	switch (kind) {
	case EXPLORE_PREEMPT:
		return left->preemptions > 0 && left->preemptions--;
	case EXPLORE_ORDER:
		return left->orders > 0 && left->orders--;
	case EXPLORE_MEMORY:
		if (left->preemptions < PREEMPTIONS || left->orders < ORDERS)
			return false;
		*left = (struct budget){0};
		return true;
	}
	return false;
}

static void note_failure(struct explore_result *result,
			 const struct explore_schedule *schedule)
{
	if (!result->failed || schedule->count < result->first.count)
		result->first = *schedule;
	if (result->failed < EXPLORE_FAILURES_KEPT)
		result->failures[result->failed] = *schedule;
	result->failed++;
	result->endless += run.abandoned && record.endless;
	result->deadlocked += is_deadlock();
}

/* Runs this schedule, and all that begin with it.  False: enough. */
static bool search(struct explore_schedule *schedule, struct budget left,
		   struct explore_result *result)
{
	unsigned int level = schedule->count, count, from = 0;

	run_schedule(schedule, false);
	result->schedules++;
	result->unfollowed += !record.followed;
	if (run.t.failures)
		note_failure(result, schedule);
	if (run.t.skipped || result->schedules >= run.max ||
	    monitor_interrupted())
		return false;
	if (level == EXPLORE_MAX_CHOICES)
		return true;
	count = MIN(record.count, EXPLORE_MAX_PLACES);
	memcpy(places[level], record.places, count * sizeof(places[0][0]));
	if (level > 0)
		from = schedule->choices[level - 1].place + 1;
	for (unsigned int place = from; place < count; place++) {
		const struct explore_place *p = &places[level][place];
		struct budget rest = left;

		if (!spend(&rest, p->kind))
			continue;
		for (unsigned int thread = p->first; thread < p->end;
		     thread++) {
			bool more;

			schedule->choices[level].place = place;
			schedule->choices[level].thread = thread;
			schedule->count = level + 1;
			more = search(schedule, rest, result);
			schedule->count = level;
			if (!more)
				return false;
		}
	}
	return true;
}

/* A search looks for deadlocks themselves, so that two orders which never meet
 * are no failure. */
void ktest_explore(void (*fn)(struct ktest *t), unsigned long max_runs,
		   struct explore_result *result)
{
	struct budget all = {PREEMPTIONS, ORDERS};
	struct explore_schedule schedule = {.count = 0};
	bool order = lockorder_set(false);

	assert(cpu_count == 1);
	*result = (struct explore_result){0};
	run.fn = fn;
	run.t = (struct ktest){.quiet = true};
	run.max = max_runs;
	search(&schedule, all, result);
	lockorder_set(order);
}

bool ktest_explore_one(void (*fn)(struct ktest *t), bool quiet,
		       const struct explore_schedule *schedule)
{
	bool order = lockorder_set(false);

	assert(cpu_count == 1);
	run.fn = fn;
	run.t = (struct ktest){.quiet = quiet};
	run_schedule(schedule, !quiet);
	if (!record.followed)
		ktest_fail(&run.t, __FILE__, __LINE__,
			   "the schedule does not fit the run: something else "
			   "than the schedule decides, as the time may");
	lockorder_set(order);
	return run.t.failures == 0;
}

/* ---- for the command line ---- */

static void print_counts(const struct ktest *t, const struct explore_result *r,
			 unsigned long max_runs)
{
	char text[EXPLORE_TEXT_SIZE];

	printk("# explored %s: %lu schedules%s with at most %u pre-emptions; "
	       "%lu failed, of them %lu deadlocked and %lu endless\n",
	       t->test->name, r->schedules,
	       r->schedules >= max_runs ? " (and stopped there)" : "",
	       PREEMPTIONS, r->failed, r->deadlocked, r->endless);
	if (r->unfollowed)
		printk("# %lu of these could not be followed to their ends: "
		       "something else decides, too, as the time may\n",
		       r->unfollowed);
	if (r->failed > EXPLORE_FAILURES_KEPT)
		printk("# the first that failed:\n");
	for (unsigned int i = 0; i < MIN(r->failed, EXPLORE_FAILURES_KEPT); i++)
		printk("#   sched=explore:%s\n",
		       explore_format(&r->failures[i], text, sizeof(text)));
}

/* The search is silent; then the shortest schedule that failed is run once
 * more, and says what happens. */
static void explore_all(struct ktest *t, unsigned long max_runs)
{
	struct explore_result r;

	ktest_explore(t->test->fn, max_runs, &r);
	t->runs += r.schedules;
	t->failures += r.failed;
	if (run.t.skipped) {
		ktest_skip(t, run.t.skip_reason);
		return;
	}
	if (r.failed) {
		t->strategy = SCHED_EXPLORE;
		t->seed = 1;
		explore_format(&r.first, t->schedule, sizeof(t->schedule));
		ktest_explore_one(t->test->fn, false, &r.first);
	}
	print_counts(t, &r, max_runs);
	/* For a grader the deadlock is the result, and all that was said. */
	if (r.failed && is_deadlock() && cmdline_get("token"))
		ktest_deadlocked();
}

static void explore_replay(struct ktest *t, const char *text)
{
	struct explore_schedule schedule;

	if (explore_parse(text, &schedule)) {
		ktest_fail(t, __FILE__, __LINE__, "%s is no schedule", text);
		return;
	}
	t->strategy = SCHED_EXPLORE;
	t->seed = 1;
	strlcpy(t->schedule, text, sizeof(t->schedule));
	t->failures += !ktest_explore_one(t->test->fn, false, &schedule);
	t->runs++;
	if (is_deadlock())
		ktest_deadlocked();
}

void ktest_explore_test(struct ktest *t, const char *text,
			unsigned long max_runs)
{
	if (cpu_count > 1)
		ktest_skip(t, "sched=explore needs one CPU, cpus=1");
	else if (text)
		explore_replay(t, text);
	else
		explore_all(t, max_runs);
}
