/*
 * realtime.h - the time of day, and random numbers for programs.
 */
#ifndef REALTIME_H
#define REALTIME_H

#include "types.h"

/* Reads the board's clock, once. */
void realtime_init(void);

/* Nanoseconds since 1970-01-01 UTC.  Any context. */
uint64_t realtime_ns(void);
void realtime_set(uint64_t ns);

/* Cannot be predicted from earlier output; the same in each run with the same
 * seed= on the command line.  Any context but NMI. */
void random_bytes(void *buf, size_t len);

#endif
