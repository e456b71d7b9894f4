/*
 * priority.c - the priorities of threads.
 *
 * A thread has a priority of its own, and may borrow one from those who wait
 * for it; it runs with the higher of both.  The run queues are ordered
 * by that (queue_push).
 *
 * Priorities count on each CPU alone.  A thread goes to an idle CPU when there
 * is one, else to its last one: so it can happen that it waits there for one of
 * higher priority, while another CPU runs one of lower priority.
 */
#include "apic.h"
#include "sched.h"
#include "trap.h"

unsigned int sched_candidates(const struct run_queue *rq)
{
	const struct thread *t;
	unsigned int count = 0;

	list_for_each (t, &rq->ready, run_link) {
		if (t->priority != queue_first(rq)->priority)
			break;
		count++;
	}
	return count;
}

/* Needs the run queue lock of t, and releases it. */
static void priority_update(struct run_queue *rq, struct thread *t)
{
	unsigned int priority = MAX(t->own_priority, t->lent_priority);
	bool changes = priority != t->priority;

	t->priority = priority;
	if (changes && t->state == THREAD_READY && !t->moving) {
		queue_remove(rq, t);
		queue_push(rq, t);
	}
	if (changes && sched_should_preempt(rq, cpus[t->cpu].running))
		apic_send_ipi(t->cpu, VECTOR_RESCHEDULE);
	core_unlock(&rq->lock);
}

void thread_set_priority(struct thread *t, unsigned int priority)
{
	struct run_queue *rq = sched_lock_thread(t);

	t->own_priority = priority;
	priority_update(rq, t);
}

void thread_boost(struct thread *t, unsigned int priority)
{
	struct run_queue *rq = sched_lock_thread(t);

	t->lent_priority = priority;
	priority_update(rq, t);
}

unsigned int thread_priority(const struct thread *t)
{
	return __atomic_load_n(&t->priority, __ATOMIC_RELAXED);
}
