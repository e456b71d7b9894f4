/*
 * time.h - the clock: the time stamp counter, measured against the PIT.
 *
 * Under QEMU's -icount shift=0 a nanosecond is exactly one guest instruction.
 */
#ifndef TIME_H
#define TIME_H

#include "types.h"
#include "x86.h"

/* Measures the TSC and the local APIC timer.  Takes 2 ms. */
void time_init(void);

/* Nanoseconds since boot; never goes back on any CPU. */
uint64_t time_ns(void);

static inline uint64_t time_cycles(void)
{
	return rdtsc();
}

uint64_t time_cycles_to_ns(uint64_t cycles);
uint64_t time_tsc_hz(void);

/* Busy-waits; for hardware that needs it.  Any context. */
void time_delay_ns(uint64_t ns);

/* Local APIC timer ticks in one second, at divider 1. */
extern uint64_t apic_timer_hz;

#endif
