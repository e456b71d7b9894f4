/*
 * irqoff.c - the longest section with interrupts off.  See irqoff.h.
 *
 * A CPU has at most one such section open, so its begin is kept in struct cpu.
 * The maximum is of all CPUs together: two that end at the same time settle it
 * by compare-exchange on the length; the place is then written by the winner.
 */
#include "irqoff.h"
#include "cpu.h"
#include "time.h"

static uint64_t longest;
static uintptr_t longest_where;

void irqoff_begin(void)
{
	struct cpu *c = this_cpu();

	c->irqoff_where = CALL_SITE;
	c->irqoff_since = time_cycles();
}

void irqoff_end(void)
{
	struct cpu *c = this_cpu();
	uint64_t cycles = time_cycles() - c->irqoff_since;
	uint64_t before = __atomic_load_n(&longest, __ATOMIC_RELAXED);

	while (cycles > before) {
		if (!__atomic_compare_exchange_n(&longest, &before, cycles,
						 false, __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		longest_where = c->irqoff_where;
		return;
	}
}

struct irqoff_max irqoff_longest(void)
{
	return (struct irqoff_max){longest, longest_where};
}

void irqoff_reset(void)
{
	longest = 0;
	longest_where = 0;
}
