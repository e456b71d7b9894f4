/*
 * poll_timeout.h - the time-outs and signal masks of select(2), ppoll(2) and
 * epoll_pwait(2).
 */
#ifndef POLL_TIMEOUT_H
#define POLL_TIMEOUT_H

#include "types.h"

/* A time-out in the program's memory: seconds, and a second number of which
 * `unit` are a nanosecond each (struct timespec: 1, struct timeval: 1000). */
struct poll_timeout {
	uintptr_t addr; /* 0: none, for ever */
	unsigned int unit;
	uint64_t deadline;
};

/* -EFAULT, -EINVAL. */
int poll_timeout_read(struct poll_timeout *t, uintptr_t addr,
		      unsigned int unit);

/* What is left goes back to the program, as Linux does it. */
void poll_timeout_write(const struct poll_timeout *t);

/* The signal mask during ppoll() and pselect(); addr 0: no change. */
int poll_mask_begin(uintptr_t addr, size_t size, uint64_t *old);
void poll_mask_end(uint64_t old);

#endif
