/*
 * k_interrupts_off.c - exercise 1.4: how long are interrupts off?
 *
 * Measured in two ways: by the wrappers (irqoff.h), and by timers that come
 * late.  Both count instructions, which is what QEMU's clock does with -icount;
 * without it these tests are skipped.
 */
#include "backtrace.h"
#include "lab01.h"
#include "printk.h"
#include "spinlock.h"

static char text[1024];

/* Every quiet line has fired: so the report has many lines. */
static bool prepare(struct ktest *t)
{
	if (!time_is_instructions()) {
		ktest_skip(t, "time is not counted in instructions: make test "
			      "ICOUNT=1");
		return false;
	}
	for (unsigned int i = 0; i < QUIET_LINES; i++) {
		unsigned int line = quiet_lines[i];
		uint64_t before = irq_count(line);

		raise_line(0, line);
		if (!WAIT_FOR(irq_count(line) != before)) {
			FAIL(t, "an interrupt of line %u was not counted",
			     line);
			return false;
		}
	}
	return true;
}

static void test_longest_section(struct ktest *t)
{
	char where[SYMBOL_TEXT_SIZE];
	struct irqoff_max max;

	if (!prepare(t))
		return;
	irqoff_reset();
	irq_report(text, sizeof(text));
	max = irqoff_longest();
	CHECK(t, max.cycles <= IRQ_REPORT_BOUND,
	      "irq_report() turns interrupts off for %lu instructions, %u are "
	      "allowed; that section begins at %s",
	      max.cycles, IRQ_REPORT_BOUND,
	      symbol_format_call(max.where, where, sizeof(where)));
}
KTEST(lab01, longest_section);

/* ---- timers that come late ---- */

struct alarm {
	struct timer timer;
	volatile bool fired;
	uint64_t late; /* ns, of the latest one */
};

static void note_lateness(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);

	a->late = MAX(a->late, time_ns() - timer->deadline);
	a->fired = true;
}

/* The longest delay of a timer, for deadlines all over what fn() does. */
static uint64_t measure_lateness(void (*fn)(void))
{
	struct alarm a = {.late = 0};
	uint64_t start = time_ns(), length;

	fn();
	length = time_ns() - start;
	for (uint64_t at = 300; at < length + 300; at += 61) {
		a.fired = false;
		timer_start(&a.timer, time_ns() + at, note_lateness);
		fn();
		if (!WAIT_FOR(a.fired))
			break;
	}
	return timer_cancel(&a.timer) ? patience() : a.late;
}

static void report(void)
{
	irq_report(text, sizeof(text));
}

static void do_nothing(void)
{
	for (volatile unsigned int i = 0; i < 1000; i++)
		;
}

static void measure_report(void *arg)
{
	struct ktest *t = arg;
	uint64_t usual = measure_lateness(do_nothing);
	uint64_t late = measure_lateness(report);

	CHECK(t, late <= usual + IRQ_REPORT_BOUND,
	      "a timer is up to %lu instructions late while irq_report() runs, "
	      "but only %lu otherwise: it turns interrupts off for longer than "
	      "%u",
	      late, usual, IRQ_REPORT_BOUND);
}

static void test_timers_on_time(struct ktest *t)
{
	if (prepare(t))
		run_on_cpus(t, 1, measure_report, t);
}
KTEST(lab01, timers_on_time);

/* ---- no tick is lost ---- */

#define TICK_NS 5000
#define TICKS 1000

struct clock {
	struct timer timer;
	volatile unsigned int ticks;
	unsigned int lost;
};

/* A tick that comes a whole period late has swallowed the next one. */
static void tick(struct timer *timer)
{
	struct clock *c = container_of(timer, struct clock, timer);
	unsigned int lost = (time_ns() - timer->deadline) / TICK_NS;

	c->lost += lost;
	if (++c->ticks < TICKS)
		timer_start(timer, timer->deadline + (lost + 1) * TICK_NS,
			    tick);
}

static unsigned int count_lost_ticks(void)
{
	struct clock c = {.ticks = 0};
	struct spinlock lock = SPINLOCK_INIT("busy");

	timer_start(&c.timer, time_ns() + TICK_NS, tick);
	while (c.ticks < TICKS && intr_enabled()) {
		for (unsigned int i = 0; i < 100; i++) {
			spin_lock(&lock);
			irq_push();
			irq_restore(irq_save());
			irq_pop();
			spin_unlock(&lock);
		}
		report();
	}
	if (timer_cancel(&c.timer))
		c.lost += TICKS - c.ticks;
	return c.lost;
}

static void expect_no_lost_tick(void *arg)
{
	unsigned int lost = count_lost_ticks();

	CHECK((struct ktest *)arg, lost == 0,
	      "%u of %u ticks, %u ns apart, were lost while locks were taken "
	      "and reports written",
	      lost, TICKS, TICK_NS);
}

static void test_no_tick_lost(struct ktest *t)
{
	if (prepare(t))
		run_on_cpus(t, 1, expect_no_lost_tick, t);
}
KTEST(lab01, no_tick_lost);

/* ---- the figures for the report: test=01/measure ---- */

static uint64_t cost_of_lock(void)
{
	struct spinlock lock = SPINLOCK_INIT("measured");
	uint64_t start = time_cycles();

	for (unsigned int i = 0; i < 1000; i++) {
		spin_lock(&lock);
		spin_unlock(&lock);
	}
	return (time_cycles() - start) / 1000;
}

static void print_figures(void *arg)
{
	char where[SYMBOL_TEXT_SIZE];
	struct irqoff_max max;

	printk("# spin_lock and spin_unlock: %lu instructions\n",
	       cost_of_lock());
	irqoff_reset();
	report();
	max = irqoff_longest();
	printk("# longest section of irq_report: %lu instructions, from %s\n",
	       max.cycles, symbol_format_call(max.where, where, sizeof(where)));
	printk("# a timer is late by up to: %lu instructions, %lu while "
	       "irq_report runs\n",
	       measure_lateness(do_nothing), measure_lateness(report));
	printk("# ticks lost: %u of %u, %u ns apart\n", count_lost_ticks(),
	       TICKS, TICK_NS);
}

static void test_measure(struct ktest *t)
{
	if (prepare(t))
		run_on_cpus(t, 1, print_figures, NULL);
}
KTEST(lab01, measure, .manual = true);
