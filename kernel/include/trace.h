/*
 * trace.h - trace points: what happened lately, on each CPU.
 *
 * Each CPU has a ring of the last TRACE_RING_SIZE events; the oldest are
 * overwritten.  Off, a trace point costs one test of a byte.  Command line:
 * trace=1 turns it on from the start; the monitor's `trace` shows it.
 *
 * Threads are recorded by id, since by the time that somebody looks a thread
 * may be gone.
 */
#ifndef TRACE_H
#define TRACE_H

#include "types.h"

enum trace_kind {
	TRACE_SWITCH,        /* a: thread left, b: thread entered */
	TRACE_WAKE,          /* a: thread made ready, b: its CPU */
	TRACE_BLOCK,         /* a: thread, b: call site */
	TRACE_LOCK,          /* a: the lock, b: call site */
	TRACE_UNLOCK,        /* a: the lock, b: call site */
	TRACE_INTERRUPT,     /* a: vector, b: interrupted address */
	TRACE_INTERRUPT_END, /* a: vector */
	TRACE_TIMER,         /* a: the timer, b: its function */
	TRACE_STEAL,         /* a: thread, b: CPU it came from */
	TRACE_SHOOTDOWN,     /* a: address, b: pages */
	TRACE_SCHED_POINT,   /* a: kind, b: object */
	TRACE_EVENT_PUSH,    /* a: enum event_type, b: data[0] */
	TRACE_EVENT_DROP,    /* the same: the queue was full */
	TRACE_EVENT_POP,     /* the same */
	TRACE_SCANCODE,      /* a: the byte */
	TRACE_MARK,          /* a, b: a test's own */
	TRACE_KINDS
};

#define TRACE_RING_SIZE 1024

struct trace_event {
	uint64_t time; /* time_ns() */
	uint32_t kind;
	uint32_t thread; /* id of the current thread */
	uint64_t a, b;
};

/* Written by its CPU alone. */
struct trace_ring {
	uint64_t written; /* events since it was cleared */
	struct trace_event events[TRACE_RING_SIZE];
};

struct cpu;

extern bool trace_enabled;

/* ---- recording: kernel/sched/trace.c ---- */

/* Gives a CPU its ring; without memory for it, it records nothing. */
void trace_init_cpu(struct cpu *c);

/* Any context but NMI.  No lock, and no other CPU's cache line. */
void trace_record(enum trace_kind kind, uint64_t a, uint64_t b);

static inline void trace(enum trace_kind kind, uint64_t a, uint64_t b)
{
	if (unlikely(trace_enabled))
		trace_record(kind, a, b);
}

#define TRACE_PTR(p) ((uint64_t)(uintptr_t)(p))

/* ---- reading: kernel/explain/trace_report.c ---- */

/* Prints the last `count` events of all CPUs, merged by time. */
void trace_print(unsigned int count);
void trace_clear(void);

/*
 * Calls fn for each event recorded since trace_clear(), merged by time.  No
 * CPU records meanwhile.
 */
void trace_for_each(void (*fn)(unsigned int cpu, const struct trace_event *e,
			       void *arg),
		    void *arg);

#endif
