/*
 * irq.h - lab 1: sections with interrupts off, and who handles which line.
 *
 * The functions with lab_ in front are the student's (irq.c); everybody else
 * calls the wrappers without it, which are given: they measure how long
 * interrupts stay off (irqoff.h), so nothing that a student writes can turn
 * that off.
 *
 * Two ways to keep this CPU's interrupts out of a section:
 *
 *	uint64_t flags = irq_save();		irq_push();
 *	...					...
 *	irq_restore(flags);			irq_pop();
 *
 * The left one keeps what was there in a variable of the caller's; the right
 * one counts, in this_cpu()->irq, so that one function can push and another
 * can pop.  Both nest to any depth, and only the outermost end turns
 * interrupts on again, if they were on before.
 */
#ifndef IRQ_H
#define IRQ_H

#include "cpu.h"
#include "irqoff.h"
#include "trap.h"
#include "types.h"

#define IRQ_LINES DEVICE_LINES /* 0 .. 23 */

/* Called in interrupt context, interrupts off, on the CPU that took it. */
typedef void (*irq_handler)(unsigned int line, void *arg);

/* ---- the student's ---- */

/* Turns interrupts off; returns RFLAGS as they were.  Any context. */
uint64_t lab_irq_save(void);

/* Turns interrupts on again if RFLAGS_IF is set in flags, else leaves them. */
void lab_irq_restore(uint64_t flags);

/* The same, counted in this_cpu()->irq.  A pop without a push panics. */
void lab_irq_push(void);
void lab_irq_pop(void);

/*
 * From now on `handler(line, arg)` is called for each interrupt of the line,
 * which is routed to CPU 0 and unmasked (ioapic_route, ioapic_mask).
 * -EINVAL: no such line, or no handler.  -EBUSY: the line has one.
 */
int lab_irq_attach(unsigned int line, irq_handler handler, void *arg);

/* Masks the line.  When it returns, the handler is not running on any CPU (but
 * for the handler itself, which may call this too) and will not be called
 * again.  -EINVAL: no such line, or nothing attached. */
int lab_irq_detach(unsigned int line);

/*
 * Called for every interrupt but the local timer's and those between CPUs.
 * For a device line: counts it, calls its handler, and signals the end of
 * interrupt (apic_end_of_interrupt) exactly once.  A line without a handler
 * is counted as spurious too, and still ended.  Other vectors (the local
 * APIC's VECTOR_SPURIOUS, the 8259s' from VECTOR_PIC on) are counted as
 * spurious and must not be ended: the controller keeps no record of them.
 */
void lab_irq_dispatch(struct trap_frame *frame);

/* Interrupts of a line so far; 0 for a bad line. */
uint64_t lab_irq_count(unsigned int line);
uint64_t lab_irq_spurious(void);

/*
 * Writes "LINE COUNT\n" for each line that has fired, in order, as decimal
 * numbers; the counts are of one moment.  Cut to fit size bytes, always
 * terminated when size > 0; returns the length of the whole text.  Interrupts
 * may be off for IRQ_REPORT_BOUND instructions at most.
 */
size_t lab_irq_report(char *buf, size_t size);

#define IRQ_REPORT_BOUND 2000

/* ---- the wrappers ---- */

static inline uint64_t irq_save(void)
{
	uint64_t flags = lab_irq_save();

	if (unlikely(irqoff_on))
		irqoff_saved(flags);
	return flags;
}

static inline void irq_restore(uint64_t flags)
{
	if (unlikely(irqoff_on))
		irqoff_restoring(flags);
	lab_irq_restore(flags);
}

static inline void irq_push(void)
{
	lab_irq_push();
	if (unlikely(irqoff_on))
		irqoff_pushed();
}

static inline void irq_pop(void)
{
	if (unlikely(irqoff_on))
		irqoff_popping();
	lab_irq_pop();
}

static inline int irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	return lab_irq_attach(line, handler, arg);
}

static inline int irq_detach(unsigned int line)
{
	return lab_irq_detach(line);
}

static inline uint64_t irq_count(unsigned int line)
{
	return lab_irq_count(line);
}

static inline uint64_t irq_spurious(void)
{
	return lab_irq_spurious();
}

static inline size_t irq_report(char *buf, size_t size)
{
	return lab_irq_report(buf, size);
}

#endif
