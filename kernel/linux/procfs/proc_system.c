/*
 * proc_system.c - files of /proc that tell of the machine and of the kernel.
 *
 * The formats are those of proc(5), as programs read them.  What this kernel
 * does not have (swap, buffers, a disk) is 0 or left out.
 */
#include "procfs.h"

#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "heap.h"
#include "load.h"
#include "page.h"
#include "realtime.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "trap.h"
#include "uts.h"

/* ---- memory ---- */

static int show_meminfo(const struct proc_node *node, struct text *text)
{
	const size_t page_kib = PAGE_SIZE / KIB;
	size_t files = ram_file_pages() * page_kib;
	size_t total = page_total_count() * page_kib;
	size_t free = page_free_count() * page_kib;

	text_printf(text, "MemTotal:       %8zu kB\n", total);
	text_printf(text, "MemFree:        %8zu kB\n", free);
	text_printf(text, "MemAvailable:   %8zu kB\n", free);
	text_printf(text, "Buffers:               0 kB\n");
	text_printf(text, "Cached:         %8zu kB\n", files);
	text_printf(text, "SwapCached:            0 kB\n");
	text_printf(text, "SwapTotal:             0 kB\n");
	text_printf(text, "SwapFree:              0 kB\n");
	text_printf(text, "Shmem:          %8zu kB\n", files);
	text_printf(text, "SReclaimable:          0 kB\n");
	return 0;
}

/* ---- CPUs ---- */

static int show_cpuinfo(const struct proc_node *node, struct text *text)
{
	uint64_t khz = time_tsc_hz() / 1000;
	char model[64];

	cpu_describe(model, sizeof(model));
	for (unsigned int i = 0; i < cpu_count; i++) {
		text_printf(text, "processor\t: %u\n", i);
		text_printf(text, "model name\t: %s\n", model);
		text_printf(text, "cpu MHz\t\t: %lu.%03lu\n", khz / 1000,
			    khz % 1000);
		text_printf(text, "apicid\t\t: %u\n", cpus[i].apic_id);
		text_printf(text, "cpu cores\t: %u\n\n", cpu_count);
	}
	return 0;
}

struct cpu_usage {
	uint64_t user, system, idle; /* ticks */
};

/* What is neither idle nor the kernel's, by sched/cputime.c, is programs'. */
static struct cpu_usage cpu_usage(unsigned int cpu)
{
	/* Each of the three is rounded down, so the remainder may be a tick
	 * less than it was; who takes differences must not see that. */
	static uint64_t user_seen[MAX_CPUS];
	uint64_t all = time_ns() / (NSEC_PER_SEC / PROC_TICKS_PER_SECOND);
	uint64_t idle = MIN(all, proc_ticks(sched_idle_cycles(cpu)));
	uint64_t system = MIN(all - idle, proc_ticks(sched_system_cycles(cpu)));
	uint64_t user = all - idle - system;
	uint64_t seen = __atomic_load_n(&user_seen[cpu], __ATOMIC_RELAXED);

	while (user > seen &&
	       !__atomic_compare_exchange_n(&user_seen[cpu], &seen, user, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return (struct cpu_usage){MAX(user, seen), system, idle};
}

static void print_usage(struct text *text, const struct cpu_usage *u)
{
	text_printf(text, " %lu 0 %lu %lu 0 0 0 0 0 0\n", u->user, u->system,
		    u->idle);
}

static uint64_t interrupts_of(unsigned int vector)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < cpu_count; i++)
		sum += cpus[i].interrupts[vector];
	return sum;
}

static uint64_t interrupts_all(void)
{
	uint64_t sum = 0;

	for (unsigned int vector = 0; vector < 256; vector++)
		sum += interrupts_of(vector);
	return sum;
}

static int show_stat(const struct proc_node *node, struct text *text)
{
	struct cpu_usage all = {0}, each[MAX_CPUS];
	uint64_t switches = 0;
	unsigned int ready = 0;

	for (unsigned int i = 0; i < cpu_count; i++) {
		each[i] = cpu_usage(i);
		all.user += each[i].user;
		all.system += each[i].system;
		all.idle += each[i].idle;
		switches += sched_switches(i);
		ready += sched_queue_length(i);
	}
	text_printf(text, "cpu ");
	print_usage(text, &all);
	for (unsigned int i = 0; i < cpu_count; i++) {
		text_printf(text, "cpu%u", i);
		print_usage(text, &each[i]);
	}
	text_printf(text, "intr %lu\nctxt %lu\nbtime %lu\n", interrupts_all(),
		    switches,
		    (uint64_t)((realtime_ns() - time_ns()) / NSEC_PER_SEC));
	text_printf(text, "processes %lu\nprocs_running %u\nprocs_blocked 0\n",
		    process_created(), ready + 1); /* and who asks */
	return 0;
}

