/*
 * ktest_plan.h - which tests to run, and how: shared by ktest*.c.
 */
#ifndef KTEST_PLAN_H
#define KTEST_PLAN_H

#include "ktest.h"

#define STRATEGIES (SCHED_JITTER + 1)
#define PLAN_NAME_SIZE 64

/* What to do with the tests that a selection names. */
struct ktest_plan {
	char selection[PLAN_NAME_SIZE]; /* "all", "sched", "sched/join" */
	bool has_seeds;                 /* else as the test's .seeds says */
	uint64_t seeds[STRATEGIES];     /* perturbed runs, by strategy */
	uint64_t explore; /* all schedules, too, but no more than these */
	uint64_t limit;   /* guest ns for each test; 0: none */
};

/*
 * Takes the first plan off *text, which may hold several with commas between;
 * -ENOENT at the end of the text, -EINVAL with a message for a bad one.
 */
int ktest_plan_take(const char **text, struct ktest_plan *plan);

bool ktest_plan_matches(const struct ktest_plan *plan,
			const struct ktest_case *test);

/*
 * Frames for a grader, printed when the command line has a token=:
 *
 *	#@TOKEN begin 01/nesting
 *
 * A line that a test prints without the token is no frame.  No newline in fmt.
 */
void ktest_frame(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Around all runs of a test: its frames, its limit in ns (0: none), its line of
 * KTAP. */
void ktest_begin(struct ktest *t, uint64_t limit);
void ktest_end(const struct ktest *t, unsigned int number);

/* Explores a test, with so many runs at most; or runs it under the one
 * schedule, if text is not NULL. */
void ktest_explore_test(struct ktest *t, const char *text,
			unsigned long max_runs);

/* Has the first process run the programs of /tests that the selection names, or
 * all of a folder.  -ENOENT, -EINVAL: it names none. */
int ktest_start_programs(const char *selection);

#endif
