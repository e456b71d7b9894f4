/*
 * monitor_commands.c - the table of the monitor's commands, and the small
 * ones.  Those that look at CPUs and threads are in monitor_cpu.c, those that
 * look at memory in monitor_memory.c.
 */
#include "monitor_commands.h"

#include "backtrace.h"
#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "input.h"
#include "ktest.h"
#include "monitor.h"
#include "power.h"
#include "printk.h"
#include "ps2.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "trace.h"

#define TRACE_SHOWN 40

/* From kernel.ld: all that KTEST() made. */
extern const struct ktest_case ktests_start[], ktests_end[];

bool arg_number(const char *command, const char *text, uint64_t *out)
{
	int err = parse_u64(text, out);

	if (err == -ERANGE)
		printk("%s: %s is more than 64 bits\n", command, text);
	else if (err < 0)
		printk("%s: %s is not a number\n", command, text);
	return err == 0;
}

/* The value of the first `len` characters as a symbol; 0 when it is none. */
static uintptr_t symbol_value(const char *text, size_t len)
{
	char name[64];

	if (len >= sizeof(name))
		return 0;
	memcpy(name, text, len);
	name[len] = '\0';
	return symbol_lookup(name);
}

bool arg_address(const char *command, const char *text, uintptr_t *out)
{
	const char *plus = strchr(text, '+');
	uint64_t offset = 0;

	if (parse_u64(text, out) == 0)
		return true;
	if (plus && !arg_number(command, plus + 1, &offset))
		return false;
	*out = symbol_value(text, plus ? (size_t)(plus - text) : strlen(text));
	if (*out == 0) {
		printk("%s: %s is neither a number nor a symbol "
		       "(hexadecimal begins with 0x)\n",
		       command, text);
		return false;
	}
	*out += offset;
	return true;
}

static void print_usage(const struct command *c)
{
	char usage[32];

	snprintf(usage, sizeof(usage), "%s %s", c->name, c->args);
	printk("  %-27s %s\n", usage, c->help);
}

static void command_help(int argc, char **argv)
{
	if (argc == 1) {
		for (size_t i = 0; i < monitor_command_count; i++)
			print_usage(&monitor_commands[i]);
		return;
	}
	const struct command *c = command_find(argv[1]);
	if (c)
		print_usage(c);
	else
		printk("help: no command %s\n", argv[1]);
}

static void command_test(int argc, char **argv)
{
	if (argc == 1)
		ktest_list();
	else if (ktest_run(argv[1]) == -ENOENT)
		printk("test: %s matches none; `test` lists them\n", argv[1]);
}

/* The tests of suite `fault` break the kernel on purpose. */
static void fault_list(void)
{
	printk("each ends in a panic that explains it:\n");
	for (const struct ktest_case *c = ktests_start; c < ktests_end; c++)
		if (strcmp(c->suite, "fault") == 0)
			printk("  fault %s\n", c->name);
}

static void command_fault(int argc, char **argv)
{
	char selection[64];

	if (argc == 1) {
		fault_list();
		return;
	}
	snprintf(selection, sizeof(selection), "fault/%s", argv[1]);
	if (ktest_run(selection) == -ENOENT)
		printk("fault: no fault %s; `fault` lists them\n", argv[1]);
}

static void command_trace(int argc, char **argv)
{
	uint64_t count = TRACE_SHOWN;

	if (argc == 3 && !arg_number("trace", argv[2], &count))
		return;
	if (strcmp(argv[1], "show") == 0)
		trace_print(MIN(count, (uint64_t)TRACE_RING_SIZE * MAX_CPUS));
	else if (strcmp(argv[1], "on") == 0)
		trace_enabled = true;
	else if (strcmp(argv[1], "off") == 0)
		trace_enabled = false;
	else if (strcmp(argv[1], "clear") == 0)
		trace_clear();
	else
		printk("trace: %s is not on, off, clear or show\n", argv[1]);
}

static void command_input(int argc, char **argv)
{
	const struct eventq *q = &input_events;

	printk("keyboard: %s, mouse: %s, %s\n",
	       ps2_present(PS2_KEYBOARD) ? "yes" : "no",
	       ps2_present(PS2_MOUSE) ? "yes" : "no",
	       input_started() ? "by interrupts" : "polled for the console");
	if (!input_started())
		return;
	printk("events: %'llu taken in, %'llu dropped, %u wait\n",
	       (unsigned long long)q->pushed, (unsigned long long)q->dropped,
	       event_count(&input_events));
	printk("scan codes: %u subscribers\n", input_subscribers());
}

static void command_cmdline(int argc, char **argv)
{
	printk("%s\n\nThe options that exist:\n", cmdline_text());
	cmdline_help();
}

static void command_uptime(int argc, char **argv)
{
	uint64_t ms = time_ns() / NSEC_PER_MSEC;

	printk("%'llu.%03llu s since boot, CPUs: %u, threads: %u\n",
	       (unsigned long long)ms / 1000, (unsigned long long)ms % 1000,
	       cpu_count, thread_count());
}

static void command_clear(int argc, char **argv)
{
	printk("\x1b[2J\x1b[H");
}

static void command_reboot(int argc, char **argv)
{
	power_reboot();
}

static void command_poweroff(int argc, char **argv)
{
	power_off(EXIT_USER);
}

#define COMMAND(command, arguments, min, max, text) \
	{ \
		.name = #command, .args = (arguments), .min_args = (min), \
		.max_args = (max), .help = (text), .run = command_##command \
	}

const struct command monitor_commands[] = {
	COMMAND(help, "[COMMAND]", 0, 1, "this list"),
	COMMAND(threads, "", 0, 0, "every thread, and where it waits"),
	COMMAND(bt, "ID", 1, 1, "the backtrace of a thread"),
	COMMAND(cpus, "", 0, 0, "each CPU: what it runs, how idle it is"),
	COMMAND(irq, "", 0, 0, "interrupts taken, by vector and CPU"),
	COMMAND(input, "", 0, 0, "keyboard, mouse, and their events"),
	COMMAND(locks, "", 0, 0, "core locks that are held now"),
	COMMAND(waits, "", 0, 0, "who waits for what, and who holds it"),
	COMMAND(mem, "", 0, 0, "free pages, and the heap"),
	COMMAND(walk, "ADDR", 1, 1, "the page table entries of an address"),
	COMMAND(sym, "ADDR", 1, 1, "the symbol at an address, or its address"),
	COMMAND(x, "ADDR [COUNT]", 1, 2, "bytes of memory"),
	COMMAND(test, "[SUITE[/NAME]]", 0, 1, "run tests, or list them"),
	COMMAND(fault, "[NAME]", 0, 1, "break the kernel on purpose"),
	COMMAND(trace, "on|off|clear|show [N]", 1, 2, "what happened lately"),
	COMMAND(spin, "[SECONDS]", 0, 1, "a busy thread on each CPU"),
	COMMAND(nmi, "", 0, 0, "where every CPU and thread is, by an NMI"),
	COMMAND(cmdline, "", 0, 0, "the command line, and its options"),
	COMMAND(uptime, "", 0, 0, "time since boot"),
	COMMAND(clear, "", 0, 0, "clear the screen"),
	COMMAND(reboot, "", 0, 0, "restart the machine"),
	COMMAND(poweroff, "", 0, 0, "leave the emulator"),
};
const size_t monitor_command_count = ARRAY_SIZE(monitor_commands);
