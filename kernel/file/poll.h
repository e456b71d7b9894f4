/*
 * poll.h - what poll(2) and select(2) share.
 */
#ifndef POLL_H
#define POLL_H

#include "file.h"
#include "types.h"

#define POLLRDNORM 0x040
#define POLLWRNORM 0x100

/* Data is of one kind here: what is ready is also ready so. */
static inline unsigned int poll_with_normal(unsigned int events)
{
	return events | (events & POLLIN ? POLLRDNORM : 0) |
	       (events & POLLOUT ? POLLWRNORM : 0);
}

struct pollfd { /* as in poll(2) */
	int fd;
	int16_t events, revents;
};

/* Fills in revents.  How many are ready, 0 at the deadline (time_ns()), and at
 * once with a deadline of 0; -EINTR, -ENOMEM.  Sleeps. */
long poll_files(struct pollfd *fds, unsigned int count, uint64_t deadline);

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
