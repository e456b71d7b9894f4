/*
 * timer.h - one-shot timers on the local APIC of each CPU.
 *
 * A timer that is started belongs to the CPU that started it, whose earliest
 * deadline is programmed into its APIC; with no timer the APIC is silent.
 * Handlers run in interrupt context, on that CPU.
 */
#ifndef TIMER_H
#define TIMER_H

#include "types.h"

struct cpu;

struct timer {
	/* Needs the timer queue lock of cpu. */
	uint64_t deadline; /* time_ns() */
	void (*fn)(struct timer *timer);
	struct timer *child, *sibling, *prev; /* pairing heap */
	bool active;
	unsigned int cpu; /* whose queue */
};

/* Once a CPU, after its local APIC is set up. */
void timer_init_cpu(struct cpu *c);

/*
 * Calls fn(timer) at deadline, or at once when that has passed.  The timer
 * must not be active.  Any context but NMI.
 */
void timer_start(struct timer *timer, uint64_t deadline,
		 void (*fn)(struct timer *timer));

/*
 * True when the timer was active and now will not run.  False: it has run,
 * or its handler is running on another CPU now.
 */
bool timer_cancel(struct timer *timer);

/* How many timers of all CPUs have yet to run, or run now.  Any context but
 * NMI; the caller may hold locks below RANK_TIMERS. */
unsigned int timers_active(void);

/* The local timer's interrupt: runs what is due, programs the next. */
void timer_interrupt(void);

/* Asks for sched_slice_over() on this CPU in `delay` ns.  Interrupts off. */
void timer_set_slice(uint64_t delay);

#endif
