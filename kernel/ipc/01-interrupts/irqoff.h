/*
 * irqoff.h - how long were interrupts off?
 *
 * From irqoff_reset() on, the wrappers of irq.h note when a CPU turns them off
 * and how long that lasted, and where the longest section began.  Before it
 * they do not: to look at the clock twice would double the cost of a lock.
 * Times are in cycles: guest instructions, under QEMU's -icount shift=0.
 */
#ifndef IRQOFF_H
#define IRQOFF_H

#include "types.h"

struct irqoff_max {
	uint64_t cycles;
	uintptr_t where; /* where the section began */
};

/* Is it measured? */
extern bool irqoff_on;

/* If so: after lab_irq_save() and before lab_irq_restore(), which have these
 * flags. */
void irqoff_saved(uint64_t flags);
void irqoff_restoring(uint64_t flags);

/* The same, after lab_irq_push() and before lab_irq_pop(). */
void irqoff_pushed(void);
void irqoff_popping(void);

/* Begins to measure, or begins anew. */
void irqoff_reset(void);

/* The longest section of any CPU since then. */
struct irqoff_max irqoff_longest(void);

#endif
