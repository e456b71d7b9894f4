/*
 * priority.c - the priorities of threads.
 *
 * A thread has a priority of its own, and may borrow one from those who wait
 * for it; it runs with the higher of both, which is its rank.  The run queues
 * are ordered by that (sched.c).
 *
 * Mostly all threads have rank 0.  Until the first one gets another, a switch
 * does not look at ranks at all: sched_ranked.
 *
 * Ranks count on each CPU alone.  A thread goes to an idle CPU when there is
 * one, else to its last one: so it can happen that it waits there for one of
 * higher rank, while another CPU runs one of lower rank.
 */
#include "apic.h"
#include "sched.h"
#include "trap.h"

bool sched_ranked;

/* Needs the run queue lock of t. */
static void rank_set(struct run_queue *rq, struct thread *t, unsigned int rank)
{
	if (rank == t->rank)
		return;
	sched_ranked = true;
	t->rank = rank;
	if (t->state == THREAD_READY && !t->moving)
		sched_reorder(rq, t);
	if (sched_is_outranked(rq, cpus[t->cpu].running))
		apic_send_ipi(t->cpu, VECTOR_RESCHEDULE);
}

void thread_set_priority(struct thread *t, unsigned int priority)
{
	struct run_queue *rq = sched_lock_thread(t);

	t->base = priority;
	rank_set(rq, t, MAX(t->base, t->boost));
	core_unlock(&rq->lock);
}

void thread_boost(struct thread *t, unsigned int priority)
{
	struct run_queue *rq = sched_lock_thread(t);

	t->boost = priority;
	rank_set(rq, t, MAX(t->base, t->boost));
	core_unlock(&rq->lock);
}

unsigned int thread_priority(const struct thread *t)
{
	return __atomic_load_n(&t->rank, __ATOMIC_RELAXED);
}

unsigned int sched_candidates(const struct run_queue *rq)
{
	const struct thread *t, *first;
	unsigned int count = 0;

	if (likely(!sched_ranked) || rq->length == 0)
		return rq->length;
	first = list_first(&rq->ready, struct thread, run_link);
	list_for_each (t, &rq->ready, run_link) {
		if (t->rank != first->rank)
			break;
		count++;
	}
	return count;
}
