/*
 * rusage.c - how much time and memory processes have used.
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

#include "process.h"
#include "time.h"

struct cpu_time cpu_time_report(struct cpu_time *last, struct cpu_time now)
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
	return cpu_time_report(&p->reported, time);
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
