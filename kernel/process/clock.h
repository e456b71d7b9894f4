/*
 * clock.h - what the calls about time share.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "stat.h"
#include "types.h"

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

/* Nanoseconds.  0 or -EINVAL. */
int clock_read(int clock, uint64_t *ns);

/* 0 and nanoseconds, saturated; -EINVAL; and of a time in the program's memory,
 * -EFAULT. */
int time_valid(const struct timespec *time, uint64_t *ns);
int time_read(uintptr_t addr, uint64_t *ns);

/* Until time_ns() is that: 0, or -EINTR. */
int clock_sleep_until(uint64_t deadline);

/* For so long; when it ends early, the program learns how much is left. */
long clock_sleep_for(uint64_t ns, uintptr_t left_addr);

#endif
