/*
 * rusage.c - how much time and memory processes have used: getrusage(2),
 * times(2).
 *
 * The time of a process is that of the threads it has, and of those that have
 * ended.  Of each the total is exact, and how much of it was spent in the
 * kernel is an estimate (kernel/sched/cputime.c), which may be corrected later:
 * what seemed to be the program's time turns out to be the kernel's.  But
 * programs subtract what they have been told from what they are told next.  So
 * neither part ever gets less than what was reported before, and the correction
 * waits until there is enough new time to take it from.  Their sum stays the
 * total.
 */
#include "rusage.h"

#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

#define TICKS_PER_SECOND 100 /* sysconf(_SC_CLK_TCK) */

struct process_times { /* struct tms */
	int64_t user, system, children_user, children_system;
};

/* The same total, in parts that are not less than those reported last. */
static struct cpu_time report(struct cpu_time *last, struct cpu_time now)
{
	/* A thread that is about to end the process is in no sum for a moment.
	 */
	uint64_t total = MAX(now.user + now.system, last->user + last->system);

	now.system = MAX(now.system, last->system);
	now.user = MAX(total - now.system, last->user);
	now.system = total - now.user;
	*last = now;
	return now;
}

struct cpu_time process_time(struct process *p)
{
	struct cpu_time time = p->time;
	struct thread *t;

	list_for_each (t, &p->threads, proc_link)
		cpu_time_add(&time, thread_time(t));
	return report(&p->reported, time);
}

uint64_t process_cycles(struct process *p)
{
	struct cpu_time time;

	spin_lock(&process_lock);
	time = process_time(p);
	spin_unlock(&process_lock);
	return time.user + time.system;
}

static struct time_value time_value(uint64_t cycles)
{
	uint64_t ns = time_cycles_to_ns(cycles);

	return (struct time_value){ns / NSEC_PER_SEC,
				   ns % NSEC_PER_SEC / NSEC_PER_USEC};
}

void rusage_fill(struct rusage *usage, struct cpu_time time, size_t max_pages)
{
	*usage = (struct rusage){
		.user_time = time_value(time.user),
		.system_time = time_value(time.system),
		.max_rss = max_pages * PAGE_SIZE / KIB,
	};
}

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
		time = report(&current->reported, thread_time(current));
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
