/*
 * usage.c - how much time and memory processes have used: getrusage(2),
 * times(2), and the clocks of CPU time.
 */
#include "errno.h"
#include "process.h"
#include "rusage.h"
#include "time.h"
#include "uaccess.h"

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

#define TICKS_PER_SECOND 100 /* sysconf(_SC_CLK_TCK) */

struct process_times { /* struct tms */
	int64_t user, system, children_user, children_system;
};

long sys_getrusage(int who, uintptr_t buf)
{
	struct process *p = current->proc;
	size_t max_pages = p->aspace->max_resident;
	struct rusage usage;
	struct cpu_time time;

	spin_lock(&process_lock);
	switch (who) {
	case RUSAGE_SELF:
		time = process_time(p);
		break;
	case RUSAGE_THREAD:
		time = cpu_time_report(&current->reported,
				       thread_time(current));
		break;
	case RUSAGE_CHILDREN:
		time = p->children_time;
		max_pages = p->children_max_resident;
		break;
	default:
		spin_unlock(&process_lock);
		return -EINVAL;
	}
	spin_unlock(&process_lock);
	rusage_fill(&usage, time, max_pages);
	return put_user(usage, buf);
}

static int64_t ticks_from_cycles(uint64_t cycles)
{
	return time_cycles_to_ns(cycles) / (NSEC_PER_SEC / TICKS_PER_SECOND);
}

/* Ticks since boot. */
long sys_times(uintptr_t buf)
{
	struct process *p = current->proc;
	struct cpu_time own, children;
	struct process_times times;

	spin_lock(&process_lock);
	own = process_time(p);
	children = p->children_time;
	spin_unlock(&process_lock);
	times = (struct process_times){
		.user = ticks_from_cycles(own.user),
		.system = ticks_from_cycles(own.system),
		.children_user = ticks_from_cycles(children.user),
		.children_system = ticks_from_cycles(children.system),
	};
	if (buf && put_user(times, buf))
		return -EFAULT;
	return time_ns() / (NSEC_PER_SEC / TICKS_PER_SECOND);
}
