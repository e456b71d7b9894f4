/*
 * rusage.c - how much time and memory processes have used: getrusage(2),
 * times(2).
 *
 * The scheduler adds up how long each thread has run.  It does not tell time in
 * the program from time in the kernel on its behalf: to look at the clock twice
 * in each system call would make the shortest ones half as long again.  So all
 * of it is reported as user time, and system time is 0.
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

uint64_t thread_cycles(const struct thread *t)
{
	uint64_t cycles = t->run_cycles;

	if (t->state == THREAD_RUNNING)
		cycles += time_cycles() - t->switched_in;
	return cycles;
}

static uint64_t cycles_locked(const struct process *p)
{
	uint64_t cycles = p->run_cycles;
	struct thread *t;

	list_for_each (t, &p->threads, proc_link)
		cycles += thread_cycles(t);
	return cycles;
}

uint64_t process_cycles(struct process *p)
{
	uint64_t cycles;

	spin_lock(&process_lock);
	cycles = cycles_locked(p);
	spin_unlock(&process_lock);
	return cycles;
}

void rusage_fill(struct rusage *usage, uint64_t cycles, size_t max_pages)
{
	uint64_t ns = time_cycles_to_ns(cycles);

	*usage = (struct rusage){
		.user_time.seconds = ns / NSEC_PER_SEC,
		.user_time.microseconds = ns % NSEC_PER_SEC / NSEC_PER_USEC,
		.max_rss = max_pages * PAGE_SIZE / KIB,
	};
}

/* getrusage(who, usage) */
SYSCALL(getrusage)
{
	struct process *p = current->proc;
	size_t max_pages = p->aspace->max_resident;
	struct rusage usage;
	uint64_t cycles;

	UNUSED_FROM_C;
	switch ((int)a) {
	case RUSAGE_SELF:
		cycles = process_cycles(p);
		break;
	case RUSAGE_THREAD:
		cycles = thread_cycles(current);
		break;
	case RUSAGE_CHILDREN:
		spin_lock(&process_lock);
		cycles = p->children_cycles;
		max_pages = p->children_max_resident;
		spin_unlock(&process_lock);
		break;
	default:
		return -EINVAL;
	}
	rusage_fill(&usage, cycles, max_pages);
	return put_user(usage, b);
}

static int64_t ticks_from_cycles(uint64_t cycles)
{
	return time_cycles_to_ns(cycles) / (NSEC_PER_SEC / TICKS_PER_SECOND);
}

/* times(buffer): ticks since boot */
SYSCALL(times)
{
	struct process *p = current->proc;
	struct process_times times = {0};

	UNUSED_FROM_B;
	spin_lock(&process_lock);
	times.user = ticks_from_cycles(cycles_locked(p));
	times.children_user = ticks_from_cycles(p->children_cycles);
	spin_unlock(&process_lock);
	if (a && put_user(times, a))
		return -EFAULT;
	return time_ns() / (NSEC_PER_SEC / TICKS_PER_SECOND);
}
