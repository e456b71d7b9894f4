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

static void test_report_text(struct ktest *t)
{
	static char got[TEXT_SIZE], want[TEXT_SIZE];
	uint64_t random = t->seed;

	for (unsigned int i = 0; i < 60 && !t->failures; i++)
		interrupt_once(t,
			       quiet_lines[random_next(&random) % QUIET_LINES]);
	size_t length = expected_report(want);

	CHECK(t, irq_report(got, sizeof(got)) == length,
	      "irq_report() returns %zu for a text of %zu bytes",
	      irq_report(got, sizeof(got)), length);
	expect_same_lines(t, got, want);
	EXPECT_INTERRUPTS_ON(t, "after irq_report()");
}
KTEST(lab01, report_text);

/* Cut at every size: as much as fits, terminated, and not a byte further. */
static void test_report_cut(struct ktest *t)
{
	static char got[TEXT_SIZE], want[TEXT_SIZE];

	interrupt_once(t, 3);
	interrupt_once(t, 21);
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
