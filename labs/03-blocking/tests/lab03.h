/*
 * lab03.h - what the tests of lab 3 share.
 *
 * How a test knows that a thread sleeps: it looks at the thread's state, which
 * the scheduler keeps, by await_asleep().  It never looks into a wait queue or
 * a lock: what is in them is up to the student.
 *
 * How a test waits for what should come soon: by EVENTUALLY(), which lets other
 * threads run, and gives up after a while of guest time, so that what never
 * comes is a failure in words.  How it waits for threads to end: by
 * thread_join().  If they cannot, nobody can run any more, and the kernel says
 * at once who waits for what: verdict DEADLOCK.
 *
 * A caller is a thread that makes one call, which may wait; a room is a lock
 * with a wait queue, in which callers sleep.  Most tests are a few of these.
 *
 * A thread that pretends to be a process's has user memory, and can be killed:
 * pretend_begin().
 */
#ifndef LAB03_H
#define LAB03_H

#include "cpu.h"
#include "errno.h"
#include "ktest.h"
#include "process.h"
#include "spinlock.h"
#include "string.h"
#include "sync.h"
#include "thread.h"
#include "time.h"
#include "waitq.h"

/* Fails in words of the exercise. */
#define FAIL(t, ...) ktest_fail(t, __FILE__, __LINE__, __VA_ARGS__)
#define CHECK(t, condition, ...) \
	do { \
		if (!(condition)) \
			FAIL(t, __VA_ARGS__); \
	} while (0)

/* "-EPERM" and the like. */
const char *result_name(int result);

/* The result of a call, and why it must be this one. */
#define EXPECT_RESULT(t, call, want, why) \
	do { \
		int got_ = (call); \
		CHECK(t, got_ == (want), "%s: expected %s, got %s (%d): %s", \
		      #call, result_name(want), result_name(got_), got_, why); \
	} while (0)

/* ---- threads ---- */

/* thread_spawn(), which has to succeed. */
struct thread *spawn(const char *name, void (*entry)(void *arg), void *arg);

/* n threads at once with the same arg; returns when all have ended. */
void run_threads(unsigned int n, void (*entry)(void *arg), void *arg);

/* How long what should come at once may take, ns; the same, but once a test has
 * failed, it is not waited for any more. */
uint64_t long_time(void);
uint64_t patience(const struct ktest *t);

/* A deadline that comes when all threads of the test sleep, and no later than
 * needed.  A test that relies on that asks deadlines_hold() first, and returns
 * if not: where time is the host's, a deadline may come before anything else,
 * and the test is skipped. */
uint64_t soon(void);
bool deadlines_hold(struct ktest *t);

/* One that does not come while the test runs. */
#define NOT_SOON (time_ns() + 2 * KTEST_LAST_RESORT)

/* Lets others run, on this CPU and on others, until the condition holds; false
 * when that takes too long. */
#define EVENTUALLY(t, condition) \
	({ \
		uint64_t deadline_ = time_ns() + patience(t); \
		while (!(condition) && time_ns() < deadline_) { \
			thread_yield(); \
			cpu_relax(); \
		} \
		(condition); \
	})

/* Does it sleep, in something that waits? */
bool is_asleep(const struct thread *thread);

/* Returns when it does; fails the test when that takes too long. */
bool await_asleep(struct ktest *t, const struct thread *thread);

/* Keeps the CPU busy until then.  Interrupts are as they were. */
void spin_until(uint64_t deadline);

/* Before an object is initialised: its memory was used before, for something
 * else.  So whatever the init function leaves as it was is wrong. */
#define USED_BEFORE(object) memset(&(object), 0xa5, sizeof(object))

/* Numbers that differ with the seed that *state begins with. */
uint64_t random_next(uint64_t *state);

/* A line for the figures of the handout. */
#define MEASURED(t, ...) ktest_note(t, __VA_ARGS__)

/* ---- a thread that makes one call, which may wait ---- */

struct caller {
	/* Set before it starts. */
	struct ktest *t;
	int (*call)(struct caller *c);
	void *object;
	uint64_t deadline;        /* 0: none */
	unsigned int flags;       /* of the wait */
	struct process *pretends; /* to be one of it; NULL: a kernel thread */
	unsigned int *order;      /* counts those that have returned, or NULL */

	struct thread *thread;
	volatile bool returned;
	int result;
	unsigned int place;   /* in which it returned: 0 is the first */
	uint64_t returned_at; /* time_ns() */
	struct gate go;       /* for what it does afterwards */
};

/* Its deadline, as the kernel has it. */
static inline uint64_t caller_deadline(const struct caller *c)
{
	return c->deadline ? c->deadline : WAIT_FOREVER;
}

void caller_start(struct ktest *t, struct caller *c);

/* The same, and returns when it sleeps. */
void caller_bed(struct ktest *t, struct caller *c);

/* It must not have returned: lets it run until it sleeps again. */
void expect_sleeps_on(struct caller *c, const char *what);

/* It must return, with this. */
void expect_returns(struct caller *c, int want, const char *what);

/* Waits for the end of n of them. */
void callers_join(struct caller *callers, unsigned int n);

/* ---- a room, and callers that sleep in it ---- */

struct room {
	struct ktest *t;
	struct spinlock lock;
	struct waitq waitq;
	unsigned int left; /* those that have; needs lock */
};

void room_init(struct room *room, struct ktest *t);

/* Starts a thread that waits in the room once; and returns when it sleeps. */
void sleeper_start(struct room *room, struct caller *c);
void sleeper_bed(struct room *room, struct caller *c);

/* waitq_wake() with the lock held. */
unsigned int room_wake(struct room *room, unsigned int count);

/* Wakes whoever still sleeps, and waits for the end of them all. */
void room_close(struct room *room, struct caller *sleepers, unsigned int n);

/* ---- threads that pretend to be a process's ---- */

/* Enough of one for a wait: its memory, and whether it is being killed. */
int pretended_init(struct process *p);
void pretended_free(struct process *p);

/* The calling thread belongs to it, until pretend_end(). */
void pretend_begin(struct process *p);
void pretend_end(void);

/* As process_kill() does it to a thread that waits. */
void pretended_kill(struct process *p, struct thread *thread);

#endif
