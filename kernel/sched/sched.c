/*
 * sched.c - which thread runs on which CPU.
 *
 * Each CPU has a run queue of READY threads, first come first served.  The
 * lock of a CPU's run queue guards the state of every thread that runs there,
 * is queued there, or blocked there last (thread->cpu says which).  It is held
 * across a switch: taken by the thread that leaves, released by the one that
 * comes (sched_finish_switch).  So whoever gets the lock and finds a thread
 * BLOCKED or READY knows that its registers are saved.
 *
 * Threads are spread in two ways.  One that becomes ready goes to an idle CPU
 * if there is one; and a CPU that runs out of work takes some from another's
 * queue before it sleeps.  A CPU first marks itself idle and then looks at the
 * queues, and a waker first queues and then looks for idle CPUs, so one of
 * the two sees the other.
 *
 * A queue is ordered by rank, which is a thread's priority, its own or
 * borrowed; mostly all have 0.  Who becomes ready with a higher rank than that
 * of the thread that runs on its CPU makes that CPU look, by an interrupt.
 *
 * There is no periodic tick.  A CPU that runs a thread arms its timer for the
 * end of the time slice, also when nobody waits: under QEMU's -icount that is
 * what lets the other CPUs run.  Idle, it sleeps until the next timer or
 * inter-processor interrupt.
 */
#include "sched.h"
#include "apic.h"
#include "panic.h"
#include "process.h"
#include "time.h"
#include "timer.h"
#include "trace.h"
#include "vm.h"

struct run_queue run_queues[MAX_CPUS];

/* One bit a CPU that found nothing to run. */
static volatile unsigned int idle_mask;

struct run_queue *sched_lock_thread(struct thread *t)
{
	for (;;) {
		unsigned int cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
		struct run_queue *rq = &run_queues[cpu];

		core_lock(&rq->lock);
		if (likely(t->cpu == cpu))
			return rq;
		core_unlock(&rq->lock);
	}
}

/* ---- queues ---- */

/* Behind those of its rank, before those of lower ones. */
static __attribute__((noinline)) void queue_insert(struct run_queue *rq,
						   struct thread *t)
{
	struct thread *other;

	list_for_each (other, &rq->ready, run_link)
		if (other->rank < t->rank)
			break;
	list_push_back(&other->run_link, &t->run_link);
}

static inline void queue_push(struct run_queue *rq, struct thread *t)
{
	if (likely(t->rank == 0))
		list_push_back(&rq->ready, &t->run_link);
	else
		queue_insert(rq, t);
	rq->length++;
}

static inline void queue_remove(struct run_queue *rq, struct thread *t)
{
	list_remove(&t->run_link);
	rq->length--;
}

/* The thread to run next, off the queue; NULL when nobody is ready. */
static inline struct thread *queue_pick(struct run_queue *rq)
{
	struct list_head *link;
	struct thread *t;

	if (unlikely(perturb_on) && rq->length > 0) {
		t = perturb_pick(rq);
		queue_remove(rq, t);
		return t;
	}
	link = list_pop_front(&rq->ready);
	if (!link)
		return NULL;
	rq->length--;
	return list_entry(link, struct thread, run_link);
}

void sched_reorder(struct run_queue *rq, struct thread *t)
{
	queue_remove(rq, t);
	queue_push(rq, t);
}

void sched_arm_slice(struct run_queue *rq)
{
	if (rq->slice_armed)
		return;
	rq->slice_armed = true;
	timer_set_slice(perturb_slice(SLICE_NS));
}

/* ---- switching ---- */

static inline void finish_switch(void)
{
	struct cpu *c = this_cpu();
	struct run_queue *rq = c->rq;
	struct thread *dead = rq->dead;

	if (unlikely(dead != NULL))
		rq->dead = NULL;
	c->intr_saved = current->intr_saved;
	core_unlock(&rq->lock);
	if (unlikely(dead != NULL))
		thread_bury(dead);
}

void sched_finish_switch(void)
{
	finish_switch();
}

/* What a switch rarely has to do: tell the trace, and exchange what only user
 * mode uses. */
static __attribute__((noinline)) void switch_rare(struct thread *prev,
						  struct thread *next)
{
	trace(TRACE_SWITCH, prev->id, next->id);
	if (prev->proc)
		user_switch_out(prev);
	if (next->proc)
		user_switch_in(next);
}

