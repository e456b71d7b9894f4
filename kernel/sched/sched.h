/*
 * sched.h - what the files of this folder share.
 */
#ifndef SCHED_H
#define SCHED_H

#include "cpu.h"
#include "list.h"
#include "lock_inline.h"
#include "perturb.h"
#include "thread.h"

#define SLICE_NS (10 * NSEC_PER_MSEC)

struct run_queue {
	/* Needs lock. */
	struct core_lock lock;
	struct list_head ready; /* by run_link: by priority, oldest first */
	unsigned int length;
	bool slice_armed; /* sched_slice_over() will come */
	uint64_t switches;
	uint64_t system_cycles; /* of threads while here: cputime.c */

	/* Private to the CPU, interrupts off. */
	bool need_resched;   /* at the end of this interrupt */
	struct thread *dead; /* left for good; bury after the switch */
};

extern struct run_queue run_queues[MAX_CPUS];
extern struct list_head all_threads;

/* switch.asm */
void context_switch(uint64_t *save, uint64_t load);

/* The second half of a switch, in the thread that was switched to. */
void sched_finish_switch(void);

/* The caller's state is no longer RUNNING: gives the CPU, which is this one, to
 * another thread.  Needs its run queue lock, and releases it. */
void sched_switch_away(struct cpu *c);

/* The caller stays ready; another ready thread runs, of which there is one.
 * Needs this CPU's run queue lock, and releases it. */
void sched_requeue(struct run_queue *rq);

/* Runs what is ready on this CPU; returns when nothing is.  For the idle thread
 * alone. */
void sched_run_ready(void);

/* Takes this CPU's run queue lock, and returns the queue. */
static inline struct run_queue *sched_lock_local(void)
{
	struct cpu *c = intr_push();

	core_lock_traced(c, &c->rq->lock, HERE);
	return c->rq;
}

/* Puts t behind those of its priority, before those of lower ones. */
void sched_queue_insert(struct run_queue *rq, struct thread *t);

/* Needs the queue's lock, as the next one. */
static inline void queue_push(struct run_queue *rq, struct thread *t)
{
	if (likely(t->priority == 0))
		list_push_back(&rq->ready, &t->run_link);
	else
		sched_queue_insert(rq, t);
	rq->length++;
}

static inline void queue_remove(struct run_queue *rq, struct thread *t)
{
	list_remove(&t->run_link);
	rq->length--;
}

/* Some thread has had a priority that is not 0; once set it stays. */
extern bool sched_prioritized;

/* Is a thread ready that shall run before t?  Needs the run queue's lock, as do
 * the next three. */
static inline bool sched_should_preempt(const struct run_queue *rq,
					const struct thread *t)
{
	return rq->length > 0 &&
	       list_first(&rq->ready, struct thread, run_link)->priority >
		       t->priority;
}

/* May another ready thread run instead of the current one? */
static inline bool sched_may_switch(const struct run_queue *rq)
{
	return rq->length > 0 &&
	       list_first(&rq->ready, struct thread, run_link)->priority >=
		       current->priority;
}

/* How many ready threads, the first of the queue, have the highest priority. */
unsigned int sched_candidates(const struct run_queue *rq);

/* t is on the queue, and its priority has changed. */
void sched_reorder(struct run_queue *rq, struct thread *t);

/* Takes the run queue lock that guards t's state. */
struct run_queue *sched_lock_thread(struct thread *t);

/* A thread in state READY that is on no queue: finds it a CPU.  Needs its run
 * queue lock, and releases it. */
void sched_enqueue(struct run_queue *rq, struct thread *t);

/* wake.c: work waits here while other CPUs sleep: let one come and take it. */
void sched_wake_idle_cpu(void);

/* thread.c: the thread's stack is no longer in use. */
void thread_bury(struct thread *t);

/* perturb.c: the ready thread to run next; the queue is not empty. */
struct thread *perturb_pick(struct run_queue *rq);

/* perturb.c: a new thread's priority for sched=pct. */
uint64_t perturb_priority(void);

/* perturb.c: the current thread yields, or its slice is over: pct puts it last.
 * Needs the queue's lock. */
void perturb_yielded(struct run_queue *rq);

/* perturb.c: does a time slice that is over end the thread's turn? */
bool perturb_slice_ends_turn(void);

/* Arms the time slice of this CPU for sched=jitter, which needs one always. */
void sched_arm_slice(struct run_queue *rq);

#endif
