/*
 * priority.c - nice values and scheduling policies: getpriority(2), and
 * sched_setscheduler(2) with its relatives.
 *
 * A nice value says how far a process steps back for others, from -20 to 19.
 * What a scheduler makes of it is its own business (POSIX, getpriority), and
 * ours treats all alike: the value is kept, inherited and shown.  Likewise
 * there is one policy, SCHED_OTHER, and whoever asks for a real-time one may
 * not have it.
 */
#include "errno.h"
#include "process_parts.h"
#include "syscall.h"
#include "uaccess.h"

#define NICE_LOWEST (-20)
#define NICE_HIGHEST 19

/* getpriority(2) returns 20 - nice, so that no value looks like an error. */
#define NICE_BASE 20

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

enum {
	SCHED_OTHER = 0,
	SCHED_FIFO = 1,
	SCHED_RR = 2,
	SCHED_BATCH = 3,
	SCHED_IDLE = 5,
};

#define REAL_TIME_HIGHEST 99

/* ---- nice values ---- */

struct query {
	int which, who;
	int nice;  /* to be set; or the lowest that was found */
	int error; /* -ESRCH: none found yet */
};

static bool is_meant(const struct query *q, const struct process *p)
{
	const struct process *self = current->proc;
	uint32_t uid = q->who ? (uint32_t)q->who : self->cred.uid;

	switch (q->which) {
	case PRIO_PROCESS:
		return q->who ? p->pid == q->who : p == self;
	case PRIO_PGRP:
		return p->pgid == (q->who ? q->who : self->pgid);
	default:
		return p->cred.uid == uid;
	}
}

static void take_lowest(struct process *p, void *arg)
{
	struct query *q = arg;

	if (!is_meant(q, p))
		return;
	q->error = 0;
	q->nice = MIN(q->nice, p->nice);
}

/* 0, -EPERM, -EACCES: setpriority(2). */
static int may_set(const struct process *p, int nice)
{
	const struct credentials *mine = &current->proc->cred;

	if (mine->euid == 0)
		return 0;
	if (mine->euid != p->cred.uid && mine->euid != p->cred.euid)
		return -EPERM;
	if (nice < p->nice &&
	    (uint64_t)(NICE_BASE - nice) > p->limits[RLIMIT_NICE].soft)
		return -EACCES;
	return 0;
}

/* An error stays, but for that nobody was found. */
static void set_nice(struct process *p, void *arg)
{
	struct query *q = arg;
	int error;

	if (!is_meant(q, p))
		return;
	error = may_set(p, q->nice);
	if (!error)
		p->nice = q->nice;
	if (error || q->error == -ESRCH)
		q->error = error;
}

long sys_getpriority(int which, int who)
{
	struct query q = {which, who, NICE_HIGHEST, -ESRCH};

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	process_for_each(take_lowest, &q);
	return q.error ? q.error : NICE_BASE - q.nice;
}

long sys_setpriority(int which, int who, int value)
{
	int nice = MAX(MIN(value, NICE_HIGHEST), NICE_LOWEST);
	struct query q = {which, who, nice, -ESRCH};

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	process_for_each(set_nice, &q);
	return q.error;
}

/* ---- policies ---- */

/* 0, -EINVAL, -ESRCH: is there this thread?  0 is the caller. */
static int thread_check(int tid)
{
	int error = 0;

	if (tid < 0)
		return -EINVAL;
	if (tid == 0)
		return 0;
	spin_lock(&process_lock);
	if (!process_find_thread(tid))
		error = -ESRCH;
	spin_unlock(&process_lock);
	return error;
}

/* Sets what is so already, or says why not. */
static long policy_set(int tid, int policy, uintptr_t param)
{
	int priority, error;

	if (get_user(priority, param))
		return -EFAULT;
	error = thread_check(tid);
	if (error)
		return error;
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return priority >= 1 && priority <= REAL_TIME_HIGHEST ? -EPERM
								      : -EINVAL;
	return policy == SCHED_OTHER && priority == 0 ? 0 : -EINVAL;
}

long sys_sched_setscheduler(int tid, int policy, uintptr_t param)
{
	return policy_set(tid, policy, param);
}

long sys_sched_setparam(int tid, uintptr_t param)
{
	return policy_set(tid, SCHED_OTHER, param);
}

long sys_sched_getscheduler(int tid)
{
	int error = thread_check(tid);

	return error ? error : SCHED_OTHER;
}

long sys_sched_getparam(int tid, uintptr_t param)
{
	int priority = 0, error = thread_check(tid);

	return error ? error : put_user(priority, param);
}

/* The range of priorities of a policy, whether one may have it or not. */
static long priority_limit(int policy, int real_time)
{
	switch (policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return real_time;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_sched_get_priority_max(int policy)
{
	return priority_limit(policy, REAL_TIME_HIGHEST);
}

long sys_sched_get_priority_min(int policy)
{
	return priority_limit(policy, 1);
}
