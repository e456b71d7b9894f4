/*
 * core_mutex.h - the sleeping lock of the given kernel.
 *
 * For state that is held across something that may sleep: an address space, a
 * directory.  Lab 3's mutex is the student's; this one is built on core_lock
 * and thread_block(), so that memory and files do not depend on it.
 */
#ifndef CORE_MUTEX_H
#define CORE_MUTEX_H

#include "list.h"
#include "lock.h"
#include "types.h"

struct thread;

struct core_mutex {
	/* Atomic: the owner, a struct thread, and CORE_MUTEX_CONTENDED; 0:
	 * free. */
	volatile uintptr_t owner;

	struct core_lock guard;   /* of the rest */
	struct list_head waiters; /* first come, first served */
};

/* Somebody waits: in the lowest bit, which no pointer to a thread has set. */
#define CORE_MUTEX_CONTENDED 1ul

void core_mutex_init(struct core_mutex *m, const char *name);

/* Sleeps.  Panics when the caller owns it, or may not sleep. */
void core_mutex_lock(struct core_mutex *m);

/* Panics when the caller does not own it.  Never sleeps. */
void core_mutex_unlock(struct core_mutex *m);

/* Takes it if it is free, and says whether it did; never sleeps. */
bool core_mutex_try_lock(struct core_mutex *m);

/* Does the calling thread own it? */
bool core_mutex_held(const struct core_mutex *m);

#endif
