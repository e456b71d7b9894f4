/*
 * sched_policy.h - schedule points, and who else may choose what runs.
 *
 * By itself the scheduler is fair: threads of one priority take turns, first
 * come first served.  A policy takes its place, so that a test sees other
 * orders of events than the usual one.  The scheduler asks it wherever there is
 * a choice, and knows no policy by name: kernel/test has them.
 *
 * sched_point() marks where another order would be legal: at lock, unlock,
 * sleep, wake, and where a program enters the kernel.  Without a policy it
 * costs one test.
 */
#ifndef SCHED_POLICY_H
#define SCHED_POLICY_H

#include "types.h"

struct run_queue;
struct thread;

enum sched_point_kind {
	POINT_LOCK,
	POINT_UNLOCK,
	POINT_SLEEP,
	POINT_WAKE,
	POINT_SYSCALL,
	POINT_ACCESS,    /* a shared access that a test marks */
	POINT_MEMORY,    /* any access of a lab's file: access.c */
	POINT_CORE_LOCK, /* a core_lock, of the given kernel */
	POINT_CORE_UNLOCK,
};

/* All functions must be given. */
struct sched_policy {
	/* The current thread passes a schedule point, and may be switched
	 * away.  Any context. */
	void (*point)(enum sched_point_kind kind, const void *object);

	/* Which of the ready threads runs next: one of the first
	 * sched_candidates() of the queue, which is not empty.  Needs its lock,
	 * as the next one. */
	struct thread *(*pick)(struct run_queue *rq);

	/* The current thread yields, or its slice is over. */
	void (*yielded)(struct run_queue *rq);

	/* How long the next time slice of this CPU is, ns; and, when that is
	 * over, whether the thread's turn is. */
	uint64_t (*slice)(uint64_t normal);
	bool (*slice_ends_turn)(void);

	bool slices_idle; /* an idle CPU has time slices, too */
};

/* NULL: the scheduler chooses by itself. */
extern const struct sched_policy *sched_policy;

/* Another CPU may change it, so one asks once. */
static inline const struct sched_policy *sched_policy_now(void)
{
	return __atomic_load_n(&sched_policy, __ATOMIC_RELAXED);
}

void sched_point_passed(enum sched_point_kind kind, const void *object);

static inline void sched_point(enum sched_point_kind kind, const void *object)
{
	if (unlikely(sched_policy != NULL))
		sched_point_passed(kind, object);
}

#endif
