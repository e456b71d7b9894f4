/*
 * k_report.c - exercise 1.4: the report is right, and interrupts are off for
 * no longer than it takes to copy the counts.
 */
#include "lab01.h"
#include "string.h"

#define TEXT_SIZE 1024
#define LINE_SIZE 48
#define GUARD 0x5a

/* What the report must say, from the counts one by one. */
static size_t expected_report(char *buf)
{
	size_t length = 0;

	buf[0] = '\0';
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (irq_count(line))
			length += snprintf(buf + length, TEXT_SIZE - length,
					   "%u %lu\n", line, irq_count(line));
	return length;
}

/* Raises a line and waits until it is counted, with or without a handler. */
static void interrupt_once(struct ktest *t, unsigned int line)
{
	uint64_t before = irq_count(line);

	raise_line(0, line);
	CHECK(t, WAIT_FOR(irq_count(line) == before + 1),
	      "an interrupt of line %u was not counted", line);
}

/* Copies the first line of a text, and returns where the next one begins. */
static const char *take_line(const char *text, char *line)
{
	size_t length = 0;

	while (text[length] && text[length] != '\n')
		length++;
	strlcpy(line, text, MIN(length + 1, LINE_SIZE));
	return text + length + (text[length] == '\n');
}

static void expect_same_lines(struct ktest *t, const char *got,
			      const char *want)
{
	char got_line[LINE_SIZE], want_line[LINE_SIZE];

	while ((*got || *want) && !t->failures) {
		got = take_line(got, got_line);
		want = take_line(want, want_line);
		CHECK(t, strcmp(got_line, want_line) == 0,
		      "in the report: expected \"%s\", got \"%s\"", want_line,
		      got_line);
	}
}

#define MANY 66000 /* more than 16 bits hold */

/* Not as interrupts, which the kernel would take for a storm. */
static void dispatch_often(struct ktest *t, unsigned int line)
{
	struct trap_frame frame = {.vector = VECTOR_DEVICE + line};
	uint64_t before = irq_count(line);

	cli();
	for (unsigned int i = 0; i < MANY; i++)
		lab_irq_dispatch(&frame);
	sti();
	CHECK(t, irq_count(line) == before + MANY,
	      "line %u has interrupted %u times, and irq_count() went up by "
	      "%lu",
	      line, MANY, irq_count(line) - before);
}

static void test_report_text(struct ktest *t)
{
	static char got[TEXT_SIZE], want[TEXT_SIZE];
	uint64_t random = t->seed;

	interrupt_once(t, 0);
	interrupt_once(t, IRQ_LINES - 1);
	for (unsigned int i = 0; i < 60 && !t->failures; i++)
		interrupt_once(t,
			       quiet_lines[random_next(&random) % QUIET_LINES]);
	if (!t->failures)
		dispatch_often(t, quiet_lines[0]);
	size_t length = expected_report(want);

	CHECK(t, irq_report(got, sizeof(got)) == length,
	      "irq_report() returns %zu for a text of %zu bytes",
	      irq_report(got, sizeof(got)), length);
	expect_same_lines(t, got, want);
	EXPECT_INTERRUPTS_ON(t, "after irq_report()");
	cli();
	irq_report(got, sizeof(got));
	EXPECT_INTERRUPTS_OFF(t, "after irq_report(): they were off before it");
	sti();
}
KTEST(lab01, report_text);

/* Before the first interrupt: in a boot of its own, for no test can take back
 * what has been counted. */
static void test_report_empty(struct ktest *t)
{
	char text[8];

	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (irq_count(line)) {
			FAIL(t,
			     "line %u has fired %lu times since the machine "
			     "was started: this test must be the first",
			     line, irq_count(line));
			return;
		}
	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, GUARD, sizeof(text));
		size_t length = irq_report(size ? text : NULL, size);

		CHECK(t, length == 0,
		      "no line has fired, and irq_report() returns %zu",
		      length);
		CHECK(t, size == 0 || text[0] == '\0',
		      "no line has fired, so the text is empty; in a buffer of "
		      "%zu bytes irq_report() has not terminated it",
		      size);
		CHECK(t, text[size ? 1 : 0] == GUARD,
		      "no line has fired, and irq_report() has written more "
		      "than the end of an empty text");
	}
	interrupt_once(t, 3);
	irq_report(text, sizeof(text));
	CHECK(t, strcmp(text, "3 1\n") == 0,
	      "line 3 has fired once, the first of all: expected \"3 1\", got "
	      "\"%s\"",
	      text);
}
KTEST(lab01, report_empty, .manual = true);

/* Cut at every size: as much as fits, terminated, and not a byte further. */
static void test_report_cut(struct ktest *t)
{
	static char got[TEXT_SIZE], want[TEXT_SIZE];

	interrupt_once(t, 3);
	interrupt_once(t, IRQ_LINES - 1);
	size_t length = expected_report(want);

	for (size_t size = 0; size <= length + 2 && !t->failures; size++) {
		size_t kept = size ? MIN(size - 1, length) : 0;

		memset(got, GUARD, sizeof(got));
		EXPECT_EQ(t, irq_report(size ? got : NULL, size), length);
		CHECK(t, memcmp(got, want, kept) == 0,
		      "irq_report() with room for %zu bytes: the first %zu "
		      "differ from those of the whole text",
		      size, kept);
		CHECK(t, size == 0 || got[kept] == '\0',
		      "irq_report() with room for %zu bytes: the text is not "
		      "terminated",
		      size);
		CHECK(t, got[size ? kept + 1 : 0] == GUARD,
		      "irq_report() wrote beyond the %zu bytes it was given",
		      size);
	}
}
KTEST(lab01, report_cut);

