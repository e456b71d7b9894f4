/*
 * rusage.h - struct rusage, as in getrusage(2), Linux x86-64.
 */
#ifndef RUSAGE_H
#define RUSAGE_H

#include "types.h"

struct time_value { /* struct timeval */
	int64_t seconds, microseconds;
};

struct rusage {
	struct time_value user_time, system_time;
	int64_t max_rss; /* KiB */
	int64_t unused[13];
};

struct cpu_time;

void rusage_fill(struct rusage *usage, struct cpu_time time, size_t max_pages);

/* The same total, in parts that are not less than those reported last, which
 * these now are. */
struct cpu_time cpu_time_report(struct cpu_time *last, struct cpu_time now);

#endif