static const char *vector_name(unsigned int vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return "Non-maskable interrupts";
	case VECTOR_TIMER:
		return "Local timer interrupts";
	case VECTOR_RESCHEDULE:
		return "Rescheduling interrupts";
	case VECTOR_TLB:
		return "TLB shootdowns";
	case VECTOR_SPURIOUS:
		return "Spurious interrupts";
	default:
		return "";
	}
}

static int show_interrupts(const struct proc_node *node, struct text *text)
{
	text_printf(text, "     ");
	for (unsigned int i = 0; i < cpu_count; i++)
		text_printf(text, "      CPU%u", i);
	text_printf(text, "\n");
	for (unsigned int v = 0; v < 256; v++) {
		if (interrupts_of(v) == 0)
			continue;
		if (v >= VECTOR_DEVICE && v < VECTOR_DEVICE + DEVICE_LINES)
			text_printf(text, "%3u: ", v - VECTOR_DEVICE);
		else
			text_printf(text, " %02x: ", v);
		for (unsigned int i = 0; i < cpu_count; i++)
			text_printf(text, "%10lu", cpus[i].interrupts[v]);
		text_printf(text, "  %s\n", vector_name(v));
	}
	return 0;
}

/* ---- time and load ---- */

static void print_hundredths(struct text *text, uint64_t cycles)
{
	uint64_t t = proc_ticks(cycles);

	text_printf(text, "%lu.%02lu", t / 100, t % 100);
}

static int show_uptime(const struct proc_node *node, struct text *text)
{
	uint64_t idle = 0, now = time_ns() / 10000000;

	for (unsigned int i = 0; i < cpu_count; i++)
		idle += sched_idle_cycles(i);
	text_printf(text, "%lu.%02lu ", now / 100, now % 100);
	print_hundredths(text, idle);
	text_printf(text, "\n");
	return 0;
}

static int show_loadavg(const struct proc_node *node, struct text *text)
{
	uint32_t load[3];
	unsigned int ready = 1;

	load_averages(load);
	for (unsigned int i = 0; i < cpu_count; i++)
		ready += sched_queue_length(i);
	for (unsigned int i = 0; i < 3; i++)
		text_printf(text, "%u.%02u ", load[i] / LOAD_ONE,
			    load[i] % LOAD_ONE * 100 / LOAD_ONE);
	text_printf(text, "%u/%u %d\n", ready, thread_count(),
		    process_last_pid());
	return 0;
}

/* ---- the kernel ---- */

static int show_version(const struct proc_node *node, struct text *text)
{
	struct utsname names;

	uts_copy(&names);
	text_printf(text, "%s version %s %s\n", names.sysname, names.release,
		    names.version);
	return 0;
}

static int show_filesystems(const struct proc_node *node, struct text *text)
{
	text_printf(text, "nodev\ttmpfs\nnodev\tproc\n");
	return 0;
}

int proc_show_mounts(const struct proc_node *node, struct text *text)
{
	text_printf(text, "tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\n");
	return 0;
}

int proc_show_mountinfo(const struct proc_node *node, struct text *text)
{
	text_printf(text, "1 1 0:1 / / rw - tmpfs tmpfs rw\n");
	text_printf(text, "2 1 0:2 / /proc rw - proc proc rw\n");
	return 0;
}

static int show_cmdline(const struct proc_node *node, struct text *text)
{
	text_printf(text, "%s\n", cmdline_text());
	return 0;
}

/* ---- links ---- */

static int link_self(const struct proc_node *node, struct text *text,
		     struct inode **target)
{
	if (!current->proc)
		return -ENOENT;
	text_printf(text, "%d", current->proc->pid);
	return 0;
}

static int link_thread_self(const struct proc_node *node, struct text *text,
			    struct inode **target)
{
	if (!current->proc)
		return -ENOENT;
	text_printf(text, "%d/task/%d", current->proc->pid, current->tid);
	return 0;
}

static int link_mounts(const struct proc_node *node, struct text *text,
		       struct inode **target)
{
	text_printf(text, "self/mounts");
	return 0;
}

/* ---- the rows ---- */

PROC_LINK("", "self", link_self);
PROC_LINK("", "thread-self", link_thread_self);
PROC_LINK("", "mounts", link_mounts);
PROC_FILE("", "cmdline", show_cmdline);
PROC_FILE("", "cpuinfo", show_cpuinfo);
PROC_FILE("", "filesystems", show_filesystems);
PROC_FILE("", "interrupts", show_interrupts);
PROC_FILE("", "loadavg", show_loadavg);
PROC_FILE("", "meminfo", show_meminfo);
PROC_FILE("", "stat", show_stat);
PROC_FILE("", "uptime", show_uptime);
PROC_FILE("", "version", show_version);
PROC_DIRECTORY("", "sysvipc", "sysvipc");
