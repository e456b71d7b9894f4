/*
 * irq.c - lab 1, a variant: each line has a lock of its own.
 *
 * Lines have nothing to do with one another, so interrupts of different lines
 * need not wait for each other.  Only the counts are looked at together, and so
 * have one lock for all.  It is taken inside a line's lock, never around one.
 *
 * A line's `calls` says how many calls of its handler have begun on each CPU,
 * and how many have ended.  irq_detach() waits for those that had begun on
 * other CPUs when it took the handler out; later ones are not its own.
 */
#include "irq.h"

#include "apic.h"
#include "errno.h"
#include "panic.h"
#include "spinlock.h"
#include "string.h"

static struct irq_line {
	struct spinlock lock;

	/* Need lock. */
	irq_handler handler;
	void *arg;
	struct {
		uint32_t begun, ended;
	} calls[MAX_CPUS];
} irq_lines[IRQ_LINES] = {
	[0 ... IRQ_LINES - 1] = {.lock = SPINLOCK_INIT("irq line")},
};

static struct spinlock statistics_lock = SPINLOCK_INIT("irq statistics");

/* Needs statistics_lock. */
static struct irq_statistics {
	uint64_t lines[IRQ_LINES];
	uint64_t spurious;
} statistics;

static struct irq_line *find_line(unsigned int line)
{
	return line < IRQ_LINES ? &irq_lines[line] : NULL;
}

/* ---- sections ---- */

uint64_t lab_irq_save(void)
{
	uint64_t before = read_rflags();

	cli();
	return before;
}

void lab_irq_restore(uint64_t flags)
{
	if (!(flags & RFLAGS_IF))
		return;
	sti();
}

void lab_irq_push(void)
{
	bool enabled = intr_enabled();

	cli();
	if (this_cpu()->irq.depth == 0)
		this_cpu()->irq.enabled = enabled;
	this_cpu()->irq.depth++;
}

void lab_irq_pop(void)
{
	uint64_t flags = read_rflags();

	cli();

	struct irq_section *section = &this_cpu()->irq;
	bool enable = section->enabled;

	if ((flags & RFLAGS_IF) || section->depth < 1)
		panic("irq_pop: depth %u, interrupts %s: who did irq_push?",
		      section->depth, flags & RFLAGS_IF ? "on" : "off");
	section->depth--;
	if (section->depth == 0 && enable)
		sti();
}

/* ---- lines ---- */

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	struct irq_line *l = find_line(line);
	int result = 0;

	if (!l || !handler)
		return -EINVAL;
	spin_lock(&l->lock);
	if (l->handler) {
		result = -EBUSY;
		goto out;
	}
	l->handler = handler;
	l->arg = arg;
	ioapic_route(line, 0, false);
	ioapic_mask(line, false);
out:
	spin_unlock(&l->lock);
	return result;
}

/* Waits until `calls` of the handler have ended on that CPU. */
static void wait_for_calls(struct irq_line *l, unsigned int cpu, uint32_t calls)
{
	bool ended = false;

	while (!ended) {
		spin_lock(&l->lock);
		/* The difference is right also when the counts wrap. */
		ended = (int32_t)(l->calls[cpu].ended - calls) >= 0;
		spin_unlock(&l->lock);
		if (!ended)
			cpu_relax();
	}
}

int lab_irq_detach(unsigned int line)
{
	struct irq_line *l = find_line(line);
	uint32_t begun[MAX_CPUS];
	unsigned int here;

	if (!l)
		return -EINVAL;
	spin_lock(&l->lock);
	if (!l->handler) {
		spin_unlock(&l->lock);
		return -EINVAL;
	}
	ioapic_mask(line, true);
	l->handler = NULL;
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		begun[cpu] = l->calls[cpu].begun;
	here = this_cpu()->id;
	spin_unlock(&l->lock);

	/* A call on this CPU is one that this function was called from. */
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpu != here)
			wait_for_calls(l, cpu, begun[cpu]);
	return 0;
}

static void count(unsigned int line, bool handled)
{
	spin_lock(&statistics_lock);
	if (line < IRQ_LINES)
		statistics.lines[line]++;
	statistics.spurious += !handled;
	spin_unlock(&statistics_lock);
}

static void dispatch_line(unsigned int line, struct irq_line *l)
{
	unsigned int here = this_cpu()->id;

	spin_lock(&l->lock);
	irq_handler handler = l->handler;
	void *arg = l->arg;

	count(line, handler != NULL);
	if (handler)
		l->calls[here].begun++;
	spin_unlock(&l->lock);
	if (!handler)
		return;

	handler(line, arg);

	spin_lock(&l->lock);
	l->calls[here].ended++;
	spin_unlock(&l->lock);
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	unsigned int line = frame->vector - VECTOR_DEVICE;
	struct irq_line *l = find_line(line);

	if (!l) {
		count(IRQ_LINES, false);
		return;
	}
	dispatch_line(line, l);
	apic_end_of_interrupt();
}

static struct irq_statistics statistics_now(void)
{
	struct irq_statistics now;

	spin_lock(&statistics_lock);
	now = statistics;
	spin_unlock(&statistics_lock);
	return now;
}

uint64_t lab_irq_count(unsigned int line)
{
	return line < IRQ_LINES ? statistics_now().lines[line] : 0;
}

uint64_t lab_irq_spurious(void)
{
	return statistics_now().spurious;
}

/* ---- the report ---- */

size_t lab_irq_report(char *buf, size_t size)
{
	struct irq_statistics now = statistics_now();
	char text[32];
	size_t length = 0;

	if (size > 0)
		buf[0] = '\0';
	for (unsigned int line = 0; line < IRQ_LINES; line++) {
		if (!now.lines[line])
			continue;
		snprintf(text, sizeof(text), "%u %lu\n", line, now.lines[line]);
		if (length < size)
			strlcpy(buf + length, text, size - length);
		length += strlen(text);
	}
	return length;
}
