/*
 * panic.c - the end, explained.
 *
 * Whatever goes wrong in the kernel ends here: a failed assert, a fault (by
 * explain/fault.c), a check of a lock.  The CPU that panics first owns the
 * panic. It stops the others by NMI, which works with interrupts off too, and
 * prints:
 *
 *	what happened, on which CPU, in which thread
 *	the registers, of a trap		(report.c)
 *	the backtrace, each line a call		(backtrace.c)
 *	where each other CPU was
 *
 * and halts, or leaves the emulator (panic=exit).  What else belongs in the
 * report, as which locks are held and what the trace says, is printed by those
 * who know it: PANIC_REPORT in panic.h.  It trusts nothing: the
 * printing itself may fault, because what it prints is what was broken.  So a
 * second panic on the same CPU says in a few lines what and where, and a third
 * only leaves words on the serial port, without printk.  A fourth just halts.
 *
 * Two CPUs may panic at the same time: the second keeps its message for the
 * first one's report, and waits until it is stopped.
 */
#include "panic.h"

#include "backtrace.h"
#include "cmdline.h"
#include "cpu.h"
#include "power.h"
#include "printk.h"
#include "report.h"
#include "string.h"
#include "trap.h"

#define NO_CPU (-1)
#define COM1_DATA 0x3f8

/* Which CPU owns the panic; set once, by compare-exchange. */
static int owner = NO_CPU;

/* Private to the owner. */
static unsigned int depth;         /* panics within the panic, plus one */
static const char *message_format; /* while the message is printed */

/* Written by each CPU that lost the race, read by the owner. */
static char lost_message[MAX_CPUS][160];

/* Where it happened: a trap's frame, or else the call of panic(). */
struct panic_spot {
	struct trap_frame *frame;
	uintptr_t return_address, rbp;
};

bool panicking(void)
{
	return __atomic_load_n(&owner, __ATOMIC_ACQUIRE) != NO_CPU;
}

bool panic_is_owner(const struct cpu *c)
{
	return __atomic_load_n(&owner, __ATOMIC_ACQUIRE) == (int)c->id;
}

/* ---- the parts of the report ---- */

static void print_reports(enum panic_place place)
{
	const struct panic_report *report;

	table_for_each (report, panic_reports)
		if (report->place == place)
			report->print();
}

static void print_headline(const char *fmt, va_list args)
{
	const struct cpu *c = this_cpu();
	char name[REPORT_THREAD_SIZE];

	/* Separate calls: should the message fault, this much is out. */
	printk("\n*** PANIC on CPU %u in %s: ", c->id,
	       report_thread_name(c->running, name, sizeof(name)));
	message_format = fmt;
	vprintk(fmt, args);
	message_format = NULL;
	printk("\n");
}

static void print_place(const struct panic_spot *place)
{
	const struct trap_frame *f = place->frame;
	char where[SYMBOL_TEXT_SIZE];

	if (!f) {
		printk("Backtrace:\n");
		backtrace_call(place->return_address, place->rbp);
		return;
	}
	printk("Registers at the %s (vector %lu, error code 0x%lx):\n",
	       trap_name(f->vector), f->vector, f->error);
	report_registers(f);
	printk("  rip is %s\n", symbol_format(f->rip, where, sizeof(where)));
	fault_print_details(f);
	printk("Backtrace:\n");
	backtrace_frame(f);
}

static void print_other_cpus(void)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		if (!cpus[i].online || panic_is_owner(&cpus[i]))
			continue;
		if (lost_message[i][0])
			printk("CPU %u was about to panic too: %.159s\n", i,
			       lost_message[i]);
		report_cpu(&cpus[i]);
	}
}

static void print_hint(void)
{
	printk("Command line: %s\n", cmdline_text());
	printk("To stop here in the debugger: make gdb, with the same options, "
	       "and there\n\"break panic_report\", \"continue\", \"up\".\n");
}

/* ---- when the panic goes wrong ---- */

/* The shortest way to the serial port: no lock, no printk, no memory. */
static void write_raw(const char *text)
{
	for (; *text; text++)
		outb(COM1_DATA, *text);
}

static void __attribute__((noreturn)) leave(void)
{
	const char *then = cmdline_get("panic");

	if (then && strcmp(then, "exit") == 0)
		power_off(EXIT_PANIC);
	printk("The system is halted; in QEMU, Ctrl-A X leaves it.\n");
	power_halt();
}

static void __attribute__((noreturn))
report_second(const struct panic_spot *place, const char *fmt, va_list args)
{
	printk("\n*** PANIC AGAIN, while the first was being printed: ");
	vprintk(fmt, args);
	printk("\n");
	if (message_format)
		printk("*** The first message could not be formatted: \"%s\"\n",
		       message_format);
	if (place->frame)
		backtrace_frame(place->frame);
	else
		backtrace_call(place->return_address, place->rbp);
	printk("*** So the rest of the first report is missing.\n");
	leave();
}

static void __attribute__((noreturn)) report_third(void)
{
	write_raw(
		"\r\n*** PANIC a third time: the report itself is broken.\r\n");
	if (depth == 3)
		leave();
	power_halt();
}

/* ---- the way in ---- */

/*
 * Makes this CPU the owner.  When another one is: leaves the message for it,
 * and waits for its NMI.
 */
static void claim(const char *fmt, va_list args)
{
	struct cpu *c = this_cpu();
	int expected = NO_CPU;

	if (__atomic_compare_exchange_n(&owner, &expected, (int)c->id, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
	    expected == (int)c->id)
		return;
	/* If formatting faults we come here again: then it stays empty. */
	if (lost_message[c->id][0] == '\0') {
		lost_message[c->id][0] = '?';
		vsnprintf(lost_message[c->id], sizeof(lost_message[0]), fmt,
			  args);
	}
	for (;;)
		asm volatile("hlt");
}

/* Not inlined, so that "break panic_report" stops at every panic. */
static void __attribute__((noreturn, noinline))
panic_report(const struct panic_spot *place, const char *fmt, va_list args)
{
	cli();
	claim(fmt, args);
	depth++;
	if (depth > 2)
		report_third();
	printk_unlocked_begin();
	if (depth == 2)
		report_second(place, fmt, args);
	nmi_stop_others();
	print_reports(PANIC_FIRST);
	print_headline(fmt, args);
	print_reports(PANIC_HEADING);
	print_place(place);
	print_reports(PANIC_LOCKS);
	print_other_cpus();
	print_reports(PANIC_HISTORY);
	print_hint();
	leave();
}

void panic(const char *fmt, ...)
{
	const uintptr_t *frame = __builtin_frame_address(0);
	struct panic_spot place = {
		.return_address = frame[1],
		.rbp = frame[0],
	};
	va_list args;

	va_start(args, fmt);
	panic_report(&place, fmt, args);
}

void panic_trap(struct trap_frame *trap, const char *fmt, ...)
{
	struct panic_spot place = {.frame = trap};
	va_list args;

	va_start(args, fmt);
	panic_report(&place, fmt, args);
}
