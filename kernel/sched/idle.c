/*
 * idle.c - which CPU a thread goes to, and what a CPU does that has none.
 *
 * A thread that becomes ready goes to the queue of the CPU where it ran last.
 * If that one is busy and another one idle, that one is woken, and takes it; as
 * does any CPU that runs out of work, before it sleeps.  A CPU first marks
 * itself idle and then looks at the queues, its own first, each under its lock;
 * a waker queues a thread and looks for idle CPUs in one section of that lock.
 * Whichever of the two comes first, the second sees what it did: nobody sleeps
 * while a thread waits for a CPU.
 *
 * A CPU that has nothing to do runs its idle thread, sched_idle(), which is
 * never on a queue.  Its bit in idle_mask is set only while it looks for work
 * and sleeps; who takes the bit away, by claim_idle(), gives the CPU something
 * to do, so that the next waker finds another one.
 */
#include "apic.h"
#include "sched.h"
#include "trace.h"

uint64_t idle_mask;

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

void sched_call_cpu(const struct thread *t)
{
	if (claim_idle(t->cpu)) {
		if (t->cpu != this_cpu()->id)
			apic_send_ipi(t->cpu, VECTOR_RESCHEDULE);
		return;
	}
	if (t->priority > cpus[t->cpu].running->priority)
		apic_send_ipi(t->cpu, VECTOR_RESCHEDULE);
	/* A busy CPU comes to it at the end of its time slice. */
	if (t->pinned == ANY_CPU)
		sched_wake_idle_cpu();
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

static bool has_ready(struct run_queue *rq)
{
	bool ready;

	core_lock(&rq->lock);
	ready = rq->length > 0;
	core_unlock(&rq->lock);
	return ready;
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
	struct cpu *c = this_cpu(); /* an idle thread stays on its CPU */

	for (;;) {
		while (c->rq->length > 0)
			sched_give_way(sched_lock_local());
		cli();
		__atomic_fetch_or(&idle_mask, 1u << c->id, __ATOMIC_SEQ_CST);
		if (!has_ready(c->rq) && !steal(c) && !wait_check_idle())
			sti_hlt();
		claim_idle(c->id);
		sti();
	}
}
