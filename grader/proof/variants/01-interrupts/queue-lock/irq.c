/*
 * irq.c - lab 1, a variant: the table's own small lock.
 *
 * The table is only ever held for a few instructions, so it does without the
 * spinlock: table_lock() turns interrupts off by irq_save() and then spins on a
 * flag.  That is not fair, and need not be.
 *
 * A handler that runs is an entry in running[]: each CPU runs at most one
 * handler of a line at a time, since handlers run with interrupts off.
 */
#include "irq.h"

#include "apic.h"
#include "errno.h"
#include "panic.h"
#include "string.h"

static bool table_taken;

/* Needs the table. */
static irq_handler handlers[IRQ_LINES];
static void *args[IRQ_LINES];
static uint64_t counts[IRQ_LINES];
static bool running[IRQ_LINES][MAX_CPUS];
static uint64_t spurious;

static uint64_t table_lock(void)
{
	uint64_t flags = irq_save();

	while (__atomic_exchange_n(&table_taken, true, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static void table_unlock(uint64_t flags)
{
	__atomic_store_n(&table_taken, false, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* ---- 1.1 ---- */

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
	uint64_t flags = lab_irq_save();
	struct irq_section section = this_cpu()->irq;

	if (section.depth == 0)
		section.enabled = flags & RFLAGS_IF;
	section.depth++;
	this_cpu()->irq = section;
}

void lab_irq_pop(void)
{
	uint64_t flags = lab_irq_save();
	unsigned int depth = this_cpu()->irq.depth;

	if (flags & RFLAGS_IF || !depth)
		panic("irq_pop: one more than irq_push");
	this_cpu()->irq.depth = depth - 1;
	if (depth == 1)
		lab_irq_restore(this_cpu()->irq.enabled ? RFLAGS_IF : 0);
}

/* ---- 1.2 ---- */

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	int error;
	uint64_t flags;

	if (line >= IRQ_LINES || !handler)
		return -EINVAL;
	flags = table_lock();
	error = handlers[line] ? -EBUSY : 0;
	if (!error) {
		handlers[line] = handler;
		args[line] = arg;
		ioapic_route(line, 0, false);
		ioapic_mask(line, false);
	}
	table_unlock(flags);
	return error;
}

/* Needs the table. */
static bool line_quiet(unsigned int line)
{
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		if (running[line][cpu] && cpu != this_cpu()->id)
			return false;
	return true;
}

int lab_irq_detach(unsigned int line)
{
	uint64_t flags;
	bool quiet = false;

	if (line >= IRQ_LINES)
		return -EINVAL;
	flags = table_lock();
	if (!handlers[line]) {
		table_unlock(flags);
		return -EINVAL;
	}
	handlers[line] = NULL;
	ioapic_mask(line, true);
	for (;;) {
		quiet = line_quiet(line);
		table_unlock(flags);
		if (quiet)
			return 0;
		cpu_relax();
		flags = table_lock();
	}
}

static void run_handler(unsigned int line, irq_handler handler, void *arg)
{
	unsigned int here = this_cpu()->id;
	uint64_t flags;

	handler(line, arg);
	flags = table_lock();
	running[line][here] = false;
	table_unlock(flags);
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	bool of_line = frame->vector - VECTOR_DEVICE < IRQ_LINES;
	unsigned int line = of_line ? frame->vector - VECTOR_DEVICE : 0;
	uint64_t flags = table_lock();
	irq_handler handler = of_line ? handlers[line] : NULL;
	void *arg = args[line];

	if (of_line)
		counts[line]++;
	if (handler)
		running[line][this_cpu()->id] = true;
	else
		spurious++;
	table_unlock(flags);

	if (handler)
		run_handler(line, handler, arg);
	if (of_line)
		apic_end_of_interrupt();
}

uint64_t lab_irq_count(unsigned int line)
{
	return line < IRQ_LINES
		       ? __atomic_load_n(&counts[line], __ATOMIC_RELAXED)
		       : 0;
}

uint64_t lab_irq_spurious(void)
{
	return __atomic_load_n(&spurious, __ATOMIC_RELAXED);
}

/* ---- 1.4 ---- */

size_t lab_irq_report(char *buf, size_t size)
{
	uint64_t flags, copy[IRQ_LINES];
	size_t length = 0;

	flags = table_lock();
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		copy[line] = counts[line];
	table_unlock(flags);

	if (size)
		*buf = '\0';
	for (unsigned int line = 0; line < IRQ_LINES; line++) {
		size_t left = length < size ? size - length : 0;

		if (copy[line])
			length += snprintf(left ? buf + length : NULL, left,
					   "%u %lu\n", line, copy[line]);
	}
	return length;
}
