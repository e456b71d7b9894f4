/*
 * irqoff.c - the longest section with interrupts off.  See irqoff.h.
 *
 * A CPU has at most one such section open, so its begin is kept in struct cpu.
 * The maximum is of all CPUs together: two that end at the same time settle it
 * by compare-exchange on the length; the place is then written by the winner.
 *
 * When measuring begins, a CPU may be in the middle of a section, of which
 * nobody knows when it began: its irqoff_since is 0.
 */
#include "irqoff.h"
#include "cpu.h"
#include "irq.h"
#include "time.h"

bool irqoff_on;

static uint64_t longest;
static uintptr_t longest_where;

/* Interrupts were on, and have just been turned off. */
static void begin(uintptr_t where)
{
	struct cpu *c = this_cpu();

	c->irqoff_where = where;
	c->irqoff_since = time_cycles();
}

/* They are about to be turned on again. */
static void end(void)
{
	struct cpu *c = this_cpu();
	uint64_t cycles = time_cycles() - c->irqoff_since;
	uint64_t before = __atomic_load_n(&longest, __ATOMIC_RELAXED);

	if (c->irqoff_since == 0)
		return;
	c->irqoff_since = 0;
	while (cycles > before) {
		if (!__atomic_compare_exchange_n(&longest, &before, cycles,
						 false, __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		longest_where = c->irqoff_where;
		return;
	}
}

/* Is the section that is open the outermost, and were interrupts on before? */
static bool is_outermost(void)
{
	const struct irq_section *section = &this_cpu()->irq;

	return section->depth == 1 && section->enabled;
}

/* The section is named by its call site. */
void irqoff_pushed(void)
{
	if (is_outermost())
		begin(CALL_SITE);
}

void irqoff_popping(void)
{
	if (is_outermost())
		end();
}

void irqoff_saved(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		begin(CALL_SITE);
}

void irqoff_restoring(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		end();
}

struct irqoff_max irqoff_longest(void)
{
	return (struct irqoff_max){longest, longest_where};
}

void irqoff_reset(void)
{
	for (unsigned int i = 0; i < cpu_count; i++)
		cpus[i].irqoff_since = 0;
	longest = 0;
	longest_where = 0;
	irqoff_on = true;
}