/* Needs a depth of one, which the callers have checked. */
static inline void switch_to(struct run_queue *rq, struct thread *next,
			     bool rare)
{
	struct cpu *c = this_cpu();
	struct thread *prev = current;
	uint64_t now = time_cycles();

	prev->run_cycles += now - prev->switched_in;
	prev->intr_saved = c->intr_saved;
	next->switched_in = now;
	next->state = THREAD_RUNNING;
	c->running = next;
	rq->switches++;
	if (!rq->slice_armed && next != c->idle)
		sched_arm_slice(rq);
	if (unlikely(rare || next->proc))
		switch_rare(prev, next);
	context_switch(&prev->rsp, next->rsp);
	finish_switch();
}

/* Gives the CPU to a thread that was taken off the queue, or is the idle one.
 */
static void switch_checked(struct run_queue *rq, struct thread *next)
{
	assert(this_cpu()->intr_depth == 1);
	switch_to(rq, next, true);
}

void sched_switch_away(void)
{
	struct run_queue *rq = this_cpu()->rq;
	struct thread *next = queue_pick(rq);

	switch_checked(rq, next ? next : this_cpu()->idle);
}

void sched_requeue(struct run_queue *rq)
{
	struct thread *next = queue_pick(rq);

	current->state = THREAD_READY;
	queue_push(rq, current);
	switch_checked(rq, next);
}

static __attribute__((noinline)) void yield_slowly(struct run_queue *rq)
{
	if (perturb_on)
		perturb_yielded(rq);
	if (sched_may_switch(rq))
		sched_requeue(rq);
	else
		core_unlock(&rq->lock);
}

/*
 * The same as yield_slowly(), but the shortest way: this is what a switch
 * costs.  One comes off the queue and one goes on, so its length stays.
 */
void thread_yield(void)
{
	struct run_queue *rq = intr_push_outermost()->rq;
	struct thread *self = current;
	struct list_head *link;

	core_lock_pushed(&rq->lock);
	if (unlikely(self->proc ||
		     (perturb_on | trace_enabled | sched_ranked))) {
		yield_slowly(rq);
		return;
	}
	link = list_pop_front(&rq->ready);
	if (!link) {
		core_unlock(&rq->lock);
		return;
	}
	self->state = THREAD_READY;
	list_push_back(&rq->ready, &self->run_link);
	switch_to(rq, list_entry(link, struct thread, run_link), false);
}

/* ---- waking ---- */

