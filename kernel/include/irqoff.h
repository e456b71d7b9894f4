/*
 * irqoff.h - how long were interrupts off?
 *
 * The wrappers of irq.h note when a CPU turns them off and how long that
 * lasted, and where the longest section began.  Times are in cycles: guest
 * instructions, under QEMU's -icount shift=0.
 */
#ifndef IRQOFF_H
#define IRQOFF_H

#include "types.h"

struct irqoff_max {
	uint64_t cycles;
	uintptr_t where; /* where the section began */
};

/* This CPU's interrupts were on, and have just been turned off.  The section
 * is named by the call site. */
void irqoff_begin(void);

/* They are about to be turned on again. */
void irqoff_end(void);

/* The longest section of any CPU since irqoff_reset(). */
struct irqoff_max irqoff_longest(void);
void irqoff_reset(void);

#endif
