/*
 * k_dispatch.c - exercise 1.2: each interrupt goes to the handler of its line.
 */
#include "lab01.h"

/* ---- many lines, many CPUs, with timers in between ---- */

struct line_record {
	struct ktest *t;
	unsigned int line;
	unsigned int raised[MAX_CPUS];
	volatile unsigned int handled[MAX_CPUS]; /* by that CPU */
};

static void record_visit(unsigned int line, void *arg)
{
	struct line_record *r = arg;

	CHECK(r->t, line == r->line,
	      "the handler of line %u was called with line %u", r->line, line);
	EXPECT_INTERRUPTS_OFF(r->t, "in an interrupt handler");
	r->handled[this_cpu()->id]++;
}

/* Has each interrupt of the line on that CPU reached the handler? */
static bool settled(struct line_record *r, unsigned int cpu)
{
	bool done = WAIT_FOR(r->handled[cpu] == r->raised[cpu]);

	CHECK(r->t, done,
	      "line %u was raised %u times on CPU %u, and its handler was "
	      "called %u times there",
	      r->line, r->raised[cpu], cpu, r->handled[cpu]);
	return done;
}

/* One at a time is on its way for a line and a CPU: two would be merged. */
static void raise_at_random(struct ktest *t, struct line_record *records)
{
	uint64_t random = t->seed;

	for (unsigned int i = 0; i < 100; i++) {
		uint64_t n = random_next(&random);
		unsigned int cpu = (n >> 32) % cpu_count;
		struct line_record *r = &records[n % QUIET_LINES];

		if (!settled(r, cpu))
			return;
		r->raised[cpu]++;
		raise_line(cpu, r->line);
	}
}

static void check_counts(struct ktest *t, struct line_record *r,
			 uint64_t before)
{
	uint64_t raised = 0, counted;

	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		settled(r, cpu);
		raised += r->raised[cpu];
	}
	irq_detach(r->line);
	counted = irq_count(r->line) - before;
	CHECK(t, counted == raised,
	      "line %u was raised %lu times, and irq_count() went up by %lu",
	      r->line, raised, counted);
}

static void dispatch_many(struct ktest *t)
{
	static struct line_record records[QUIET_LINES];
	uint64_t before[QUIET_LINES];

	detach_all();
	for (unsigned int i = 0; i < QUIET_LINES; i++) {
		records[i] =
			(struct line_record){.t = t, .line = quiet_lines[i]};
		before[i] = irq_count(quiet_lines[i]);
		ASSERT_ATTACH(t, quiet_lines[i], record_visit, &records[i]);
	}
	raise_at_random(t, records);
	for (unsigned int i = 0; i < QUIET_LINES; i++) {
		if (!t->failures)
			check_counts(t, &records[i], before[i]);
	}
}

static void test_dispatch(struct ktest *t)
{
	dispatch_many(t);
}
KTEST(lab01, dispatch, .seeds = 10);

/* Here irq_dispatch() works for several lines at the same time. */
static void test_dispatch_on_all_cpus(struct ktest *t)
{
	dispatch_many(t);
}
KTEST(lab01, dispatch_on_all_cpus, .min_cpus = 2, .seeds = 10);

/* ---- nobody attached: counted, and no reason to fall over ---- */

static void test_spurious(struct ktest *t)
{
	const unsigned int line = 6;
	uint64_t count = irq_count(line), spurious = irq_spurious();

	detach_all();
	for (unsigned int i = 1; i <= 3 && !t->failures; i++) {
		raise_line(0, line);
		CHECK(t, WAIT_FOR(irq_count(line) == count + i),
		      "line %u without a handler was raised %u times, and "
		      "irq_count() went up by %lu",
		      line, i, irq_count(line) - count);
	}
	CHECK(t, WAIT_FOR(irq_spurious() == spurious + 3),
	      "3 interrupts had no handler, and irq_spurious() went up by %lu",
	      irq_spurious() - spurious);
	EXPECT_INTERRUPTS_ON(t, "after a spurious interrupt");
}
KTEST(lab01, spurious);

static uint64_t count_of_all_lines(void)
{
	uint64_t sum = 0;

	for (unsigned int line = 0; line < IRQ_LINES; line++)
		sum += irq_count(line);
	return sum;
}

#define EXPECT_SPURIOUS(t, vector) \
	do { \
		uint64_t lines_ = count_of_all_lines(); \
		uint64_t spurious_ = irq_spurious(); \
		TAKE_INTERRUPT(vector); \
		CHECK(t, irq_spurious() == spurious_ + 1, \
		      "vector 0x%x belongs to no line: irq_spurious() was " \
		      "%lu before it and is %lu after it", \
		      vector, spurious_, irq_spurious()); \
		CHECK(t, count_of_all_lines() == lines_, \
		      "vector 0x%x belongs to no line, and was counted for " \
		      "one", \
		      vector); \
	} while (0)

/* Those of the interrupt controllers themselves belong to no line; nor do the
 * vectors around those of the lines, and 0xb0, which is 0x30 in 7 bits. */
static void test_spurious_of_controllers(struct ktest *t)
{
	EXPECT_SPURIOUS(t, VECTOR_PIC);
	EXPECT_SPURIOUS(t, VECTOR_PIC + 7);
	EXPECT_SPURIOUS(t, VECTOR_PIC + 15);
	EXPECT_SPURIOUS(t, VECTOR_DEVICE + IRQ_LINES);
	EXPECT_SPURIOUS(t, VECTOR_DEVICE + IRQ_LINES + 7);
	EXPECT_SPURIOUS(t, VECTOR_DEVICE + 0x80);
	EXPECT_SPURIOUS(t, VECTOR_SPURIOUS - 1);
	EXPECT_SPURIOUS(t, VECTOR_SPURIOUS);
}
KTEST(lab01, spurious_of_controllers);

/* ---- a handler may attach and detach ---- */

struct handover {
	struct ktest *t;
	volatile unsigned int first, second;
};

static void second_handler(unsigned int line, void *arg)
{
	struct handover *h = arg;

	EXPECT_RESULT(h->t, irq_detach(line), 0,
		      "the line has a handler, this one, which is running");
	h->second++;
}

static void first_handler(unsigned int line, void *arg)
{
	struct handover *h = arg;

	EXPECT_RESULT(h->t, irq_detach(line), 0,
		      "the line has a handler, this one, which is running");
	EXPECT_RESULT(h->t, irq_attach(line, second_handler, h), 0,
		      "the line is free since irq_detach()");
	EXPECT_INTERRUPTS_OFF(h->t, "in an interrupt handler, after "
				    "irq_attach()");
	h->first++;
}

static void test_handler_hands_over(struct ktest *t)
{
	struct handover h = {.t = t};

	detach_all();
	ASSERT_ATTACH(t, 7, first_handler, &h);
	uint64_t count = irq_count(7);

	raise_line(0, 7);
	CHECK(t, WAIT_FOR(h.first == 1), "the first handler did not return");
	raise_line(0, 7);
	CHECK(t, WAIT_FOR(h.second == 1),
	      "the handler that the first one attached was not called");
	raise_line(0, 7);
	CHECK(t, WAIT_FOR(irq_count(7) == count + 3),
	      "line 7 was raised 3 times and counted %lu times: was the "
	      "interrupt of a handler that detached itself ended?",
	      irq_count(7) - count);
	CHECK(t, h.first == 1 && h.second == 1,
	      "a handler was called after it had detached itself");
}
KTEST(lab01, handler_hands_over);
