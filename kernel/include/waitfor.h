/*
 * waitfor.h - who waits for what, and who holds it: the record.
 *
 * The wrappers around everything that can make a thread wait write here, in the
 * thread's own struct; nothing that a student writes is asked.  A mutex's
 * wrapper does so:
 *
 *	outer = wait_begin(WAIT_MUTEX, m, m->name, CALL_SITE);
 *	error = lab_mutex_lock(m);
 *	wait_end(outer);
 *	if (!error)
 *		hold_begin(WAIT_MUTEX, m, m->name, CALL_SITE);
 *
 * its unlock calls hold_end(m) before lab_mutex_unlock(m), and its init
 * wait_forget(m).  Waits nest: a mutex is built on a wait queue.  What is
 * reported is the innermost one that is not WAIT_QUEUE, since that says most;
 * WAIT_DEVICE and WAIT_WORK stay what they are, whatever is called inside.
 *
 * From the record follow three things (kernel/explain/waitfor_report.c and
 * lockorder.c): the report of who waits for whom, with the cycle if there is
 * one; that a machine on which no thread can run says so at once; and that two
 * locks taken in both orders are noticed before that ends in a deadlock.
 */
#ifndef WAITFOR_H
#define WAITFOR_H

#include "table.h"
#include "time.h"
#include "types.h"

struct spinlock;
struct thread;

enum wait_kind {
	WAIT_NONE,
	WAIT_QUEUE,  /* a wait queue of which no more is known */
	WAIT_DEVICE, /* ended from outside, as by a key: never a deadlock */
	WAIT_SEMAPHORE,
	WAIT_MUTEX,
	WAIT_CONDITION,
	WAIT_READ_LOCK,
	WAIT_WRITE_LOCK,
	WAIT_FUTEX,
	WAIT_CORE_MUTEX,
	WAIT_JOIN, /* the object is the thread that shall end */
	WAIT_GATE, /* of a test: ktest.h */
	WAIT_WORK, /* a thread of the kernel that has nothing to do */
	WAIT_KINDS
};

/* What a thread waits for. */
struct wait_record {
	enum wait_kind kind; /* WAIT_NONE: for nothing that is recorded */
	const void *object;
	const char *name; /* of the object; NULL: it has none */
	uintptr_t at;     /* call site */
};

/* What a thread holds. */
struct held_record {
	enum wait_kind kind;
	const void *object;
	const char *name;
	uintptr_t at; /* where it was taken */
};

/* More are not recorded. */
#define MAX_HELD_OBJECTS 8

/* In each struct thread; written by the thread alone. */
struct thread_waits {
	struct wait_record wait;
	unsigned int held_count;
	struct held_record held[MAX_HELD_OBJECTS];
};

/* Fills in a record; needs what wait_begin() takes care of. */
static inline void wait_set(struct wait_record *wait, enum wait_kind kind,
			    const void *object, const char *name,
			    uintptr_t call_site)
{
	wait->object = object;
	wait->name = name;
	wait->at = call_site;
	wait->kind = kind; /* last: who reads it then finds the rest */
}

/*
 * The caller is about to wait for the object, or to take it, which is the same
 * if it is free.  Returns what it was waiting for before, for wait_end().
 * Checks the order of locks for the kinds that are locks.
 */
struct wait_record wait_begin(enum wait_kind kind, const void *object,
			      const char *name, uintptr_t call_site);
void wait_end(struct wait_record outer);

/* The caller has taken the object; it gives it back. */
void hold_begin(enum wait_kind kind, const void *object, const char *name,
		uintptr_t call_site);
void hold_end(const void *object);

/* Is it what a thread can hold, as a mutex? */
bool wait_is_lock(enum wait_kind kind);

/* A lock is made: what was noted about an older one at this address is void. */
void wait_forget(const void *object);

/*
 * For waitq_sleep_until(): panics unless `lock`, or none with NULL, is the one
 * spinlock that the caller holds, naming the other and where it was taken.
 */
void assert_may_wait(const struct spinlock *lock, uintptr_t call_site);

/* ---- the report: kernel/explain/waitfor_report.c ---- */

/*
 * Prints who waits for what, held by whom, and the cycle if there is one; true
 * if there is.  With locked false it takes no lock: for panic and the NMI, when
 * the others stand still.
 */
bool wait_report(bool locked);

/* The same, for the case that no thread can run; by a CPU that is idle. */
void wait_explain_deadlock(void);

/*
 * Who looks, when a CPU has nothing to do, whether that is for ever; interrupts
 * off.  True when it has made a thread ready.
 */
struct idle_check {
	bool (*check)(void);
};

TABLE(idle_checks, struct idle_check);

/* For the idle loop: asks all of them. */
bool wait_check_idle(void);

/* ---- the order of locks: kernel/explain/lockorder.c ---- */

/* On in a run of tests, and by lockorder= on the command line. */
extern bool lockorder_on;

/*
 * Who is told, while that is on: before a lock is taken, in a context that may
 * hold others; and that what was at this address is no lock any more.
 */
struct lock_watcher {
	void (*taken)(const void *lock, const char *name, uintptr_t call_site);
	void (*made)(const void *lock);
};

TABLE(lock_watchers, struct lock_watcher);

void lockorder_check_slow(const void *lock, const char *name,
			  uintptr_t call_site);
void lockorder_forget_slow(const void *lock);

static inline void lockorder_check(const void *lock, const char *name,
				   uintptr_t call_site)
{
	if (unlikely(lockorder_on))
		lockorder_check_slow(lock, name, call_site);
}

static inline void lockorder_forget(const void *lock)
{
	if (unlikely(lockorder_on))
		lockorder_forget_slow(lock);
}

/* For a test that plants an inversion; returns what it was. */
bool lockorder_set(bool on);

#endif
