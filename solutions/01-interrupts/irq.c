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
#ifdef SOLUTION
	uint32_t running_on; /* a bit for each CPU in the handler */
#endif
} lines[IRQ_LINES];

static uint64_t spurious;

/* ---- 1.1: sections with interrupts off ---- */

uint64_t lab_irq_save(void)
{
#ifdef SOLUTION
	uint64_t flags = read_rflags();

	cli();
	return flags;
#else
	/* TODO(lab 1.1): turn interrupts off, and return RFLAGS as they were
	 * (x86.h has the instructions). */
	return 0;
#endif
}

void lab_irq_restore(uint64_t flags)
{
#ifdef SOLUTION
	if (flags & RFLAGS_IF)
		sti();
#else
	/* TODO(lab 1.1): turn interrupts on if they were on in flags. */
#endif
}

void lab_irq_push(void)
{
#ifdef SOLUTION
	bool enabled = intr_enabled();

	cli();

	struct irq_section *section = &this_cpu()->irq;

	if (section->depth++ == 0)
		section->enabled = enabled;
#else
	/* TODO(lab 1.1): turn interrupts off and count the section; the first
	 * one remembers whether they were on. */
#endif
}

void lab_irq_pop(void)
{
#ifdef SOLUTION
	struct irq_section *section = &this_cpu()->irq;

	/* Mostly it is the outermost section that ends. */
	if (unlikely(section->depth != 1)) {
		if (section->depth == 0)
			panic("irq_pop: depth is 0: no irq_push() before it");
		section->depth--;
		return;
	}
	section->depth = 0;
	if (section->enabled)
		sti();
#else
	/* TODO(lab 1.1): end a section; the last one puts back what was there
	 * before the first.  Panic when there was no irq_push(). */
#endif
}

/* ---- 1.2: attach, detach, dispatch ---- */

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
#ifdef SOLUTION
	int error = -EBUSY;

	if (line >= IRQ_LINES || !handler)
		return -EINVAL;
	spin_lock(&irq_lock);
	if (!lines[line].handler) {
		lines[line].handler = handler;
		lines[line].arg = arg;
		error = ioapic_route(line, 0, false);
		ioapic_mask(line, false);
	}
	spin_unlock(&irq_lock);
	return error;
#else
	/* TODO(lab 1.2): enter the handler, then let the line through to CPU 0
	 * (apic.h).  See irq.h for the errors. */
	return -ENOSYS;
#endif
}

int lab_irq_detach(unsigned int line)
{
#ifdef SOLUTION
	if (line >= IRQ_LINES)
		return -EINVAL;

	struct irq_line *l = &lines[line];

	spin_lock(&irq_lock);
	if (!l->handler) {
		spin_unlock(&irq_lock);
		return -EINVAL;
	}
	ioapic_mask(line, true);
	l->handler = NULL;
	/* Wait where it still runs; but if that is here, then it is the
	 * handler itself that called us. */
	while (l->running_on & ~(1u << this_cpu()->id)) {
		spin_unlock(&irq_lock);
		cpu_relax();
		spin_lock(&irq_lock);
	}
	spin_unlock(&irq_lock);
	return 0;
#else
	/* TODO(lab 1.2): mask the line and take the handler out. */
	/* TODO(lab 1.3): another CPU may be running the handler right now: do
	 * not return before it has come out.  What must be written down, and
	 * where, to know?  And what if it is the handler that calls this? */
	return -ENOSYS;
#endif
}

void lab_irq_dispatch(struct trap_frame *frame)
{
#ifdef SOLUTION
	unsigned int line = frame->vector - VECTOR_DEVICE;
	struct irq_line now = {.handler = NULL};
	uint32_t here = 1u << this_cpu()->id;

	spin_lock(&irq_lock);
	if (line < IRQ_LINES) {
		lines[line].count++;
		now = lines[line];
	}
	if (now.handler)
		lines[line].running_on |= here;
	else
		spurious++;
	spin_unlock(&irq_lock);

	if (now.handler) {
		now.handler(line, now.arg);
		spin_lock(&irq_lock);
		lines[line].running_on &= ~here;
		spin_unlock(&irq_lock);
	}
	/* Not before the handler: a level-triggered line that the device has
	 * not lowered by now is taken for the next interrupt (82093AA data
	 * sheet, 3.2.4: Remote IRR). */
	if (line < IRQ_LINES)
		apic_end_of_interrupt();
#else
	/* TODO(lab 1.2): count the interrupt, call the handler of its line,
	 * and end the interrupt, once, at the right moment.  What is spurious,
	 * and what must not be ended: see irq.h. */
#endif
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
#ifdef SOLUTION
	uint64_t counts[IRQ_LINES];

	spin_lock(&irq_lock);
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		counts[line] = lines[line].count;
	spin_unlock(&irq_lock);
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (counts[line])
			length = text_append(buf, size, length, line,
					     counts[line]);
#else
	/* TODO(lab 1.4): the text is right, but interrupts are off for much
	 * too long: measure it (irqoff.h), then move work out of the section
	 * until it keeps to IRQ_REPORT_BOUND. */
	spin_lock(&irq_lock);
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (lines[line].count)
			length = text_append(buf, size, length, line,
					     lines[line].count);
	spin_unlock(&irq_lock);
#endif
	return length;
}
