/*
 * report.c - where each CPU and each thread is, in words.
 *
 * The panic and the NMI report print the same things, from here.  Both run
 * while the other CPUs stand still, wherever they happened to be: perhaps in
 * the middle of changing what is printed.  So nothing is locked, and a pointer
 * is followed only after vm_readable() has said that it can be.
 */
#include "report.h"

#include "backtrace.h"
#include "cpu.h"
#include "panic.h"
#include "printk.h"
#include "spinlock.h"
#include "string.h"
#include "thread.h"
#include "trap.h"
#include "vm.h"

/* Of more threads than this the report only says how many there are. */
#define MAX_THREADS 64

char *report_thread_name(const struct thread *t, char *buf, size_t size)
{
	if (!t)
		strlcpy(buf, "no thread yet", size);
	else if (!vm_readable((uintptr_t)t, sizeof(*t)))
		snprintf(buf, size, "a broken current thread (%p)",
			 (const void *)t);
	else if (t->id == 0)
		strlcpy(buf, "the idle thread", size);
	else
		snprintf(buf, size, "thread %u (%.*s)", t->id, THREAD_NAME_SIZE,
			 t->name);
	return buf;
}

static void print_lock(const struct cpu *c, const struct core_lock *lock)
{
	char where[SYMBOL_TEXT_SIZE];

	if (!vm_readable((uintptr_t)lock, sizeof(*lock)) ||
	    !vm_readable((uintptr_t)lock->name, 1)) {
		printk("  CPU %u holds a lock that is none (%p)\n", c->id,
		       (const void *)lock);
		return;
	}
	printk("  CPU %u holds \"%.32s\", taken at %s\n", c->id, lock->name,
	       symbol_format_call(lock->taken_at, where, sizeof(where)));
}

/* Those of lab 1: a line each.  Returns how many. */
static unsigned int print_spinlocks(const struct cpu *c)
{
	char where[SYMBOL_TEXT_SIZE];

	if (!c->running)
		return 0;

	const struct spin_record *spin = &c->running->spin;
	unsigned int count = MIN(spin->held, MAX_HELD_SPINLOCKS);

	for (unsigned int i = 1; i <= count; i++) {
		const struct spinlock *lock = spin->lock[i];

		printk("  CPU %u holds spinlock \"%s\", taken at %s\n", c->id,
		       vm_readable((uintptr_t)lock, sizeof(*lock)) ? lock->name
								   : "?",
		       symbol_format_call(spin->at[i], where, sizeof(where)));
	}
	return count;
}

void report_locks(void)
{
	unsigned int total = 0;

	printk("Locks held:\n");
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		unsigned int count = cpus[i].held_count;

		for (unsigned int j = 0; j < MIN(count, MAX_HELD_LOCKS); j++)
			print_lock(&cpus[i], cpus[i].held[j]);
		total += count + print_spinlocks(&cpus[i]);
	}
	if (total == 0)
		printk("  none\n");
}

static void panic_locks(void)
{
	report_locks();
	spin_report();
}

PANIC_REPORT(PANIC_LOCKS, panic_locks);

void report_cpu(const struct cpu *c)
{
	const struct trap_frame *frame = c->stopped_at;
	char name[REPORT_THREAD_SIZE];

	report_thread_name(c->running, name, sizeof(name));
	if (!frame) {
		printk("CPU %u: %s; it does not answer, not even to an NMI\n",
		       c->id, name);
		return;
	}
	printk("CPU %u: %s, interrupts %s (irq_push() depth %u%s)%s\n", c->id,
	       name, frame->rflags & RFLAGS_IF ? "on" : "off", c->irq.depth,
	       c->intr_depth ? ", and off in the core" : "",
	       c->irq_nesting ? ", in an interrupt handler" : "");
	backtrace_frame(frame);
}

static bool on_a_cpu(const struct thread *t)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (cpus[i].running == t)
			return true;
	return false;
}

static void print_thread(struct thread *t, void *arg)
{
	unsigned int *count = arg;
	char name[REPORT_THREAD_SIZE];

	if (on_a_cpu(t) || ++*count > MAX_THREADS)
		return;
	report_thread_name(t, name, sizeof(name));
	printk("%s: %s, last on CPU %u\n", name, thread_state_name(t->state),
	       t->cpu);
	backtrace_thread(t);
}

void report_threads(void)
{
	unsigned int count = 0;

	thread_for_each(print_thread, &count, false);
	if (count > MAX_THREADS)
		printk("... and %u more threads\n", count - MAX_THREADS);
}

void report_registers(const struct trap_frame *f)
{
	printk("  rax %016lx  rbx %016lx  rcx    %016lx\n"
	       "  rdx %016lx  rsi %016lx  rdi    %016lx\n"
	       "  rbp %016lx  rsp %016lx  r8     %016lx\n",
	       f->rax, f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rbp, f->rsp,
	       f->r8);
	printk("  r9  %016lx  r10 %016lx  r11    %016lx\n"
	       "  r12 %016lx  r13 %016lx  r14    %016lx\n"
	       "  r15 %016lx  rip %016lx  rflags %016lx\n",
	       f->r9, f->r10, f->r11, f->r12, f->r13, f->r14, f->r15, f->rip,
	       f->rflags);
	printk("  cr2 %016lx  cr3 %016lx  cs     %016lx\n", read_cr2(),
	       read_cr3(), f->cs);
}
