/*
 * trace_report.c - trace points: the recent past, merged and in words.
 *
 * What the CPUs have recorded lies in a ring each (sched/trace.c).  Readers
 * turn recording off and then merge the rings by time.  An event that another
 * CPU is writing in that moment may be read half: it is its newest one, and
 * nothing follows from it.
 */
#include "trace.h"

#include "backtrace.h"
#include "cpu.h"
#include "eventq.h"
#include "panic.h"
#include "printk.h"
#include "sched_policy.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "trap.h"

/* Where a reader is in each ring. */
struct trace_cursor {
	uint64_t next[MAX_CPUS], end[MAX_CPUS];
};

static const char *const kind_names[TRACE_KINDS] = {
	[TRACE_SWITCH] = "switch",
	[TRACE_WAKE] = "wake",
	[TRACE_BLOCK] = "block",
	[TRACE_LOCK] = "lock",
	[TRACE_UNLOCK] = "unlock",
	[TRACE_INTERRUPT] = "interrupt",
	[TRACE_INTERRUPT_END] = "interrupt end",
	[TRACE_TIMER] = "timer",
	[TRACE_STEAL] = "steal",
	[TRACE_SHOOTDOWN] = "shootdown",
	[TRACE_SCHED_POINT] = "sched point",
	[TRACE_EVENT_PUSH] = "event",
	[TRACE_EVENT_DROP] = "event lost",
	[TRACE_EVENT_POP] = "event taken",
	[TRACE_SCANCODE] = "scan code",
	[TRACE_MARK] = "mark",
};

static const char *const point_names[] = {
	[POINT_LOCK] = "lock",
	[POINT_UNLOCK] = "unlock",
	[POINT_SLEEP] = "sleep",
	[POINT_WAKE] = "wake",
	[POINT_SYSCALL] = "syscall",
	[POINT_ACCESS] = "access",
	[POINT_MEMORY] = "memory",
	[POINT_CORE_LOCK] = "core lock",
	[POINT_CORE_UNLOCK] = "core unlock",
};

/* ---- reading ---- */

/* Turns recording off; says whether it was on, for recording_restore(). */
static bool recording_stop(void)
{
	return __atomic_exchange_n(&trace_enabled, false, __ATOMIC_SEQ_CST);
}

static void recording_restore(bool enabled)
{
	__atomic_store_n(&trace_enabled, enabled, __ATOMIC_SEQ_CST);
}

static void cursor_init(struct trace_cursor *cursor)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		const struct trace_ring *ring = cpus[i].trace;
		uint64_t end = ring ? ring->written : 0;

		cursor->end[i] = end;
		cursor->next[i] = end - MIN(end, (uint64_t)TRACE_RING_SIZE);
	}
}

static uint64_t cursor_left(const struct trace_cursor *cursor)
{
	uint64_t left = 0;

	for (unsigned int i = 0; i < MAX_CPUS; i++)
		left += cursor->end[i] - cursor->next[i];
	return left;
}

/* The oldest event that is left, and its CPU; NULL at the end. */
static const struct trace_event *cursor_take(struct trace_cursor *cursor,
					     unsigned int *cpu)
{
	const struct trace_event *oldest = NULL;

	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		if (cursor->next[i] == cursor->end[i])
			continue;
		const struct trace_event *e =
			&cpus[i].trace
				 ->events[cursor->next[i] % TRACE_RING_SIZE];

		if (!oldest || e->time < oldest->time) {
			oldest = e;
			*cpu = i;
		}
	}
	if (oldest)
		cursor->next[*cpu]++;
	return oldest;
}

/* The last `count` events. */
static void for_last(uint64_t count,
		     void (*fn)(unsigned int cpu, const struct trace_event *e,
				void *arg),
		     void *arg)
{
	const struct trace_event *e;
	struct trace_cursor cursor;
	unsigned int cpu;
	bool enabled = recording_stop();

	cursor_init(&cursor);
	uint64_t left = cursor_left(&cursor);

	for (; (e = cursor_take(&cursor, &cpu)); left--)
		if (left <= count)
			fn(cpu, e, arg);
	recording_restore(enabled);
}

