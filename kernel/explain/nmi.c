/*
 * nmi.c - the interrupt that cannot be turned off, and what it is good for.
 *
 * An NMI comes from outside, when somebody wants to know why the machine hangs
 * (QEMU's inject-nmi, a watchdog, a button), or from a CPU that stops the
 * others.  From outside it reaches every CPU, since LINT1 is wired to NMI on
 * each.
 *
 * The report.  The first CPU to arrive becomes the reporter.  The others, on
 * arrival, say where they were (cpu->stopped_at) and wait.  The reporter sends
 * an NMI to those that have not come by themselves, prints every CPU and every
 * thread, ends the round, and all go on as if nothing had happened.
 *
 * One event can reach a CPU twice: by LINT1, and by the reporter who did not
 * see it come in time.  The second NMI is kept by the CPU while it handles the
 * first (SDM 3A, 6.7.1) and strikes right after.  It must not start another
 * report: so an NMI is ignored shortly after a round has ended; and always
 * once by a CPU that was called and did not come in that round.
 *
 * A panic uses the same NMI to stop the others, and never releases them.
 *
 * This runs on a stack of its own, and can interrupt code anywhere, also in
 * the middle of core_lock() or printk(): it takes no lock.
 */
#include "apic.h"
#include "cpu.h"
#include "ktest.h"
#include "panic.h"
#include "printk.h"
#include "report.h"
#include "time.h"
#include "trap.h"
#include "waitfor.h"

#define NO_CPU (-1)

/* How long the reporter waits: first for CPUs that come by themselves, then
 * for those that it has called; at the end, for all to leave. */
#define ARRIVAL_NS NSEC_PER_MSEC
#define CALLED_NS (100 * NSEC_PER_MSEC)

/* Within this time after a round an NMI belongs to the same event. */
#define GRACE_NS (10 * NSEC_PER_MSEC)

static int reporter = NO_CPU;          /* by compare-exchange */
static volatile unsigned int round_id; /* the reporter ends it by ++ */
static volatile uint64_t ended_at;     /* time_cycles() then; 0: never */
static volatile bool missed[MAX_CPUS]; /* called, and did not come */

/* Of time stamp counter cycles; before it was measured, too many. */
static uint64_t ns_to_cycles(uint64_t ns)
{
	uint64_t hz = time_tsc_hz();

	if (hz == 0)
		hz = 4 * NSEC_PER_SEC;
	return ns * (hz / 1000000) / 1000;
}

/* ---- stopping the others ---- */

static bool has_stopped(const struct cpu *c)
{
	return !c->online || c == this_cpu() || c->stopped_at;
}

static bool all_stopped(void)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (!has_stopped(&cpus[i]))
			return false;
	return true;
}

static bool none_stopped(void)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (&cpus[i] != this_cpu() && cpus[i].stopped_at)
			return false;
	return true;
}

static void wait_until(bool (*condition)(void), uint64_t ns)
{
	uint64_t start = time_cycles(), limit = ns_to_cycles(ns);

	while (!condition() && time_cycles() - start < limit)
		cpu_relax();
}

void nmi_stop_others(void)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		if (has_stopped(&cpus[i]))
			continue;
		missed[i] = true;
		apic_send_nmi(i);
	}
	wait_until(all_stopped, CALLED_NS);
}

/* ---- the report ---- */

/* Is every CPU idle?  Then nobody is left to wake the threads that wait. */
static bool all_idle(void)
{
	for (unsigned int i = 0; i < cpu_count; i++)
		if (cpus[i].running != cpus[i].idle)
			return false;
	return true;
}

static void print_report(void)
{
	bool deadlock;

	printk("\nNMI report, by CPU %u\n", this_cpu()->id);
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (cpus[i].online || &cpus[i] == this_cpu())
			report_cpu(&cpus[i]);
	report_locks();
	report_threads();
	deadlock = spin_report();
	deadlock |= wait_report(false);
	if (all_idle())
		printk("Every CPU is idle: all threads wait.\n");
	printk("NMI report ends\n");
	ktest_check_limit(deadlock || all_idle());
}

static void report_round(void)
{
	wait_until(all_stopped, ARRIVAL_NS);
	nmi_stop_others();
	printk_unlocked_begin();
	print_report();
	printk_unlocked_end();

	/* In this order: who leaves and is interrupted at once by a second
	 * NMI must find that the round has just ended. */
	ended_at = time_cycles();
	round_id++;
	wait_until(none_stopped, CALLED_NS);
	this_cpu()->stopped_at = NULL;
	__atomic_store_n(&reporter, NO_CPU, __ATOMIC_RELEASE);
}

static void __attribute__((noreturn)) stay(void)
{
	for (;;)
		asm volatile("hlt");
}

/* Stands still until the reporter has finished; in a panic, for ever. */
static void wait_for_release(struct cpu *c)
{
	unsigned int mine = round_id;

	while (round_id == mine &&
	       __atomic_load_n(&reporter, __ATOMIC_ACQUIRE) != NO_CPU) {
		if (panicking())
			stay();
		cpu_relax();
	}
	c->stopped_at = NULL;
}

/* Does this NMI belong to a round that is over? */
static bool is_echo(struct cpu *c)
{
	uint64_t ended = ended_at;
	bool called = missed[c->id];

	missed[c->id] = false;
	if (ended && time_cycles() - ended < ns_to_cycles(GRACE_NS))
		return true;
	return called && __atomic_load_n(&reporter, __ATOMIC_ACQUIRE) == NO_CPU;
}

void nmi_dispatch(struct trap_frame *frame)
{
	struct cpu *c = this_cpu();
	int expected = NO_CPU;

	if (panicking()) {
		/* An NMI from outside must not stop the one that reports. */
		if (panic_is_owner(c))
			return;
		c->stopped_at = frame;
		stay();
	}
	if (is_echo(c))
		return;

	/* Printing uses intr_push().  If we have interrupted intr_pop() just
	 * after it counted down to 0, it has yet to look at this flag. */
	bool intr_saved = c->intr_saved;

	c->stopped_at = frame;
	if (__atomic_compare_exchange_n(&reporter, &expected, (int)c->id, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		report_round();
	else
		wait_for_release(c);
	c->intr_saved = intr_saved;
}
