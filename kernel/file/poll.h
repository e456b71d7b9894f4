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

/* The same for a list in the program's memory, which gets the answer. */
long poll_user(uintptr_t addr, uint64_t count, uint64_t deadline);

#endif
