/*
 * ktest_plan.c - reads what test= on the command line asks for.
 *
 *	test=sched				a suite, as its tests say
 *	test=sched/join,mm/pages		two tests
 *	test=01/nesting:random=200:pct=100:limit=2000000000
 *	test=03/condition:explore=5000
 *
 * In the third form each strategy of the perturbed scheduler gets that many
 * seeds, all in this boot; and the test has a limit, in nanoseconds of guest
 * time, which the watchdog enforces.  In the fourth all its schedules are
 * explored, but no more than 5,000, if there is one CPU.
 */
#include "ktest_plan.h"
#include "cmdline.h"
#include "errno.h"
#include "printk.h"
#include "string.h"

/* Copies up to one of the delimiters and returns where that stands. */
static const char *take_word(const char *text, const char *delimiters,
			     char *buf, size_t size)
{
	size_t len = 0;

	while (*text && !strchr(delimiters, *text)) {
		if (len + 1 < size)
			buf[len++] = *text;
		text++;
	}
	buf[len] = '\0';
	return text;
}

/* "random=200" and the like. */
static int set_option(struct ktest_plan *plan, const char *option)
{
	char name[16];
	uint64_t value;
	const char *equals = take_word(option, "=", name, sizeof(name));

	if (*equals != '=' || parse_u64(equals + 1, &value))
		return -EINVAL;
	if (strcmp(name, "limit") == 0) {
		plan->limit = value;
		return 0;
	}
	if (strcmp(name, "explore") == 0) {
		plan->explore = value;
		return 0;
	}
	for (unsigned int i = SCHED_RANDOM; i < STRATEGIES; i++)
		if (strcmp(name, perturb_name(i)) == 0) {
			plan->seeds[i] = value;
			plan->has_seeds = true;
			return 0;
		}
	return -EINVAL;
}

int ktest_plan_take(const char **text, struct ktest_plan *plan)
{
	const char *at = *text;
	char option[48];

	if (*at == '\0')
		return -ENOENT;
	*plan = (struct ktest_plan){.limit = 0};
	at = take_word(at, ":,", plan->selection, sizeof(plan->selection));
	while (*at == ':') {
		at = take_word(at + 1, ":,", option, sizeof(option));
		if (set_option(plan, option)) {
			printk("test=: \"%s\" is not one of random=N, pct=N, "
			       "jitter=N, explore=N, limit=N\n",
			       option);
			return -EINVAL;
		}
	}
	*text = *at == ',' ? at + 1 : at;
	return 0;
}

/* "all", a suite's name, or suite/name; "manual" tests by their name only. */
bool ktest_plan_matches(const struct ktest_plan *plan,
			const struct ktest_case *test)
{
	const char *selection = plan->selection;
	const char *suite = ktest_suite(test);
	size_t len = strlen(suite);

	if (strcmp(selection, "all") == 0)
		return !test->manual;
	if (strncmp(selection, suite, len) != 0)
		return false;
	if (selection[len] == '\0')
		return !test->manual;
	return selection[len] == '/' &&
	       strcmp(selection + len + 1, test->name) == 0;
}

/* One printk, so that no other line comes between; the newline before it, in
 * case a test has left a line open. */
void ktest_frame(const char *fmt, ...)
{
	const char *token = cmdline_get("token");
	char text[256];
	va_list args;

	if (!token)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("\n#@%s %s\n", token, text);
}
