/*
 * mutex.h - the sleeping lock of the given kernel.
 *
 * For state that is held across something that may sleep: an address space, a
 * directory.  Lab 3's mutex is the student's; this one is built on core_lock
 * and thread_block(), so that memory and files do not depend on it.
 */
#ifndef MUTEX_H
#define MUTEX_H

#include "list.h"
#include "lock.h"
#include "types.h"

struct thread;

struct mutex {
	/* Atomic: the owner, a struct thread, and MUTEX_CONTENDED; 0: free. */
	volatile uintptr_t owner;

	struct core_lock guard;   /* of the rest */
	struct list_head waiters; /* first come, first served */
};

/* Somebody waits: in the lowest bit, which no pointer to a thread has set. */
#define MUTEX_CONTENDED 1ul

void mutex_init(struct mutex *m, const char *name);

/* Sleeps.  Panics when the caller owns it, or may not sleep. */
void mutex_lock(struct mutex *m);

/* Panics when the caller does not own it.  Never sleeps. */
void mutex_unlock(struct mutex *m);

/* Takes it if it is free, and says whether it did; never sleeps. */
bool mutex_try_lock(struct mutex *m);

/* Does the calling thread own it? */
bool mutex_held(const struct mutex *m);

#endif
