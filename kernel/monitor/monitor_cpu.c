/*
 * monitor_cpu.c - the monitor's commands that look at CPUs and threads.
 *
 * They read what other CPUs are changing, mostly without the locks that guard
 * it: a number on the screen is old anyway by the time it is read.  Only what
 * could vanish, a struct thread, is looked at under the lock of the list.
 */
#include "monitor_commands.h"

#include "apic.h"
#include "backtrace.h"
#include "cpu.h"
#include "errno.h"
#include "monitor.h"
#include "printk.h"
#include "report.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "trap.h"
#include "waitfor.h"

/* ---- threads ---- */

#define BATCH 16

/* What one line of `threads` shows. */
struct thread_row {
	uint32_t id;
	unsigned int cpu;
	char name[THREAD_NAME_SIZE];
	enum thread_state state;
	bool pinned;
	uint64_t run_ns;
	uintptr_t blocked_at;
};

/* Rows are copied under the lock and printed without it, some at a time: there
 * may be thousands, and the lock keeps interrupts off. */
struct thread_batch {
	unsigned int skip; /* shown already */
	unsigned int count;
	struct thread_row rows[BATCH];
};

static void thread_copy(struct thread *t, void *arg)
{
	struct thread_batch *batch = arg;

	if (batch->skip > 0) {
		batch->skip--;
		return;
	}
	if (batch->count == BATCH)
		return;

	struct thread_row *row = &batch->rows[batch->count++];
	uint64_t cycles = thread_cycles_at(t, time_cycles());

	row->id = t->id;
	row->cpu = t->cpu;
	strlcpy(row->name, t->name, sizeof(row->name));
	row->state = t->state;
	row->pinned = t->pinned != ANY_CPU;
	row->run_ns = time_cycles_to_ns(cycles);
	row->blocked_at = t->blocked_at;
}

/* Where a thread waits, short enough for the end of a line. */
static void print_place(uintptr_t call_site)
{
	struct symbol symbol = symbol_find(call_site - 1);
	const char *file = symbol.file ? symbol.file : "?";

	for (const char *slash; (slash = strchr(file, '/')) != NULL;)
		file = slash + 1;
	printk("  %s (%s:%u)", symbol.function, file, symbol.line);
}

static void thread_print(const struct thread_row *row)
{
	printk("%4u %-15s %-8s%2u%c%'11llu", row->id, row->name,
	       thread_state_name(row->state), row->cpu, row->pinned ? '*' : ' ',
	       (unsigned long long)(row->run_ns / NSEC_PER_USEC));
	if (row->state == THREAD_BLOCKED)
		print_place(row->blocked_at);
	printk("\n");
}

void command_threads(int argc, char **argv)
{
	unsigned int shown = 0;
	struct thread_batch batch;

	printk("  ID NAME            STATE  CPU     TIME/us  WAITS AT\n");
	do {
		batch.skip = shown;
		batch.count = 0;
		thread_for_each(thread_copy, &batch, true);
		for (unsigned int i = 0; i < batch.count; i++)
			thread_print(&batch.rows[i]);
		shown += batch.count;
	} while (batch.count == BATCH && !monitor_interrupted());
	printk("%u threads; * is pinned to its CPU\n", shown);
}

struct thread_search {
	uint32_t id;
	unsigned int found;
};

/* Under the lock of the list, or the thread could end and be freed. */
static void thread_backtrace(struct thread *t, void *arg)
{
	struct thread_search *search = arg;

	if (t->id != search->id)
		return;
	search->found++;
	printk("thread %u, %s: %s\n", t->id, t->name,
	       thread_state_name(t->state));
	if (t == current)
		backtrace_here();
	else if (t->state == THREAD_RUNNING)
		printk("  it runs on CPU %u now: `nmi` shows where\n", t->cpu);
	else if (t->state == THREAD_NEW)
		printk("  it has not run yet\n");
	else
		backtrace_thread(t);
}

void command_bt(int argc, char **argv)
{
	struct thread_search search = {0};
	uint64_t id;

	if (!arg_number("bt", argv[1], &id))
		return;
	search.id = id;
	if (id <= UINT32_MAX)
		thread_for_each(thread_backtrace, &search, true);
	if (search.found == 0)
		printk("bt: no thread %s\n", argv[1]);
}

/* ---- CPUs ---- */