/* ---- the counts are of one moment ---- */

#define FIRST 20 /* the first of each pair ... */
#define SECOND 3 /* ... and the second, raised by the handler of the first */
#define PAIRS 30

struct pairs {
	struct ktest *t;
	struct timer timer;
	volatile unsigned int left;
	uint64_t random;
	uint64_t first, second; /* counts at the beginning */
};

static void raise_pair(struct timer *timer)
{
	raise_line(this_cpu()->id, FIRST);
}

static void raise_second(unsigned int line, void *arg)
{
	raise_line(this_cpu()->id, SECOND);
}

static void raise_next_pair(unsigned int line, void *arg)
{
	struct pairs *p = arg;

	if (--p->left)
		timer_start(&p->timer,
			    time_ns() + 500 + random_next(&p->random) % 4000,
			    raise_pair);
}

static void start_pairs(void *arg)
{
	struct pairs *p = arg;

	timer_start(&p->timer, time_ns() + 500, raise_pair);
}

/* The number behind "LINE " in a report. */
static uint64_t reported(const char *text, unsigned int line)
{
	while (*text) {
		uint64_t number = 0, count = 0;

		for (; *text && *text != ' '; text++)
			number = number * 10 + *text - '0';
		for (; *text && *text != '\n'; text++)
			if (*text != ' ')
				count = count * 10 + *text - '0';
		if (number == line)
			return count;
		if (*text)
			text++;
	}
	return 0;
}

static void read_reports(struct pairs *p)
{
	static char text[TEXT_SIZE];
	uint64_t deadline = time_ns() + 5 * patience();

	while (p->left && !p->t->failures && time_ns() < deadline) {
		irq_report(text, sizeof(text));
		cpu_relax(); /* let the other CPU go on */
		int64_t ahead = reported(text, FIRST) - p->first -
				reported(text, SECOND) + p->second;

		CHECK(p->t, ahead == 0 || ahead == 1,
		      "lines %u and %u fire in turn, so the first is 0 or 1 "
		      "ahead of the second; a report shows it %ld ahead: its "
		      "counts are not of one moment",
		      FIRST, SECOND, ahead);
	}
	timer_cancel(&p->timer);
	CHECK(p->t, p->t->failures || !p->left,
	      "lines %u and %u fire in turn, and have stopped", FIRST, SECOND);
}

/* The lines fire on the last CPU, the reports are read wherever this runs. */
static void test_report_of_one_moment(struct ktest *t)
{
	struct pairs p = {.t = t, .left = PAIRS, .random = t->seed};
	struct thread *starter;

	detach_all();
	p.first = irq_count(FIRST);
	p.second = irq_count(SECOND);
	ASSERT_ATTACH(t, FIRST, raise_second, &p);
	ASSERT_ATTACH(t, SECOND, raise_next_pair, &p);
	ASSERT(t, thread_spawn_on(cpu_count - 1, &starter, "starter",
				  start_pairs, &p) == 0);
	thread_join(starter);
	read_reports(&p);
	detach_all();
}
KTEST(lab01, report_of_one_moment, .seeds = 20);

/* ---- several reports at once ---- */

struct reports {
	struct ktest *t;
	struct timer timer;
	char outer[TEXT_SIZE], inner[TEXT_SIZE];
	char before[TEXT_SIZE], after[TEXT_SIZE]; /* as it has to be */
	volatile bool fired, done;
};

static void raise_both(struct timer *timer)
{
	struct reports *r = container_of(timer, struct reports, timer);

	raise_line(this_cpu()->id, FIRST);
	raise_line(this_cpu()->id, SECOND);
	r->fired = true;
}

/* Of SECOND, so that both have been counted.  A handler may call any function
 * of irq.h. */
static void report_in_handler(unsigned int line, void *arg)
{
	struct reports *r = arg;

	irq_report(r->inner, sizeof(r->inner));
	expected_report(r->after);
	r->done = true;
}

/* A report is interrupted after `delay` instructions, by another one. */
static void report_twice(struct reports *r, uint64_t delay)
{
	r->fired = r->done = false;
	expected_report(r->before);
	timer_start(&r->timer, time_ns() + delay, raise_both);
	irq_report(r->outer, sizeof(r->outer));
	CHECK(r->t, WAIT_FOR(r->done), "lines %u and %u have not interrupted",
	      FIRST, SECOND);
	expect_same_lines(r->t, r->inner, r->after);
	if (strcmp(r->outer, r->after) != 0)
		expect_same_lines(r->t, r->outer, r->before);
	if (r->t->failures)
		ktest_note(r->t,
			   "an irq_report() was interrupted by a handler that "
			   "called irq_report() too: each has its own counts "
			   "and text");
}

static void report_many_times(void *arg)
{
	static struct reports r;
	uint64_t start = time_ns(), length;

	r = (struct reports){.t = arg};
	ASSERT_ATTACH(r.t, SECOND, report_in_handler, &r);
	irq_report(r.outer, sizeof(r.outer));
	length = time_ns() - start;
	for (uint64_t at = 0; at < length && !r.t->failures; at += 97)
		report_twice(&r, at);
	timer_cancel(&r.timer);
}

static void test_reports_at_once(struct ktest *t)
{
	detach_all();
	for (unsigned int i = 0; i < QUIET_LINES; i++)
		interrupt_once(t, quiet_lines[i]);
	if (!t->failures)
		run_on_cpus(t, 1, report_many_times, t);
	detach_all();
}
KTEST(lab01, reports_at_once);
