/*
 * trace.c - trace points: each CPU writes down what it did lately.
 *
 * Each CPU writes to a ring of its own, with interrupts off for the few
 * instructions that it takes, so recording needs no lock and disturbs what is
 * observed as little as possible.  `written` counts all events since the ring
 * was cleared; event n is in slot n % TRACE_RING_SIZE.  Nothing is printed
 * here: explain/trace_report.c turns the rings into words.
 *
 * The interrupt flag is saved here by hand, because intr_push() would be wrong
 * where the scheduler and intr_pop() themselves are being traced.
 */
#include "trace.h"

#include "cpu.h"
#include "heap.h"
#include "thread.h"
#include "time.h"

bool trace_enabled;

void trace_init_cpu(struct cpu *c)
{
	c->trace = kzalloc(sizeof(*c->trace));
}

void trace_record(enum trace_kind kind, uint64_t a, uint64_t b)
{
	bool enabled = intr_enabled();

	cli();
	struct cpu *c = this_cpu();
	struct trace_ring *ring = c->trace;

	if (ring && c->running) {
		uint64_t slot = ring->written % TRACE_RING_SIZE;

		ring->events[slot] = (struct trace_event){
			.time = time_ns(),
			.kind = kind,
			.thread = c->running->id,
			.a = a,
			.b = b,
		};
		ring->written++;
	}
	if (enabled)
		sti();
}
