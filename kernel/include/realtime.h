/*
 * realtime.h - the time of day.
 */
#ifndef REALTIME_H
#define REALTIME_H

#include "types.h"

/* Reads the board's clock, once. */
void realtime_init(void);

/* Nanoseconds since 1970-01-01 UTC.  Any context. */
uint64_t realtime_ns(void);

/* From now on it is that time. */
void realtime_set(uint64_t ns);

#endif
