/*
 * sync.h - lab 3: locks and conditions for threads that may sleep.
 *
 * All are built on the wait queue (waitq.h), and cost no CPU while waiting:
 *
 *	semaphore	a number that is never negative; down waits for it to be
 *			positive
 *	mutex		one thread at a time, which owns it
 *	condition	a place to wait until something that a mutex guards has
 *			changed
 *	rwlock		many readers, or one writer
 *
 * First come, first served.  What is given back while somebody waits is for the
 * one whose turn it is, from that moment on, and not from when that thread gets
 * a CPU.  Whoever comes in between, to wait or to try, comes after it: a
 * newcomer overtakes nobody.
 *
 * The functions with lab_ in front are the student's (sync.c); everybody else
 * calls the wrappers without it, which are given
 * (kernel/ipc/03-blocking/sync.c): they record who waits for what and who holds
 * it.  Of each structure, the student uses the fields as they like, or not at
 * all.
 *
 * Whatever waits needs thread context and no spinlock held.  sem_up, the
 * try_ functions, condition_signal and condition_broadcast never wait;
 * sem_try_down and sem_up may also be called by interrupt handlers.
 */
#ifndef SYNC_H
#define SYNC_H

#include "spinlock.h"
#include "thread.h"
#include "types.h"
#include "waitq.h"

/* ---- semaphore ---- */

struct semaphore {
	/* Given; first, since a spinlock is told by its address, too. */
	const char *name;

	/* The student's. */
	struct spinlock lock;
	struct waitq waiters;
	unsigned int count;
};

void lab_sem_init(struct semaphore *s, const char *name, unsigned int count);

/* Takes one: waits until there is one, no longer than until the deadline.
 * 0, -ETIMEDOUT; -ERESTARTSYS with WAIT_INTERRUPTIBLE.  First come, first
 * served; who gives up has taken none. */
int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags);

/* Takes one if there is one, and says whether it did.  What was put up for one
 * that waits is not there. */
bool lab_sem_try_down(struct semaphore *s);

/* Adds one; if somebody waits, for the one that has waited longest. */
void lab_sem_up(struct semaphore *s);

/* ---- mutex ---- */

struct mutex {
	/* Given; first, since a spinlock is told by its address, too. */
	const char *name;

	/* The student's. */
	struct spinlock lock;
	struct waitq waiters;
	struct thread *owner;  /* NULL: free */
	struct list_head link; /* for the challenge; see struct thread */
};

void lab_mutex_init(struct mutex *m, const char *name);

/*
 * Waits until it is free, no longer than until the deadline, and takes it:
 * first come, first served.  0; -EDEADLK: the caller owns it; -ETIMEDOUT.
 *
 * Challenge, priority inheritance: as long as a thread of higher priority waits
 * for the mutex, its owner runs with that priority (thread_boost()), and if
 * the owner itself waits for a mutex, so does that one's owner, and so on.  A
 * thread that gives back a mutex, or gives up waiting, takes its part of the
 * others' priority with it.  A waiter's priority counts as it is when it begins
 * to wait.
 */
int lab_mutex_lock_until(struct mutex *m, uint64_t deadline);

/* Takes it if it is free: 0, or -EBUSY, also when the caller owns it, and when
 * it was given back while others wait. */
int lab_mutex_try_lock(struct mutex *m);

/* Gives it back; if somebody waits, to the one that has waited longest.  0, or
 * -EPERM: the caller does not own it. */
int lab_mutex_unlock(struct mutex *m);

/* ---- condition variable ---- */

struct condition {
	/* Given; first, since a spinlock is told by its address, too. */
	const char *name;

	/* The student's. */
	struct spinlock lock;
	struct waitq waiters;
};

void lab_condition_init(struct condition *c, const char *name);

/*
 * Gives back the mutex and waits, as one: a signal that comes after the mutex
 * was given back is not lost.  Owns the mutex again on return: so it may return
 * later than the deadline.  0; -ETIMEDOUT; -EPERM: the caller does not own the
 * mutex, and nothing has happened.
 */
int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline);

/* Wakes the thread that waits longest; all that wait.  If there is none the
 * call has no effect: it is not remembered.  The mutex need not be held. */
void lab_condition_signal(struct condition *c);
void lab_condition_broadcast(struct condition *c);

/* ---- reader-writer lock ---- */

struct rwlock {
	/* Given; first, since a spinlock is told by its address, too. */
	const char *name;

	/* The student's. */
	struct spinlock lock;
	struct waitq read_waiters, write_waiters;
	unsigned int readers;  /* that hold it */
	struct thread *writer; /* that holds it, or NULL */
};

void lab_rwlock_init(struct rwlock *l, const char *name);

/*
 * Starves nobody: a reader that comes while a writer waits, waits behind it;
 * when a writer has finished, all readers that wait by then go before the next
 * writer, also before one that comes just then.  Writers go in the order in
 * which they came.  0; -EDEADLK: the caller holds it for writing.
 */
int lab_rwlock_read_lock(struct rwlock *l);
int lab_rwlock_write_lock(struct rwlock *l);

/* 0; -EPERM: nobody holds it for reading; the caller does not hold it for
 * writing. */
int lab_rwlock_read_unlock(struct rwlock *l);
int lab_rwlock_write_unlock(struct rwlock *l);

/* ---- the wrappers: kernel/ipc/03-blocking/sync.c ---- */

void sem_init(struct semaphore *s, const char *name, unsigned int count);
int sem_down_until(struct semaphore *s, uint64_t deadline, unsigned int flags);
void sem_down(struct semaphore *s);
bool sem_try_down(struct semaphore *s);
void sem_up(struct semaphore *s);

void mutex_init(struct mutex *m, const char *name);
int mutex_lock(struct mutex *m);
int mutex_lock_until(struct mutex *m, uint64_t deadline);
int mutex_try_lock(struct mutex *m);
int mutex_unlock(struct mutex *m);

void condition_init(struct condition *c, const char *name);
int condition_wait(struct condition *c, struct mutex *m);
int condition_wait_until(struct condition *c, struct mutex *m,
			 uint64_t deadline);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);

void rwlock_init(struct rwlock *l, const char *name);
int rwlock_read_lock(struct rwlock *l);
int rwlock_read_unlock(struct rwlock *l);
int rwlock_write_lock(struct rwlock *l);
int rwlock_write_unlock(struct rwlock *l);

#endif