#define IDLE_SAMPLE (250 * NSEC_PER_MSEC)

/* A share in tenths of a percent, as two numbers for "%llu.%llu". */
#define TENTHS(part, whole) \
	(unsigned long long)((part)*1000 / MAX(whole, 1ull) / 10), \
		(unsigned long long)((part)*1000 / MAX(whole, 1ull) % 10)

/* The name of the thread that a CPU runs. */
struct running_name {
	unsigned int cpu;
	char name[THREAD_NAME_SIZE];
};

/* cpu->running may end at any moment, and then be freed: so it is compared, and
 * only a thread that is on the list is looked at. */
static void running_name_copy(struct thread *t, void *arg)
{
	struct running_name *running = arg;

	if (t == cpus[running->cpu].running)
		strlcpy(running->name, t->name, sizeof(running->name));
}

static void cpu_print(const struct cpu *c, uint64_t idle_before,
		      uint64_t cycles)
{
	uint64_t idle = sched_idle_cycles(c->id);
	uint64_t idle_now = MIN(idle - idle_before, cycles);
	struct running_name running = {.cpu = c->id};

	thread_for_each(running_name_copy, &running, true);
	printk("%3u %4u %-16s %5llu.%llu%% %5llu.%llu%% %'10llu %5u "
	       "%'10llu\n",
	       c->id, c->apic_id, running.name, TENTHS(idle, time_cycles()),
	       TENTHS(idle_now, cycles),
	       (unsigned long long)sched_switches(c->id),
	       sched_queue_length(c->id),
	       (unsigned long long)c->interrupts[VECTOR_TIMER]);
}

void command_cpus(int argc, char **argv)
{
	uint64_t idle[MAX_CPUS], start = time_cycles();

	for (unsigned int i = 0; i < cpu_count; i++)
		idle[i] = sched_idle_cycles(i);
	thread_sleep_until(time_ns() + IDLE_SAMPLE);
	uint64_t cycles = time_cycles() - start;

	printk("CPU APIC RUNS               IDLE    NOW   SWITCHES "
	       "QUEUE     TIMERS\n");
	for (unsigned int i = 0; i < cpu_count; i++)
		cpu_print(&cpus[i], idle[i], cycles);
}

static void irq_print(unsigned int vector)
{
	printk("0x%02x %-18s", vector, trap_name(vector));
	for (unsigned int i = 0; i < cpu_count; i++)
		printk(" %6llu",
		       (unsigned long long)cpus[i].interrupts[vector]);
	printk("\n");
}

static bool irq_seen(unsigned int vector)
{
	for (unsigned int i = 0; i < cpu_count; i++)
		if (cpus[i].interrupts[vector] > 0)
			return true;
	return false;
}

void command_irq(int argc, char **argv)
{
	printk("%-23s", "VECTOR");
	for (unsigned int i = 0; i < cpu_count; i++)
		printk("   CPU%u", i);
	printk("\n");
	for (unsigned int vector = 0; vector < 256; vector++)
		if (irq_seen(vector))
			irq_print(vector);
}

/* The same words as in a panic; the locks change while they are printed. */
void command_locks(int argc, char **argv)
{
	report_locks();
}

void command_waits(int argc, char **argv)
{
	wait_report(true);
}

/* ---- activity on demand ---- */

static volatile bool spin_stop;

static void spin_thread(void *arg)
{
	while (!spin_stop)
		cpu_relax();
}

void command_spin(int argc, char **argv)
{
	struct thread *spinners[MAX_CPUS];
	uint64_t seconds = 10;
	unsigned int count;

	if (argc == 2 && !arg_number("spin", argv[1], &seconds))
		return;
	uint64_t end = time_ns() + MIN(seconds, 3600ull) * NSEC_PER_SEC;

	spin_stop = false;
	for (count = 0; count < cpu_count; count++)
		if (thread_spawn_on(count, &spinners[count], "spin",
				    spin_thread, NULL) < 0)
			break;
	printk("%u busy threads; Ctrl-C ends them\n", count);
	while (time_ns() < end && !monitor_interrupted())
		thread_sleep_until(time_ns() + 20 * NSEC_PER_MSEC);
	spin_stop = true;
	while (count > 0)
		thread_join(spinners[--count]);
}

void command_nmi(int argc, char **argv)
{
	intr_push();
	apic_send_nmi(this_cpu()->id);
	intr_pop();
}
