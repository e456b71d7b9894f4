/*
 * lockorder_report.c - two locks taken in both orders, in words.
 *
 * sched/lockorder.c has found the circle; the test that runs now fails.
 */
#include "ktest.h"
#include "waitfor.h"

static void report_arrow(const struct lock_arrow *a, const char *begin)
{
	ktest_complain("%s\"%s\" is taken at %pS, with \"%s\" held, taken at "
		       "%pS",
		       begin, a->to_name, (void *)a->to_at, a->from_name,
		       (void *)a->from_at);
}

static void report(const struct lock_arrow *new, struct lock_arrow *const *path,
		   unsigned int length)
{
	report_arrow(new, "lock order: ");
	for (unsigned int i = 0; i < length; i++)
		report_arrow(path[i], i == 0 ? "lock order: but before, "
					     : "lock order: and ");
	ktest_complain("lock order: threads that do these at the same time "
		       "wait for one another for ever");
}

TABLE_ROW(lockorder_reports, struct lockorder_report) {report};
