/*
 * irq.c - lab 1, a variant: the table of lines without a lock.
 *
 * A line's state says who may write its handler and argument:
 *
 *	FREE --attach--> CHANGING --> ATTACHED --detach--> CHANGING --> FREE
 *
 * Whoever has moved it to CHANGING, by compare-exchange, owns both until the
 * next state.  Dispatch owns nothing, and so announces itself first: it adds 1
 * to what runs of the line on this CPU, and then looks for a handler.  Detach
 * takes the handler out first, and looks who runs then.  Since each writes
 * before it reads (sequentially consistent: SDM 3A, 9.2.3.4 is why that must be
 * asked for), at least one of them sees the other: either dispatch finds no
 * handler any more, or detach waits for it.
 *
 * The counts have a lock of their own, that they may be read as of one moment.
 */
#include "irq.h"

#include "apic.h"
#include "errno.h"
#include "panic.h"
#include "spinlock.h"
#include "string.h"

enum { FREE, CHANGING, ATTACHED };

static struct irq_line {
	uint32_t state;
	irq_handler handler; /* NULL unless ATTACHED */
	void *arg;
	uint32_t running[MAX_CPUS]; /* each written by its CPU alone */
} lines[IRQ_LINES];

static struct spinlock count_lock = SPINLOCK_INIT("irq counts");
static uint64_t counts[IRQ_LINES], spurious; /* need count_lock */

/* ---- 1.1 ---- */

uint64_t lab_irq_save(void)
{
	uint64_t flags = read_rflags();

	if (flags & RFLAGS_IF)
		cli();
	return flags;
}

void lab_irq_restore(uint64_t flags)
{
	if ((flags & RFLAGS_IF) != 0)
		sti();
}

void lab_irq_push(void)
{
	bool were_on = (lab_irq_save() & RFLAGS_IF) != 0;
	struct irq_section *section = &this_cpu()->irq;

	section->depth++;
	if (section->depth == 1)
		section->enabled = were_on;
}

void lab_irq_pop(void)
{
	if (intr_enabled() || this_cpu()->irq.depth == 0)
		panic("irq_pop: there was no irq_push");

	struct irq_section *section = &this_cpu()->irq;
	bool outermost = --section->depth == 0;

	if (outermost && section->enabled)
		sti();
}

/* ---- 1.2 ---- */

static bool change_state(struct irq_line *l, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&l->state, &from, to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	if (line >= IRQ_LINES || !handler)
		return -EINVAL;

	struct irq_line *l = &lines[line];

	if (!change_state(l, FREE, CHANGING))
		return -EBUSY;
	__atomic_store_n(&l->arg, arg, __ATOMIC_RELAXED);
	__atomic_store_n(&l->handler, handler, __ATOMIC_RELEASE);
	ioapic_route(line, 0, false);
	ioapic_mask(line, false);
	__atomic_store_n(&l->state, ATTACHED, __ATOMIC_RELEASE);
	return 0;
}

static bool runs_elsewhere(const struct irq_line *l)
{
	bool elsewhere = false;

	irq_push();
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (i != this_cpu()->id &&
		    __atomic_load_n(&l->running[i], __ATOMIC_SEQ_CST))
			elsewhere = true;
	irq_pop();
	return elsewhere;
}

int lab_irq_detach(unsigned int line)
{
	if (line >= IRQ_LINES ||
	    !change_state(&lines[line], ATTACHED, CHANGING))
		return -EINVAL;

	struct irq_line *l = &lines[line];

	ioapic_mask(line, true);
	__atomic_store_n(&l->handler, NULL, __ATOMIC_SEQ_CST);
	while (runs_elsewhere(l))
		cpu_relax();
	__atomic_store_n(&l->state, FREE, __ATOMIC_RELEASE);
	return 0;
}

static void count(unsigned int line, bool handled)
{
	spin_lock(&count_lock);
	if (line < IRQ_LINES)
		counts[line]++;
	if (!handled)
		spurious++;
	spin_unlock(&count_lock);
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	unsigned int line = frame->vector - VECTOR_DEVICE;

	if (line >= IRQ_LINES) {
		count(line, false);
		return;
	}

	struct irq_line *l = &lines[line];
	uint32_t *running = &l->running[this_cpu()->id];

	__atomic_fetch_add(running, 1, __ATOMIC_SEQ_CST);
	irq_handler handler = __atomic_load_n(&l->handler, __ATOMIC_SEQ_CST);
	void *arg = __atomic_load_n(&l->arg, __ATOMIC_RELAXED);

	count(line, handler != NULL);
	if (handler)
		handler(line, arg);
	__atomic_fetch_sub(running, 1, __ATOMIC_SEQ_CST);
	apic_end_of_interrupt();
}

uint64_t lab_irq_count(unsigned int line)
{
	if (line >= IRQ_LINES)
		return 0;
	return __atomic_load_n(&counts[line], __ATOMIC_RELAXED);
}

uint64_t lab_irq_spurious(void)
{
	return __atomic_load_n(&spurious, __ATOMIC_RELAXED);
}

/* ---- 1.4 ---- */

size_t lab_irq_report(char *buf, size_t size)
{
	uint64_t now[IRQ_LINES];
	char text[IRQ_LINES * 24]; /* "23 " and 20 digits are the longest */
	size_t length = 0;

	spin_lock(&count_lock);
	memcpy(now, counts, sizeof(now));
	spin_unlock(&count_lock);

	text[0] = '\0';
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		if (now[line] > 0)
			length += snprintf(text + length, sizeof(text) - length,
					   "%u %lu\n", line, now[line]);
	return strlcpy(buf, text, size);
}
