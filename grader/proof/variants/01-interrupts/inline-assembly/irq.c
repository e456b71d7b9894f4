/*
 * irq.c - lab 1, a variant: flags by PUSHF and POPF, numbers written by hand.
 *
 * RFLAGS are read and put back whole.  One lock guards the table of lines.
 * Each line knows how deep each CPU is in its handler, so irq_detach() can wait
 * for all others.  The report is written digit by digit, after the counts were
 * copied.
 */
#include "irq.h"

#include "apic.h"
#include "errno.h"
#include "panic.h"
#include "spinlock.h"
#include "string.h"

static struct spinlock table_lock = SPINLOCK_INIT("irq table");

/* Needs table_lock. */
static struct line {
	irq_handler handler;
	void *arg;
	uint64_t fired;
	uint8_t inside[MAX_CPUS]; /* calls of the handler under way */
} table[IRQ_LINES];

static uint64_t strays;

/* ---- sections ---- */

uint64_t lab_irq_save(void)
{
	uint64_t flags;

	asm volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
	return flags;
}

void lab_irq_restore(uint64_t flags)
{
	if (!(flags & RFLAGS_IF))
		return;
	asm volatile("pushq %0\n\tpopfq" : : "r"(flags) : "memory", "cc");
}

void lab_irq_push(void)
{
	uint64_t flags = lab_irq_save();
	struct irq_section *s = &this_cpu()->irq;

	if (s->depth == 0)
		s->enabled = (flags & RFLAGS_IF) != 0;
	s->depth += 1;
}

void lab_irq_pop(void)
{
	cli();

	struct irq_section *s = &this_cpu()->irq;

	if (s->depth == 0)
		panic("irq_pop() without irq_push()");
	s->depth -= 1;
	if (s->depth > 0 || !s->enabled)
		return;
	sti();
}

/* ---- lines ---- */

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	if (handler == NULL || line > IRQ_LINES - 1)
		return -EINVAL;
	spin_lock(&table_lock);
	if (table[line].handler != NULL) {
		spin_unlock(&table_lock);
		return -EBUSY;
	}
	table[line].handler = handler;
	table[line].arg = arg;
	ioapic_route(line, 0, false);
	ioapic_mask(line, false);
	spin_unlock(&table_lock);
	return 0;
}

static bool runs_elsewhere(unsigned int line)
{
	bool elsewhere = false;

	spin_lock(&table_lock);
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpu != this_cpu()->id && table[line].inside[cpu])
			elsewhere = true;
	spin_unlock(&table_lock);
	return elsewhere;
}

int lab_irq_detach(unsigned int line)
{
	bool attached = false;

	if (line > IRQ_LINES - 1)
		return -EINVAL;
	spin_lock(&table_lock);
	if (table[line].handler != NULL) {
		attached = true;
		ioapic_mask(line, true);
		table[line].handler = NULL;
		table[line].arg = NULL;
	}
	spin_unlock(&table_lock);
	if (!attached)
		return -EINVAL;
	while (runs_elsewhere(line))
		cpu_relax();
	return 0;
}

static void dispatch_line(unsigned int line)
{
	unsigned int cpu = this_cpu()->id;

	spin_lock(&table_lock);
	irq_handler handler = table[line].handler;
	void *arg = table[line].arg;

	table[line].fired++;
	if (handler != NULL)
		table[line].inside[cpu]++;
	else
		strays++;
	spin_unlock(&table_lock);
	if (handler == NULL)
		return;
	handler(line, arg);
	spin_lock(&table_lock);
	table[line].inside[cpu]--;
	spin_unlock(&table_lock);
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	if (frame->vector >= VECTOR_DEVICE &&
	    frame->vector < VECTOR_DEVICE + IRQ_LINES) {
		dispatch_line(frame->vector - VECTOR_DEVICE);
		apic_end_of_interrupt();
		return;
	}
	spin_lock(&table_lock);
	strays++;
	spin_unlock(&table_lock);
}

uint64_t lab_irq_count(unsigned int line)
{
	uint64_t fired = 0;

	if (line >= IRQ_LINES)
		return 0;
	spin_lock(&table_lock);
	fired = table[line].fired;
	spin_unlock(&table_lock);
	return fired;
}

uint64_t lab_irq_spurious(void)
{
	spin_lock(&table_lock);
	uint64_t count = strays;

	spin_unlock(&table_lock);
	return count;
}

/* ---- the report ---- */

struct text {
	char *buf;
	size_t size, length; /* the length goes on where the text is cut */
};

static void put(struct text *text, char c)
{
	if (text->length + 1 < text->size)
		text->buf[text->length] = c;
	text->length++;
}

static void put_number(struct text *text, uint64_t number)
{
	if (number >= 10)
		put_number(text, number / 10);
	put(text, '0' + number % 10);
}

size_t lab_irq_report(char *buf, size_t size)
{
	uint64_t fired[IRQ_LINES];
	struct text text = {buf, size, 0};

	spin_lock(&table_lock);
	for (int line = 0; line < IRQ_LINES; line++)
		fired[line] = table[line].fired;
	spin_unlock(&table_lock);

	for (int line = 0; line < IRQ_LINES; line++) {
		if (fired[line] == 0)
			continue;
		put_number(&text, line);
		put(&text, ' ');
		put_number(&text, fired[line]);
		put(&text, '\n');
	}
	if (size > 0)
		buf[MIN(text.length, size - 1)] = '\0';
	return text.length;
}
