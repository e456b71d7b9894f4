/*
 * wake.c - which CPU a thread goes to: waking, stealing, idling.
 *
 * Threads are spread in two ways.  One that becomes ready goes to an idle CPU
 * if there is one; and a CPU that runs out of work takes some from another's
 * queue before it sleeps.  A CPU first marks itself idle and then looks at the
 * queues, each under its lock; a waker queues a thread and looks for idle CPUs
 * in one section of that lock.  Whichever of the two comes first, the second
 * sees what it did: nobody sleeps while a thread waits for a CPU.
 *
 * A CPU that has nothing to do runs its idle thread, sched_idle(), which is
 * never on a queue.  Its bit in idle_mask is set only while it looks for work
 * and sleeps; who takes the bit away, by claim_idle(), gives the CPU something
 * to do, so that the next waker finds another one.
 */
#include "apic.h"
#include "hooks.h"
#include "lock_inline.h"
#include "sched.h"
#include "time.h"
#include "trace.h"

/* One bit a CPU that found nothing to run. */
static uint64_t idle_mask;

static unsigned int idle_cpus(void)
{
	return __atomic_load_n(&idle_mask, __ATOMIC_RELAXED);
}

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
	while ((idle = idle_cpus()) != 0) {
		unsigned int cpu = t->cpu;

		if (!(idle & 1u << cpu))
			cpu = __builtin_ctz(idle);
		if (claim_idle(cpu))
			return cpu;
	}
	return t->cpu;
}

void sched_wake_idle_cpu(void)
{
	unsigned int idle;

	while ((idle = idle_cpus()) != 0) {
		unsigned int cpu = __builtin_ctz(idle);

		if (!claim_idle(cpu))
			continue; /* somebody else has work for it */
		apic_send_ipi(cpu, VECTOR_RESCHEDULE);
		return;
	}
}

/* ---- waking ---- */

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
	if (idle ? cpu != self->id : t->priority > cpus[cpu].running->priority)
		apic_send_ipi(cpu, VECTOR_RESCHEDULE);
	/* A busy CPU comes to it at the end of its time slice; one that went
	 * idle since we chose may come and take it before. */
	if (!idle && t->pinned == ANY_CPU)
		sched_wake_idle_cpu();
	core_unlock(&target->lock);
	intr_pop();
}

static __attribute__((noinline)) bool unblock_anywhere(struct thread *t)
{
	struct run_queue *rq = sched_lock_thread(t);
	bool was_blocked = t->state == THREAD_BLOCKED;

	if (was_blocked) {
		t->state = THREAD_READY;
		sched_enqueue(rq, t);
	} else {
		t->early |= EARLY_WAKE;
		core_unlock(&rq->lock);
	}
	sched_point(POINT_WAKE, was_blocked ? t : NULL);
	return was_blocked;
}

/* Is t blocked, and is it clear that it stays on this CPU, behind all others?
 * It is unless it goes first, or a CPU is idle.  Needs this CPU's queue. */
static inline bool stays_here(const struct cpu *c, const struct thread *t)
{
	return t->cpu == c->id && t->state == THREAD_BLOCKED &&
	       t->priority == 0 && idle_mask == 0;
}

/*
 * The same as unblock_anywhere(), but the shortest way, for what is usual: a
 * thread that holds a spinlock, so that interrupts are off, wakes one that ran
 * on its own CPU, and the others have work enough.
 */
bool thread_unblock(struct thread *t)
{
	if (unlikely(hooks_any || intr_enabled()))
		return unblock_anywhere(t);

	struct cpu *c = this_cpu();
	struct run_queue *rq = c->rq;

	if (unlikely(c->held_count))
		return unblock_anywhere(t);
	core_lock_acquire_first(c, &rq->lock, CALL_SITE);
	if (unlikely(!stays_here(c, t))) {
		core_lock_release(c, &rq->lock);
		return unblock_anywhere(t);
	}
	t->state = THREAD_READY;
	list_push_back(&rq->ready, &t->run_link);
	rq->length++;
	core_lock_release(c, &rq->lock);
	return true;
}

/* ---- idle ---- */

/* The oldest ready thread of another CPU that may move; it is ours then. */
static struct thread *steal_from(unsigned int victim)
{
	struct run_queue *rq = &run_queues[victim];
	struct thread *t;

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

uint64_t sched_idle_epoch(void)
{
	uint64_t switches = 1;

	if (idle_cpus() != (1u << cpu_count) - 1)
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
		sched_run_ready();
		cli();
		struct cpu *c = this_cpu();

		__atomic_fetch_or(&idle_mask, 1u << c->id, __ATOMIC_SEQ_CST);
		if (c->rq->length == 0 && !steal(c) && !wait_check_deadlock())
			sti_hlt();
		claim_idle(c->id);
		sti();
	}
}
