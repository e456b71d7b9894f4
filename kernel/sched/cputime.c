/*
 * cputime.c - how much CPU time a thread has used, and where; what each CPU
 * did.
 *
 * The total is exact.  A switch takes the time off run_cycles of the thread
 * that comes, and adds it to those of the one that leaves (thread.h); who asks
 * for the time of a thread that runs right now takes the lock of its run queue,
 * so that no switch comes between the two numbers.
 *
 * How much of the total was spent in the program, and how much in the kernel on
 * its behalf, is an estimate, as UNIX has always made it.  To look at the clock
 * on each way into the kernel and out of it would make the shortest system
 * calls half as long again.  Instead the timer's interrupt looks where it has
 * struck, and that is where the thread is taken to have been for all the time
 * that it ran since the last look.  There is an interrupt at the end of each
 * time slice of 10 ms at least, so who runs for a second is seen a hundred
 * times.  The time since the last look counts as the program's: a thread that
 * ends, or sleeps, before it is ever seen has user time only.
 *
 * Interrupts that strike while they are off are served as soon as they are on
 * again, which may be back in the program.  So what the kernel does with
 * interrupts off looks shorter than it is.
 */
#include "sched.h"
#include "time.h"

/* Needs the run queue lock of t's CPU. */
static uint64_t cycles_locked(const struct thread *t)
{
	return thread_cycles_at(t, time_cycles());
}

uint64_t thread_cycles(struct thread *t)
{
	struct run_queue *rq = sched_lock_thread(t);
	uint64_t cycles = cycles_locked(t);

	core_unlock(&rq->lock);
	return cycles;
}

struct cpu_time thread_time(struct thread *t)
{
	struct run_queue *rq = sched_lock_thread(t);
	uint64_t system = t->system_cycles;
	struct cpu_time time = {cycles_locked(t) - system, system};

	core_unlock(&rq->lock);
	return time;
}

void thread_sample_mode(bool user)
{
	struct thread *t = current;
	struct run_queue *rq;
	uint64_t cycles;

	if (!t->proc)
		return;
	rq = sched_lock_local();
	cycles = cycles_locked(t);
	if (!user) {
		t->system_cycles += cycles - t->sampled_cycles;
		rq->system_cycles += cycles - t->sampled_cycles;
	}
	t->sampled_cycles = cycles;
	core_unlock(&rq->lock);
}

/* ---- of a CPU ---- */

uint64_t sched_idle_cycles(unsigned int cpu)
{
	return thread_cycles_at(cpus[cpu].idle, time_cycles());
}

uint64_t sched_system_cycles(unsigned int cpu)
{
	return run_queues[cpu].system_cycles;
}

uint64_t sched_switches(unsigned int cpu)
{
	return run_queues[cpu].switches;
}

unsigned int sched_queue_length(unsigned int cpu)
{
	return run_queues[cpu].length;
}
