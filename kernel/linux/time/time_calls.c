/*
 * sys_time.c - the system calls that tell the time, and those that let it pass.
 *
 * All clocks are made from one, time_ns(), the time since boot.  The time of
 * day adds an offset; CPU time is what the scheduler counts for each thread.
 *
 * Sleeping is waiting (waitq.h) for something that never happens, with a
 * deadline.
 */
#include "errno.h"
#include "process.h"
#include "realtime.h"
#include "stat.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"

enum {
	CLOCK_REALTIME = 0,
	CLOCK_MONOTONIC = 1,
	CLOCK_PROCESS_CPUTIME_ID = 2,
	CLOCK_THREAD_CPUTIME_ID = 3,
	CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
};

#define TIMER_ABSTIME 1

struct timeval {
	int64_t sec, usec;
};

/* ---- reading clocks ---- */

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

static int clock_read(int clock, uint64_t *ns)
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

/* A nanosecond: the time stamp counter is at least as fine. */
long sys_clock_getres(int clock, uintptr_t addr)
{
	struct timespec resolution = {0, 1};
	uint64_t ns;
	int error = clock_read(clock, &ns);

	if (error || !addr)
		return error;
	return put_user(resolution, addr);
}

long sys_gettimeofday(uintptr_t time_addr, uintptr_t zone_addr)
{
	static const int zone[2]; /* UTC; obsolete: gettimeofday(2) */
	uint64_t ns = realtime_ns();
	struct timeval time = {ns / NSEC_PER_SEC,
			       ns % NSEC_PER_SEC / NSEC_PER_USEC};

	if (time_addr && put_user(time, time_addr))
		return -EFAULT;
	return zone_addr ? copy_to_user(zone_addr, zone, sizeof(zone)) : 0;
}

long sys_time(uintptr_t addr)
{
	int64_t seconds = realtime_ns() / NSEC_PER_SEC;

	if (addr && put_user(seconds, addr))
		return -EFAULT;
	return seconds;
}

/* ---- setting the time of day ---- */

/* 0 and nanoseconds, saturated; -EINVAL. */
static int time_valid(const struct timespec *time, uint64_t *ns)
{
	if (time->sec < 0 || (uint64_t)time->nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if ((uint64_t)time->sec >= INT64_MAX / NSEC_PER_SEC)
		*ns = INT64_MAX;
	else
		*ns = time->sec * NSEC_PER_SEC + time->nsec;
	return 0;
}

long sys_clock_settime(int clock, uintptr_t addr)
{
	struct timespec time;
	uint64_t ns;
	int error;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (get_user(time, addr))
		return -EFAULT;
	error = time_valid(&time, &ns);
	if (error)
		return error;
	if (!process_is_root())
		return -EPERM;
	realtime_set(ns);
	return 0;
}

/* ---- sleeping ---- */

/* 0, or -EINTR. */
static int sleep_until(uint64_t deadline)
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

/* When it ends early, the program learns how much is left. */
static long sleep_for(uint64_t ns, uintptr_t left_addr)
{
	uint64_t deadline = time_ns() + ns, now;
	struct timespec left;
	long result = sleep_until(deadline);

	now = time_ns();
	if (result && left_addr) {
		left = to_timespec(deadline > now ? deadline - now : 0);
		if (put_user(left, left_addr))
			return -EFAULT;
	}
	return result;
}

static int read_time(uintptr_t addr, uint64_t *ns)
{
	struct timespec time;

	return get_user(time, addr) ? -EFAULT : time_valid(&time, ns);
}

long sys_nanosleep(uintptr_t request, uintptr_t left)
{
	uint64_t ns;
	int error = read_time(request, &ns);

	return error ? error : sleep_for(ns, left);
}

long sys_clock_nanosleep(int clock, int flags, uintptr_t request,
			 uintptr_t left)
{
	uint64_t ns, now;
	int error;

	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME)
		return -EINVAL;
	error = read_time(request, &ns);
	if (error)
		return error;
	if (!(flags & TIMER_ABSTIME))
		return sleep_for(ns, left);
	if (clock == CLOCK_REALTIME) {
		now = realtime_ns();
		ns = time_ns() + (ns > now ? ns - now : 0);
	}
	return sleep_until(ns);
}