void trace_for_each(void (*fn)(unsigned int cpu, const struct trace_event *e,
			       void *arg),
		    void *arg)
{
	for_last(UINT64_MAX, fn, arg);
}

void trace_clear(void)
{
	bool enabled = recording_stop();

	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (cpus[i].trace)
			cpus[i].trace->written = 0;
	recording_restore(enabled);
}

/* ---- printing ---- */

/* The name of a static object or a function; else the address. */
static char *format_object(uint64_t addr, char *buf, size_t size)
{
	struct symbol s = symbol_find(addr);

	if (s.function[0] == '?')
		snprintf(buf, size, "0x%lx", addr);
	else if (s.offset == 0)
		strlcpy(buf, s.function, size);
	else
		snprintf(buf, size, "%s+0x%lx", s.function, s.offset);
	return buf;
}

static void format_operands(const struct trace_event *e, char *buf, size_t size)
{
	char object[SYMBOL_TEXT_SIZE], where[SYMBOL_TEXT_SIZE];

	switch (e->kind) {
	case TRACE_SWITCH:
		snprintf(buf, size, "from thread %lu to thread %lu", e->a,
			 e->b);
		break;
	case TRACE_WAKE:
		snprintf(buf, size, "thread %lu, to run on CPU %lu", e->a,
			 e->b);
		break;
	case TRACE_BLOCK:
		snprintf(buf, size, "thread %lu, at %s", e->a,
			 symbol_format_call(e->b, where, sizeof(where)));
		break;
	case TRACE_STEAL:
		snprintf(buf, size, "thread %lu from CPU %lu", e->a, e->b);
		break;
	case TRACE_LOCK:
	case TRACE_UNLOCK:
		snprintf(buf, size, "%s, at %s",
			 format_object(e->a, object, sizeof(object)),
			 symbol_format_call(e->b, where, sizeof(where)));
		break;
	case TRACE_INTERRUPT:
		snprintf(buf, size, "vector %lu, %s, at %s", e->a,
			 trap_name(e->a),
			 symbol_format(e->b, where, sizeof(where)));
		break;
	case TRACE_INTERRUPT_END:
		snprintf(buf, size, "vector %lu, %s", e->a, trap_name(e->a));
		break;
	case TRACE_TIMER:
		snprintf(buf, size, "%s, calls %s",
			 format_object(e->a, object, sizeof(object)),
			 format_object(e->b, where, sizeof(where)));
		break;
	case TRACE_SHOOTDOWN:
		snprintf(buf, size, "0x%lx, %lu pages", e->a, e->b);
		break;
	case TRACE_SCHED_POINT:
		snprintf(buf, size, "%s %s",
			 e->a < ARRAY_SIZE(point_names) ? point_names[e->a]
							: "?",
			 format_object(e->b, object, sizeof(object)));
		break;
	case TRACE_EVENT_PUSH:
	case TRACE_EVENT_DROP:
	case TRACE_EVENT_POP:
		snprintf(buf, size, "%s %d", event_type_name(e->a), (int)e->b);
		break;
	case TRACE_SCANCODE:
		snprintf(buf, size, "0x%02lx", e->a);
		break;
	default:
		snprintf(buf, size, "0x%lx 0x%lx", e->a, e->b);
	}
}

static void print_event(unsigned int cpu, const struct trace_event *e,
			void *arg)
{
	char operands[2 * SYMBOL_TEXT_SIZE];
	unsigned long ms = e->time / NSEC_PER_MSEC;
	unsigned long ns = e->time % NSEC_PER_MSEC;

	format_operands(e, operands, sizeof(operands));
	/* One call, so that it stays one line when other CPUs print too. */
	printk("%5lu.%06lu ms  CPU %u  thread %-3u %-13s %s\n", ms, ns, cpu,
	       e->thread, e->kind < TRACE_KINDS ? kind_names[e->kind] : "?",
	       operands);
}

void trace_print(unsigned int count)
{
	for_last(count, print_event, NULL);
}

#define EVENTS_IN_PANIC 16

static void report(void)
{
	if (!trace_enabled)
		return;
	printk("The last trace events:\n");
	trace_print(EVENTS_IN_PANIC);
}

PANIC_REPORT(PANIC_HISTORY, report);
