/*
 * priority.c - the priorities of threads.
 *
 * A thread has a priority of its own, and may borrow one from those who wait
 * for it; it runs with the higher of both, which is the one that counts.  The
 * run queues are ordered by that (sched.c).
 *
 * Mostly all threads have priority 0.  Until the first one gets another, a
 * switch does not look at priorities at all: sched_prioritized.
 *
 * Priorities count on each CPU alone.  A thread goes to an idle CPU when there
 * is one, else to its last one: so it can happen that it waits there for one of
 * higher priority, while another CPU runs one of lower priority.
 */
#include "apic.h"
#include "sched.h"
#include "trap.h"

bool sched_prioritized;

/* Needs the run queue lock of t. */
static void priority_apply(struct run_queue *rq, struct thread *t,
			   unsigned int priority)
{
	if (priority == t->priority)
		return;
	sched_prioritized = true;
	t->priority = priority;
	if (t->state == THREAD_READY && !t->moving)
		sched_reorder(rq, t);
	if (sched_should_preempt(rq, cpus[t->cpu].running))
		apic_send_ipi(t->cpu, VECTOR_RESCHEDULE);
}

void thread_set_priority(struct thread *t, unsigned int priority)
{
	struct run_queue *rq = sched_lock_thread(t);

	t->own_priority = priority;
	priority_apply(rq, t, MAX(t->own_priority, t->lent_priority));
	core_unlock(&rq->lock);
}

void thread_boost(struct thread *t, unsigned int priority)
{
	struct run_queue *rq = sched_lock_thread(t);

	t->lent_priority = priority;
	priority_apply(rq, t, MAX(t->own_priority, t->lent_priority));
	core_unlock(&rq->lock);
}

unsigned int thread_priority(const struct thread *t)
{
	return __atomic_load_n(&t->priority, __ATOMIC_RELAXED);
}

unsigned int sched_candidates(const struct run_queue *rq)
{
	const struct thread *t, *first;
	unsigned int count = 0;

	if (likely(!sched_prioritized) || rq->length == 0)
		return rq->length;
	first = list_first(&rq->ready, struct thread, run_link);
	list_for_each (t, &rq->ready, run_link) {
		if (t->priority != first->priority)
			break;
		count++;
	}
	return count;
}
