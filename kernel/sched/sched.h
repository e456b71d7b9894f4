/*
 * sched.h - what the files of this folder share, with the policies of
 * kernel/test (sched_policy.h).
 */
#ifndef SCHED_H
#define SCHED_H

#include "cpu.h"
#include "list.h"
#include "lock_inline.h"
#include "sched_policy.h"
#include "thread.h"

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

/* ---- sched.c ---- */

/* Takes the run queue lock that guards t's state. */
static inline struct run_queue *sched_lock_thread(struct thread *t)
{
	struct cpu *c = intr_push();

	for (;;) {
		unsigned int cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
		struct run_queue *rq = cpus[cpu].rq;

		core_lock_acquire(c, &rq->lock, HERE);
		if (likely(t->cpu == cpu))
			return rq;
		core_lock_release(c, &rq->lock, HERE);
	}
}

/* That of this CPU, on which the caller then stays. */
static inline struct run_queue *sched_lock_local(void)
{
	struct cpu *c = intr_push();

	core_lock_acquire(c, &c->rq->lock, HERE);
	return c->rq;
}

static inline void sched_unlock(struct run_queue *rq)
{
	struct cpu *c = this_cpu();

	core_lock_release(c, &rq->lock, HERE);
	intr_pop_on(c);
}

/* Lets another ready thread run, if one may; the caller stays ready.  Needs
 * this CPU's run queue lock, and releases it, as the next one. */
void sched_give_way(struct run_queue *rq);

/* The caller's state is no longer RUNNING: another thread runs. */
void sched_switch_away(struct run_queue *rq);

/* The second half of a switch, in a thread that runs for the first time. */
void sched_begin(void);

/* switch.asm */
void context_switch(uint64_t *save, uint64_t load);

/* ---- the queue: all need its lock ---- */

/* Puts t behind those of its priority, before those of lower ones.  Mostly all
 * have the same: so from the end. */
static inline void queue_push(struct run_queue *rq, struct thread *t)
{
	struct list_head *at = rq->ready.prev;

	while (at != &rq->ready &&
	       list_entry(at, struct thread, run_link)->priority < t->priority)
		at = at->prev;
	list_insert_after(at, &t->run_link);
	rq->length++;
}

static inline void queue_remove(struct run_queue *rq, struct thread *t)
{
	list_remove(&t->run_link);
	rq->length--;
}

/* The thread that would run next by itself; the queue is not empty. */
static inline struct thread *queue_first(const struct run_queue *rq)
{
	return list_first(&rq->ready, struct thread, run_link);
}

/* Is a thread ready that shall run before t? */
static inline bool sched_should_preempt(const struct run_queue *rq,
					const struct thread *t)
{
	return rq->length > 0 && queue_first(rq)->priority > t->priority;
}

/* May another ready thread run instead of the current one? */
static inline bool sched_may_switch(const struct run_queue *rq)
{
	return rq->length > 0 && queue_first(rq)->priority >= current->priority;
}

/* priority.c: how many ready threads, the first of the queue, have the highest
 * priority. */
unsigned int sched_candidates(const struct run_queue *rq);

/* ---- idle.c ---- */

/* One bit a CPU that found nothing to run. */
extern uint64_t idle_mask;

/* t waits on the queue of its CPU, whose lock is held: interrupts that CPU, or
 * an idle one that may take it, if they should look. */
void sched_call_cpu(const struct thread *t);

/* Work waits here while other CPUs sleep: let one come and take it. */
void sched_wake_idle_cpu(void);

/* ---- thread.c ---- */

/* The thread's stack is no longer in use. */
void thread_bury(struct thread *t);

#endif
