/*
 * user_futex.h - what the test programs of lab 3 share: futex(2) itself, which
 * no C library has a function for, and how to know that a thread sleeps on one.
 *
 * A thread that sleeps in FUTEX_WAIT can be moved to another word, and the call
 * that does that says how many there were: so gather() waits for n sleepers
 * without waking one.
 *
 * A signal sends a sleeper back to the word on which its call began, and even
 * one that is ignored does: a child that ends while its parent is still in
 * fork(), where the C library blocks signals, sends its SIGCHLD to another
 * thread.  So tests fork first, and gather sleepers then.
 */
#ifndef USER_FUTEX_H
#define USER_FUTEX_H

#include "tap.h"
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>

enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_PRIVATE_FLAG = 128,
	FUTEX_CLOCK_REALTIME = 256,
};

#define MS 1000000ll
#define TRIES 400 /* all but 100 of them 10 ms apart; mostly a few will do */

/* ---- time ---- */

static inline long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline struct timespec in_ns(long long ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static inline void pause_ms(int ms)
{
	struct timespec t = in_ns(ms * MS);

	nanosleep(&t, NULL);
}

/* ---- futex(2) ---- */

/* With the errors as -1 and errno. */
static inline long futex(volatile uint32_t *word, int operation, uint32_t value,
			 const struct timespec *time, volatile uint32_t *other,
			 uint32_t value3)
{
	return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value,
		       time, other, value3);
}

/* The same for those that give a number in the place of the time. */
static inline long futex_requeue(volatile uint32_t *word, int operation,
				 uint32_t wake, uint32_t move,
				 volatile uint32_t *other, uint32_t expected)
{
	return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, wake,
		       (unsigned long)move, other, expected);
}

static inline long futex_wake(volatile uint32_t *word, int count)
{
	return futex(word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* Set by a sleeper that has returned. */
static volatile bool futex_awake;

/* Moves n sleepers from one word to another, in the order in which they come.
 * Nobody is woken before the last of them sleeps: so once one has returned
 * there is nothing to wait for. */
static inline bool gather(volatile uint32_t *from, volatile uint32_t *to, int n)
{
	int moved = 0;

	for (int i = 0; moved < n && i < TRIES && !futex_awake; i++) {
		moved +=
			futex_requeue(from, FUTEX_REQUEUE, 0, n - moved, to, 0);
		if (i < 100)
			sched_yield();
		else
			pause_ms(10);
	}
	if (moved != n)
		TAP_FAIL("%d of %d threads that wait on a futex were found "
			 "there by FUTEX_REQUEUE%s",
			 moved, n,
			 futex_awake ? ": one has returned, which nobody woke"
				     : "");
	return moved == n;
}

/* ---- sleeping ---- */

/* CPU time of this thread, which waiting must not cost. */
static inline long long cpu_time(void)
{
	return now(CLOCK_THREAD_CPUTIME_ID);
}

#define EXPECT_SLEPT(since, what) \
	do { \
		long long spent_ = cpu_time() - (since); \
		if (spent_ > 5 * MS) \
			TAP_FAIL("%s took %lld us of CPU time: it must sleep", \
				 what, spent_ / 1000); \
	} while (0)

#endif
