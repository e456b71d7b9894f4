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

struct mutex {
	struct core_lock guard;		/* of the two below */
	struct thread *owner;		/* NULL when free */
	struct list_head waiters;	/* first come, first served */
};

void mutex_init(struct mutex *m, const char *name);

/* Sleeps.  Panics when the caller owns it, or may not sleep. */
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_try_lock(struct mutex *m);

/* Does the calling thread own it? */
bool mutex_held(const struct mutex *m);

#endif