/* Takes a CPU out of the idle ones, so that the next waker finds another. */
static bool claim_idle(unsigned int cpu)
{
	unsigned int bit = 1u << cpu;

	return __atomic_fetch_and(&idle_mask, ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* An idle CPU for a thread that may run anywhere, its last one if possible;
 * when all are busy, its last one. */
static unsigned int choose_cpu(const struct thread *t)
{
	unsigned int idle;

	if (t->pinned != ANY_CPU)
		return t->pinned;
	while ((idle = idle_mask) != 0) {
		unsigned int cpu = t->cpu;

		if (!(idle & 1u << cpu))
			cpu = __builtin_ctz(idle);
		if (claim_idle(cpu))
			return cpu;
	}
	return t->cpu;
}

/* Work waits here while other CPUs sleep: let one come and take it. */
static void wake_idle_cpu(void)
{
	unsigned int idle = idle_mask;

	if (idle && claim_idle(__builtin_ctz(idle)))
		apic_send_ipi(__builtin_ctz(idle), VECTOR_RESCHEDULE);
}

void sched_enqueue(struct run_queue *rq, struct thread *t)
{
	/* Off for all of it: between the two locks t is on no queue, and must
	 * not stay so while this CPU does something else. */
	struct cpu *self = intr_push();
	unsigned int cpu = choose_cpu(t);
	struct run_queue *target = &run_queues[cpu];
	bool idle;

	if (target != rq) {
		t->cpu = cpu;
		t->moving = true;
		core_unlock(&rq->lock);
		core_lock(&target->lock);
		t->moving = false;
	}
	queue_push(target, t);
	trace(TRACE_WAKE, t->id, cpu);
	idle = cpus[cpu].running == cpus[cpu].idle;
	if (idle ? cpu != self->id : t->rank > cpus[cpu].running->rank)
		apic_send_ipi(cpu, VECTOR_RESCHEDULE);
	core_unlock(&target->lock);
	/* A busy CPU comes to it at the end of its time slice; one that went
	 * idle since we chose may come and take it before. */
	if (!idle && t->pinned == ANY_CPU)
		wake_idle_cpu();
	intr_pop();
}

/* To wake an idle CPU the interrupt is enough; a thread of lower rank makes
 * way, and jitter wants a slice at once. */
void sched_kick(void)
{
	struct run_queue *rq = this_cpu()->rq;

	core_lock(&rq->lock);
	if (sched_is_outranked(rq, current))
		rq->need_resched = true;
	if (perturb_strategy() == SCHED_JITTER)
		sched_arm_slice(rq);
	core_unlock(&rq->lock);
}

void sched_slice_over(void)
{
	struct cpu *c = this_cpu();
	struct run_queue *rq = c->rq;

	core_lock(&rq->lock);
	rq->slice_armed = false;
	if (c->running != c->idle || perturb_strategy() == SCHED_JITTER)
		sched_arm_slice(rq);
	core_unlock(&rq->lock);
	rq->need_resched = perturb_slice_ends_turn();
	if (rq->length > 0)
		wake_idle_cpu();
}

void sched_interrupt_exit(void)
{
	struct cpu *c = this_cpu();

	if (!c->rq || !c->rq->need_resched)
		return;
	c->rq->need_resched = false;
	if (c->running != c->idle)
		thread_yield();
}

/* ---- idle ---- */

/* The oldest ready thread of another CPU that may move; it is ours then. */
static struct thread *steal_from(unsigned int victim)
{
	struct run_queue *rq = &run_queues[victim];
	struct thread *t;

	if (*(volatile unsigned int *)&rq->length == 0)
		return NULL;
	core_lock(&rq->lock);
	list_for_each (t, &rq->ready, run_link) {
		if (t->pinned != ANY_CPU)
			continue;
		/* Before t is off the queue: who sees all CPUs idle and
		 * all queues empty shall be right. */
		claim_idle(this_cpu()->id);
		queue_remove(rq, t);
		t->cpu = this_cpu()->id;
		t->moving = true;
		core_unlock(&rq->lock);
		trace(TRACE_STEAL, t->id, victim);
		return t;
	}
	core_unlock(&rq->lock);
	return NULL;
}

/* Puts a stolen thread on this CPU's queue; false when there was none. */
static bool steal(struct cpu *c)
{
	for (unsigned int i = 1; i < cpu_count; i++) {
		struct thread *t = steal_from((c->id + i) % cpu_count);

		if (!t)
			continue;
		core_lock(&c->rq->lock);
		t->moving = false;
		queue_push(c->rq, t);
		core_unlock(&c->rq->lock);
		return true;
	}
	return false;
}

/* Runs what is ready here; returns when nothing is. */
static void run_ready(void)
{
	for (;;) {
		struct run_queue *rq = sched_lock_local();
		struct thread *next = queue_pick(rq);

		if (!next) {
			core_unlock(&rq->lock);
			return;
		}
		current->state = THREAD_READY;
		switch_checked(rq, next);
	}
}

uint64_t sched_idle_epoch(void)
{
	uint64_t switches = 1;

	if (idle_mask != (1u << cpu_count) - 1)
		return 0;
	for (unsigned int i = 0; i < cpu_count; i++) {
		switches += run_queues[i].switches;
		if (run_queues[i].length)
			return 0;
	}
	return switches;
}

void sched_idle(void)
{
	for (;;) {
		run_ready();
		cli();
		struct cpu *c = this_cpu();

		__atomic_fetch_or(&idle_mask, 1u << c->id, __ATOMIC_SEQ_CST);
		if (c->rq->length == 0 && !steal(c) && !wait_check_deadlock())
			sti_hlt();
		claim_idle(c->id);
		sti();
	}
}

void sched_init_cpu(struct cpu *c)
{
	struct run_queue *rq = &run_queues[c->id];

	core_lock_init(&rq->lock, "run queue", RANK_RUN_QUEUE);
	list_init(&rq->ready);
	thread_init_idle(c);
	timer_init_cpu(c);
	trace_init_cpu(c);
	c->rq = rq;
}

/* ---- figures ---- */

uint64_t sched_idle_cycles(unsigned int cpu)
{
	const struct thread *idle = cpus[cpu].idle;
	uint64_t cycles = idle->run_cycles;

	if (cpus[cpu].running == idle)
		cycles += time_cycles() - idle->switched_in;
	return cycles;
}

uint64_t sched_system_cycles(unsigned int cpu)
{
	return run_queues[cpu].system_cycles;
}

uint64_t sched_switches(unsigned int cpu)
{
	return run_queues[cpu].switches;
}

unsigned int sched_queue_length(unsigned int cpu)
{
	return run_queues[cpu].length;
}
