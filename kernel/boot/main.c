/*
 * main.c - the order in which the kernel comes to life.
 *
 * kmain runs on the boot stack with the boot page tables, until memory is
 * there; start_core on a guarded stack of its own.  That context then becomes
 * the idle thread of CPU 0, and everything else happens in threads: main_thread
 * brings up what lies outside the core, which the core does not know by name
 * (init.h), and hands over to start_system() (monitor/start.c): to tests, the
 * first program, or the prompt.
 */
#include "apic.h"
#include "aspace.h"
#include "boot.h"
#include "cmdline.h"
#include "console.h"
#include "cpu.h"
#include "futex.h"
#include "init.h"
#include "page.h"
#include "panic.h"
#include "printk.h"
#include "ps2.h"
#include "realtime.h"
#include "sanitize.h"
#include "syscall.h"
#include "thread.h"
#include "time.h"
#include "trace.h"
#include "trap.h"
#include "vm.h"

/* In entry.asm. */
void stack_switch(uintptr_t top, void (*fn)(void)) __attribute__((noreturn));

static void main_thread(void *arg)
{
	init_run(INIT_PARTS);
	start_system();
}

static void print_banner(void)
{
	char cpu[64];

	cpu_describe(cpu, sizeof(cpu));
	printk("%u of %u CPUs online (%s, %llu MHz), %zu MiB of memory free\n",
	       cpu_count, cpu_possible, cpu,
	       (unsigned long long)time_tsc_hz() / 1000000,
	       page_free_count() * PAGE_SIZE / MIB);
}

static void start_core(void)
{
	struct thread *main;

	cpu_init_stacks(this_cpu());
	acpi_init();
	apic_init();
	apic_init_cpu();
	time_init();
	syscall_init();
	syscall_init_cpu();
	sched_init_cpu(this_cpu());
	thread_init();
	aspace_init();
	futex_init();
	smp_start();
	ps2_init();
	realtime_init();
	trace_enabled = cmdline_u64("trace", 0) != 0;
	print_banner();
	if (thread_spawn(&main, "main", main_thread, NULL))
		panic("start_core: no memory for the first thread");
	thread_detach(main);
	sched_idle();
}

void kmain(uint32_t magic, paddr_t info)
{
	const char *missing;

	cpu_init(&cpus[0]);
	trap_init();
	trap_load();
	console_init();
	multiboot_parse(magic, info);
	cmdline_init(boot_info.cmdline);
	console_select(cmdline_get("console"));
	printk("Signalbox, stage %s, started by %s\n", stage_name,
	       boot_info.loader);
	cmdline_report();
	missing = cpu_missing_feature();
	if (missing)
		panic("kmain: this CPU has no %s, which Signalbox needs",
		      missing);
	page_init(&boot_info);
	vm_init();
	sanitize_init();
	cpu_enable_features();
	uintptr_t stack = vm_stack_alloc();
	if (!stack)
		panic("kmain: no memory for the first stack");
	stack_switch(stack + STACK_SIZE, start_core);
}
