/*
 * ktest.h - tests that run inside the kernel.
 *
 * A test is a function and one KTEST line:
 *
 *	static void test_wakeup(struct ktest *t)
 *	{
 *		EXPECT_EQ(t, thread_unblock(worker), true);
 *	}
 *	KTEST(sched, wakeup, .min_cpus = 2, .seeds = 10);
 *
 * It is selected as test=sched/handover, its suite as test=sched, all as
 * test=all. Results are KTAP on the console.  A test that fails an EXPECT goes
 * on; after a failed ASSERT it returns.  With .seeds = N it is run N times in
 * this boot, each run under each strategy of .sched, perturbed with seeds 1 ..
 * N (from the command line's seed= if given: then that seed alone).
 *
 * Pages, heap objects and threads are counted before and after each test; one
 * that does not give back what it took fails.
 */
#ifndef KTEST_H
#define KTEST_H

#include "explore.h"
#include "perturb.h"
#include "types.h"

struct ktest {
	const struct ktest_case *test;
	enum sched_strategy strategy;     /* of this run */
	uint64_t seed;                    /* of this run; 0: not perturbed */
	char schedule[EXPLORE_TEXT_SIZE]; /* of SCHED_EXPLORE */
	unsigned int failures;
	unsigned int runs; /* perturbed ones, so far */
	bool skipped;
	const char *skip_reason;
	bool quiet; /* failures are counted, and not printed */
};

struct ktest_case {
	const char *suite, *name;
	void (*fn)(struct ktest *t);
	unsigned int min_cpus; /* skipped with fewer; 0 means 1 */
	unsigned int seeds;    /* perturbed runs; 0: one plain run */
	bool manual;           /* not part of test=all or its suite */
};

#define KTEST(suite_name, test_name, ...) \
	__attribute__((section(".ktests"), used, no_reorder, \
		       aligned(8))) static const struct ktest_case \
		ktest_##suite_name##_##test_name = {.suite = #suite_name, \
						    .name = #test_name, \
						    .fn = test_##test_name, \
						    __VA_ARGS__}

void ktest_fail(struct ktest *t, const char *file, int line, const char *fmt,
		...) PRINTF_LIKE(4, 5);

/* For checks that are always on: prints the text, and fails the test that runs
 * now, if one does.  Any context but NMI. */
void ktest_complain(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A comment in the log: "# text". */
void ktest_note(struct ktest *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ktest_skip(struct ktest *t, const char *why);

/*
 * Is time counted in instructions, as under QEMU's -icount?  If not, the host
 * may take an emulated CPU away between any two of them, for as long as it
 * likes: no test may then depend on what comes first, a deadline or something
 * else, nor on what something costs; it waits for events, or skips itself.
 * Thread context.
 */
bool ktest_time_is_exact(void);

/* In ns: against what hangs for ever, where time is the host's.  No other limit
 * of tests is in seconds there.  What is waited for comes within a second. */
#define KTEST_LAST_RESORT (600 * NSEC_PER_SEC)

/* Has what is waited for since then not come within the limit, ns?  Without
 * exact time the limit is KTEST_LAST_RESORT.  Thread context. */
bool ktest_is_late(uint64_t since, uint64_t limit);

#define EXPECT(t, condition) \
	do { \
		if (!(condition)) \
			ktest_fail(t, __FILE__, __LINE__, "expected %s", \
				   #condition); \
	} while (0)

#define EXPECT_EQ(t, got, want) \
	do { \
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want); \
		if (got_ != want_) \
			ktest_fail(t, __FILE__, __LINE__, \
				   "%s: expected %lld, got %lld", #got, \
				   (long long)want_, (long long)got_); \
	} while (0)

#define ASSERT(t, condition) \
	do { \
		if (!(condition)) { \
			ktest_fail(t, __FILE__, __LINE__, "expected %s", \
				   #condition); \
			return; \
		} \
	} while (0)

/*
 * Hand-shakes, instead of sleeping and hoping.  A gate starts closed;
 * gate_open() lets one waiter through that waits now or comes later.
 * gate_wait() gives up after 10 s (see ktest_is_late()): the test fails, and
 * it returns false.
 */
struct gate {
	struct thread *waiter;
	bool open;
};

bool gate_wait(struct ktest *t, struct gate *gate);
void gate_open(struct gate *gate);

/* The name of the suite as people see it: "01" for lab01. */
const char *ktest_suite(const struct ktest_case *test);

/* For panic: tells the grader which test it ends. */
void ktest_panicked(void);

/* For the NMI report: leaves the emulator when the test has run into its
 * limit; deadlock says that CPUs wait for one another. */
void ktest_check_limit(bool deadlock);

/* For the idle loop: no thread can run.  A test of the command line ends here,
 * and the machine with it. */
void ktest_deadlocked(void);

/* ---- sched=explore: ktest_explore.c ---- */

#define EXPLORE_FAILURES_KEPT 8

/* What came of all schedules of a test. */
struct explore_result {
	unsigned long schedules, failed;
	unsigned long deadlocked, endless; /* of those that failed */
	unsigned long unfollowed; /* something else than the schedule decided */
	struct explore_schedule first; /* that failed: a shortest one */
	struct explore_schedule failures[EXPLORE_FAILURES_KEPT];
};

/* Runs fn under all schedules, or the first max_runs of them; under one, and
 * says whether it passed.  There is one CPU.  The caller is no part of the
 * runs. */
void ktest_explore(void (*fn)(struct ktest *t), unsigned long max_runs,
		   struct explore_result *result);
bool ktest_explore_one(void (*fn)(struct ktest *t), bool quiet,
		       const struct explore_schedule *schedule);

/* Is a run of these going on?  If so, gives it up, and makes the thread that
 * drives the search ready: for the idle loop, when no thread can run. */
bool ktest_exploring(void);
bool ktest_explore_abandon(void);

/* Runs what the command line's test= selects, and leaves the emulator with
 * EXIT_TESTS_PASSED or EXIT_TESTS_FAILED.  Returns when it was the name of a
 * program, or a folder of them, in /tests: these then run. */
void ktest_run_and_exit(const char *selection);

/* For the monitor: runs the selection and returns how many failed, or -ENOENT
 * when it matches no test. */
int ktest_run(const char *selection);
void ktest_list(void);

#endif
