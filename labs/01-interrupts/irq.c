/*
 * irq.c - lab 1: sections with interrupts off, and who handles which line.
 *
 * Sections.  Two ways to keep this CPU's interrupts out (see irq.h): what was
 * there before is kept in the caller's variable (save and restore), or in
 * this_cpu()->irq (push and pop):
 *
 *	depth 0 --push--> 1 --push--> 2 ...	interrupts off from depth 1 on
 *	        <--pop---   <--pop---		at depth 0 as before the first
 *
 * this_cpu()->irq belongs to its CPU, and it may only be touched with
 * interrupts off: else the thread may go on on another CPU in the middle.
 *
 * Lines.  A line of the interrupt controller is in one of these states:
 *
 *	free ----irq_attach----> attached, unmasked ----irq_detach----> free,
 *								masked
 *
 * The usual sequence of one interrupt:
 *
 *	device raises its line; the I/O APIC sends VECTOR_DEVICE + line
 *	the CPU stacks a trap frame, turns interrupts off: irq_dispatch(frame)
 *		count it, look the handler up
 *		handler(line, arg)	talks to the device: it lowers the line
 *		end of interrupt	the controller may send the next one
 *	the CPU goes on with what it did, interrupts on again
 *
 * An interrupt without a handler may come at any time, for instance one that
 * was on its way while the line was masked.  It is spurious: counted, and no
 * reason to fall over.
 *
 * Who guards what.  irq_lock guards the table and the counters, since lines
 * are attached and detached on one CPU while they fire on another.  It is not
 * held while a handler runs: handlers take their time and their own locks,
 * and may attach and detach lines, also their own.
 */
#include "irq.h"

#include "apic.h"
#include "errno.h"
#include "panic.h"
#include "spinlock.h"
#include "string.h"

static struct spinlock irq_lock = SPINLOCK_INIT("irq");

/* All of this needs irq_lock. */
static struct irq_line {
	irq_handler handler; /* NULL: free */
	void *arg;
	uint64_t count; /* interrupts so far */
} lines[IRQ_LINES];

static uint64_t spurious;

/* ---- 1.1: sections with interrupts off ---- */

uint64_t lab_irq_save(void)
{
	/* TODO(lab 1.1): turn interrupts off, and return RFLAGS as they were
	 * (x86.h has the instructions). */
	return 0;
}

void lab_irq_restore(uint64_t flags)
{
	/* TODO(lab 1.1): turn interrupts on if they were on in flags. */
}

void lab_irq_push(void)
{
	/* TODO(lab 1.1): turn interrupts off and count the section; the first
	 * one remembers whether they were on. */
}

void lab_irq_pop(void)
{
	/* TODO(lab 1.1): end a section; the last one puts back what was there
	 * before the first.  Panic when there was no irq_push(). */
}

/* ---- 1.2: attach, detach, dispatch ---- */

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	/* TODO(lab 1.2): enter the handler, then let the line through to CPU 0
	 * (apic.h).  See irq.h for the errors. */
	return -ENOSYS;
}

int lab_irq_detach(unsigned int line)
{
	/* TODO(lab 1.2): mask the line and take the handler out. */
	/* TODO(lab 1.3): another CPU may be running the handler right now: do
	 * not return before it has come out.  What must be written down, and
	 * where, to know?  And what if it is the handler that calls this? */
	return -ENOSYS;
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	/* TODO(lab 1.2): count the interrupt, call the handler of its line,
	 * and end the interrupt, once, at the right moment.  What is spurious,
	 * and what must not be ended: see irq.h. */
}

/* One aligned number is read whole: no lock. */
uint64_t lab_irq_count(unsigned int line)
{
	return line < IRQ_LINES ? lines[line].count : 0;
}

uint64_t lab_irq_spurious(void)
{
	return spurious;
}

/* ---- 1.4: the shortest section that will do ---- */

/* Adds a line to a text that is `length` long already, also where it is cut;
 * returns the new length. */
static size_t text_append(char *buf, size_t size, size_t length,
			  unsigned int line, uint64_t count)
{
	size_t at = MIN(length, size);

	return length + snprintf(buf + at, size - at, "%u %lu\n", line, count);
}

size_t lab_irq_report(char *buf, size_t size)
{
	size_t length = 0;

	if (size > 0)
		buf[0] = '\0'; /* when no line has fired */
	/* TODO(lab 1.4): the text is right, but interrupts are off for much
	 * too long: measure it (irqoff.h), then move work out of the section
	 * until it keeps to IRQ_REPORT_BOUND. */
	spin_lock(&irq_lock);
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (lines[line].count)
			length = text_append(buf, size, length, line,
					     lines[line].count);
	spin_unlock(&irq_lock);
	return length;
}
