/*
 * time_calls.c - the clocks that programs read, and how they let time pass:
 * clock_gettime(2), nanosleep(2).
 *
 * All clocks are made from one, time_ns(), the time since boot.  The time of
 * day adds an offset; CPU time is what the scheduler counts for each thread.
 *
 * Sleeping is waiting (waitq.h) for something that never happens, with a
 * deadline.
 */
#include "clock.h"
#include "errno.h"
#include "process.h"
#include "realtime.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"

/*
 * The CPU time of any process or thread, by a clock number made from its id:
 * clock_getcpuclockid(3), pthread_getcpuclockid(3).  Negative, with the id's
 * complement in the upper bits, and below: bit 2 for a thread, 2 for the
 * scheduler's count.
 */
static int cpu_clock_read(int clock, uint64_t *ns)
{
	int id = ~(clock >> 3);
	uint64_t cycles = 0;
	bool found;

	if ((clock & 3) == 3)
		return -EINVAL;
	spin_lock(&process_lock);
	if (clock & 4) {
		struct thread *t = id ? process_find_thread(id) : current;

		found = t && t->proc == current->proc;
		if (found)
			cycles = thread_cycles(t);
	} else {
		found = id == 0 || id == current->proc->pid;
	}
	spin_unlock(&process_lock);
	if (!found)
		return -EINVAL;
	if (!(clock & 4))
		cycles = process_cycles(current->proc);
	*ns = time_cycles_to_ns(cycles);
	return 0;
}

int clock_read(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = time_cycles_to_ns(process_cycles(current->proc));
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = time_cycles_to_ns(thread_cycles(current));
		return 0;
	default:
		return clock < 0 ? cpu_clock_read(clock, ns) : -EINVAL;
	}
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

long sys_clock_gettime(int clock, uintptr_t addr)
{
	struct timespec time;
	uint64_t ns;
	int error = clock_read(clock, &ns);

	if (error)
		return error;
	time = to_timespec(ns);
	return put_user(time, addr);
}

/* ---- sleeping ---- */

int time_valid(const struct timespec *time, uint64_t *ns)
{
	if (time->sec < 0 || (uint64_t)time->nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if ((uint64_t)time->sec >= INT64_MAX / NSEC_PER_SEC)
		*ns = INT64_MAX;
	else
		*ns = time->sec * NSEC_PER_SEC + time->nsec;
	return 0;
}

int clock_sleep_until(uint64_t deadline)
{
	struct spinlock lock;
	struct waitq nobody_wakes;
	int error = 0;

	spin_init(&lock, "sleep");
	waitq_init(&nobody_wakes, "nanosleep");
	spin_lock(&lock);
	while (!error)
		error = waitq_sleep_until(&nobody_wakes, &lock, deadline,
					  WAIT_INTERRUPTIBLE);
	spin_unlock(&lock);
	return error == -ETIMEDOUT ? 0 : -EINTR;
}

long clock_sleep_for(uint64_t ns, uintptr_t left_addr)
{
	uint64_t deadline = time_ns() + ns, now;
	struct timespec left;
	long result = clock_sleep_until(deadline);

	now = time_ns();
	if (result && left_addr) {
		left = to_timespec(deadline > now ? deadline - now : 0);
		if (put_user(left, left_addr))
			return -EFAULT;
	}
	return result;
}

int time_read(uintptr_t addr, uint64_t *ns)
{
	struct timespec time;

	return get_user(time, addr) ? -EFAULT : time_valid(&time, ns);
}

long sys_nanosleep(uintptr_t request, uintptr_t left)
{
	uint64_t ns;
	int error = time_read(request, &ns);

	return error ? error : clock_sleep_for(ns, left);
}
