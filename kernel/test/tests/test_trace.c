/*
 * test_trace.c - trace points, symbols and backtraces.
 */
#include "backtrace.h"
#include "cpu.h"
#include "ktest.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "trace.h"

/* ---- trace points ---- */

#define MARK 0x7ace

/* What trace_for_each() came across. */
struct seen {
	unsigned int marks;
	uint64_t first, last; /* b of the first and last mark */
	uint64_t time;
	bool in_order;
	unsigned int cpus; /* mask of those with marks */
};

static void look(unsigned int cpu, const struct trace_event *e, void *arg)
{
	struct seen *seen = arg;

	if (e->time < seen->time)
		seen->in_order = false;
	seen->time = e->time;
	if (e->kind != TRACE_MARK || e->a != MARK)
		return;
	if (seen->marks++ == 0)
		seen->first = e->b;
	seen->last = e->b;
	seen->cpus |= 1u << cpu;
}

static struct seen look_at_all(void)
{
	struct seen seen = {.in_order = true};

	trace_for_each(look, &seen);
	return seen;
}

static void mark(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		trace(TRACE_MARK, MARK, i);
}

static void test_off_records_nothing(struct ktest *t)
{
	bool before = trace_enabled;

	trace_enabled = false;
	trace_clear();
	mark(10);
	EXPECT_EQ(t, look_at_all().marks, 0);
	trace_enabled = before;
}
KTEST(trace, off_records_nothing);

static void test_records_in_order(struct ktest *t)
{
	bool before = trace_enabled;
	struct seen seen;

	trace_clear();
	trace_enabled = true;
	mark(10);
	trace_enabled = false;
	seen = look_at_all();
	EXPECT_EQ(t, seen.marks, 10);
	EXPECT_EQ(t, seen.first, 0);
	EXPECT_EQ(t, seen.last, 9);
	EXPECT(t, seen.in_order);
	trace_clear();
	EXPECT_EQ(t, look_at_all().marks, 0);
	trace_enabled = before;
}
KTEST(trace, records_in_order);

/* A full ring keeps the newest events. */
static void test_overwrites_oldest(struct ktest *t)
{
	const uint64_t count = TRACE_RING_SIZE + 100;
	bool before = trace_enabled;
	struct seen seen;

	trace_clear();
	intr_push(); /* stay on one CPU, and keep its ring to us */
	trace_enabled = true;
	mark(count);
	trace_enabled = false;
	intr_pop();
	seen = look_at_all();
	EXPECT_EQ(t, seen.marks, TRACE_RING_SIZE);
	EXPECT_EQ(t, seen.first, count - TRACE_RING_SIZE);
	EXPECT_EQ(t, seen.last, count - 1);
	trace_clear();
	trace_enabled = before;
}
KTEST(trace, overwrites_oldest);

static void mark_thread(void *arg)
{
	mark(50);
}

/* The rings of all CPUs come out as one sequence in time. */
static void test_merges_cpus(struct ktest *t)
{
	struct thread *threads[MAX_CPUS];
	bool before = trace_enabled;
	struct seen seen;

	trace_clear();
	trace_enabled = true;
	for (unsigned int i = 0; i < cpu_count; i++)
		ASSERT(t, thread_spawn_on(i, &threads[i], "marks", mark_thread,
					  NULL) == 0);
	for (unsigned int i = 0; i < cpu_count; i++)
		thread_join(threads[i]);
	trace_enabled = false;
	seen = look_at_all();
	EXPECT_EQ(t, seen.marks, 50 * cpu_count);
	EXPECT_EQ(t, seen.cpus, (1u << cpu_count) - 1);
	EXPECT(t, seen.in_order);
	trace_clear();
	trace_enabled = before;
}
KTEST(trace, merges_cpus, .min_cpus = 2);

/* ---- symbols ---- */

static unsigned int some_object = 1;

static void test_finds_function(struct ktest *t)
{
	struct symbol s = symbol_find((uintptr_t)test_finds_function);

	EXPECT(t, strcmp(s.function, "test_finds_function") == 0);
	EXPECT_EQ(t, s.offset, 0);
	EXPECT(t, s.file && strstr(s.file, "kernel/test/tests/test_trace.c"));
	/* The line after "static void" above, or the brace below it. */
	EXPECT(t, s.line > 100 && s.line < __LINE__);
}
KTEST(symbols, finds_function);

static void test_finds_line(struct ktest *t)
{
	struct symbol s;
	uintptr_t here;

	asm volatile("lea (%%rip), %0" : "=r"(here));
	unsigned int line = __LINE__ - 1;

	s = symbol_find(here - 1);
	EXPECT(t, strcmp(s.function, "test_finds_line") == 0);
	EXPECT_EQ(t, s.line, line);
}
KTEST(symbols, finds_line);

static void test_looks_up_names(struct ktest *t)
{
	EXPECT_EQ(t, symbol_lookup("panic_report_no_such_name"), 0);
	EXPECT_EQ(t, symbol_lookup("thread_block"), (uintptr_t)thread_block);
	EXPECT_EQ(t, symbol_lookup("cpus"), (uintptr_t)cpus);
	EXPECT_EQ(t, symbol_lookup("some_object"), (uintptr_t)&some_object);
	/* A label of an assembly file. */
	EXPECT(t, symbol_is_text(symbol_lookup("context_switch")));
}
KTEST(symbols, looks_up_names);

static void test_unknown_is_question_mark(struct ktest *t)
{
	static const uintptr_t nowhere[] = {
		0,
		0x1000,
		DIRECT_MAP,
		KERNEL_BASE,
		KERNEL_BASE + 0x7fff0000,
		UINTPTR_MAX,
	};
	char text[SYMBOL_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		struct symbol s = symbol_find(nowhere[i]);

		EXPECT(t, strcmp(s.function, "?") == 0);
		EXPECT(t, s.file == NULL);
		EXPECT(t, !symbol_is_text(nowhere[i]));
	}
	EXPECT(t, strcmp(symbol_format(0x1000, text, sizeof(text)),
			 "? (0x1000)") == 0);
}
KTEST(symbols, unknown_is_question_mark);

/* A call is named by its own line, not by that of its return address. */
static __attribute__((noinline)) uintptr_t return_address(void)
{
	return CALL_SITE;
}

static void test_names_the_line_of_a_call(struct ktest *t)
{
	char text[SYMBOL_TEXT_SIZE], expected[64];
	uintptr_t site = return_address();
	unsigned int line = __LINE__ - 1;

	symbol_format_call(site, text, sizeof(text));
	snprintf(expected, sizeof(expected), "/test_trace.c:%u)", line);
	EXPECT(t, strstr(text, "test_names_the_line_of_a_call+0x"));
	EXPECT(t, strstr(text, expected));
}
KTEST(symbols, names_the_line_of_a_call);
