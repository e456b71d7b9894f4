/*
 * time_calls.c - more calls about time: older ones, the resolution of clocks,
 * the time of day set, and sleeping until a time.
 *
 * What clocks there are, and how a thread sleeps, is in process/time_calls.c.
 */
#include "clock.h"
#include "errno.h"
#include "process.h"
#include "realtime.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"

#define TIMER_ABSTIME 1

struct timeval {
	int64_t sec, usec;
};

/* ---- reading clocks ---- */

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
	error = time_read(request, &ns);
	if (error)
		return error;
	if (!(flags & TIMER_ABSTIME))
		return clock_sleep_for(ns, left);
	if (clock == CLOCK_REALTIME) {
		now = realtime_ns();
		ns = time_ns() + (ns > now ? ns - now : 0);
	}
	return clock_sleep_until(ns);
}
