/*
 * irq.c - lab 1, a variant: written from the starter and the headers, by
 * somebody who had seen neither the reference nor the tests.
 *
 * Each line has a word with one bit a CPU: that CPU is in the handler.  Who
 * detaches a line takes a copy of it under irq_lock and waits until each of
 * these bits has been seen clear.  The own bit needs no waiting: with
 * interrupts off nothing else runs on this CPU, so the caller is the handler.
 * The controller is told under irq_lock too, so that attach and detach of one
 * line on two CPUs do not mix.
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
	uint64_t count;   /* interrupts so far */
	uint32_t running; /* bit n: CPU n is in a handler of this line */
} lines[IRQ_LINES];

_Static_assert(MAX_CPUS <= 32, "one bit of running for each CPU");

static uint64_t spurious;

/* ---- 1.1: sections with interrupts off ---- */

uint64_t lab_irq_save(void)
{
	uint64_t flags = read_rflags();

	cli();
	return flags;
}

void lab_irq_restore(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		sti();
}

void lab_irq_push(void)
{
	bool were_enabled = intr_enabled();
	struct irq_section *section;

	cli();
	section = &this_cpu()->irq;
	if (section->depth == 0)
		section->enabled = were_enabled;
	section->depth++;
}

void lab_irq_pop(void)
{
	struct irq_section *section;

	cli(); /* changes nothing, unless the caller is wrong */
	section = &this_cpu()->irq;
	if (section->depth == 0)
		panic("irq_pop: CPU %u has no irq_push() to end",
		      this_cpu()->id);
	section->depth--;
	if (section->depth == 0 && section->enabled)
		sti();
}

/* ---- 1.2: attach, detach, dispatch ---- */

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	int error = -EBUSY;

	if (line >= IRQ_LINES || !handler)
		return -EINVAL;

	/* The controller is told under the lock, too: else a detach of another
	 * CPU could mask the line before we unmask it. */
	spin_lock(&irq_lock);
	if (!lines[line].handler) {
		lines[line].handler = handler;
		lines[line].arg = arg;
		error = ioapic_route(line, 0, false);
		if (error)
			lines[line].handler = NULL;
		else
			ioapic_mask(line, false);
	}
	spin_unlock(&irq_lock);
	return error;
}

int lab_irq_detach(unsigned int line)
{
	struct irq_line *l;
	uint32_t others;

	if (line >= IRQ_LINES)
		return -EINVAL;

	l = &lines[line];
	spin_lock(&irq_lock);
	if (!l->handler) {
		spin_unlock(&irq_lock);
		return -EINVAL;
	}
	ioapic_mask(line, true);
	l->handler = NULL;
	/* If this CPU is in the handler, then it is the handler that calls:
	 * with interrupts off nothing else runs here in the meantime. */
	others = l->running & ~(1u << this_cpu()->id);
	spin_unlock(&irq_lock);

	while (others) {
		cpu_relax();
		spin_lock(&irq_lock);
		others &= l->running;
		spin_unlock(&irq_lock);
	}
	return 0;
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	unsigned int line = frame->vector - VECTOR_DEVICE;
	struct irq_line *l;
	irq_handler handler;
	void *arg;
	uint32_t me;

	if (frame->vector < VECTOR_DEVICE || line >= IRQ_LINES) {
		spin_lock(&irq_lock);
		spurious++;
		spin_unlock(&irq_lock);
		return;
	}

	l = &lines[line];
	me = 1u << this_cpu()->id;
	spin_lock(&irq_lock);
	l->count++;
	handler = l->handler;
	arg = l->arg;
	if (handler)
		l->running |= me;
	else
		spurious++;
	spin_unlock(&irq_lock);

	if (handler) {
		handler(line, arg);
		spin_lock(&irq_lock);
		l->running &= ~me;
		spin_unlock(&irq_lock);
	}

	/* Only now: the handler has quieted the device, so that a level line
	 * is low and the I/O APIC does not send it at once again. */
	apic_end_of_interrupt();
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
static size_t append(char *buf, size_t size, size_t length, unsigned int line,
		     uint64_t count)
{
	size_t at = MIN(length, size);

	return length + snprintf(buf + at, size - at, "%u %lu\n", line, count);
}

size_t lab_irq_report(char *buf, size_t size)
{
	uint64_t counts[IRQ_LINES];
	size_t length = 0;

	/* All counts of one moment; the text, which takes 100 times as long,
	 * is nobody's business but ours. */
	spin_lock(&irq_lock);
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		counts[line] = lines[line].count;
	spin_unlock(&irq_lock);

	if (size > 0)
		buf[0] = '\0'; /* when no line has fired */
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (counts[line])
			length = append(buf, size, length, line, counts[line]);
	return length;
}
