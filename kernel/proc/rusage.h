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

void rusage_fill(struct rusage *usage, uint64_t cycles, size_t max_pages);

#endif
