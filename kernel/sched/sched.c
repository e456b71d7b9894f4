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
 * Which CPU's queue a thread is put on, and what a CPU does that has none to
 * run, is in wake.c.
 *
 * A queue is ordered by priority, a thread's own or one that it borrows; mostly
 * all have 0.  Who becomes ready with a higher one than that
 * of the thread that runs on its CPU makes that CPU look, by an interrupt.
 *
 * There is no periodic tick.  A CPU that runs a thread arms its timer for the
 * end of the time slice, also when nobody waits: under QEMU's -icount that is
 * what lets the other CPUs run.  Idle, it sleeps until the next timer or
 * inter-processor interrupt.
 */
#include "sched.h"
#include "errno.h"
#include "hooks.h"
#include "lock_inline.h"
#include "panic.h"
#include "process.h"
#include "time.h"
#include "timer.h"
#include "trace.h"

struct run_queue run_queues[MAX_CPUS];

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

/* Behind those of its priority, before those of lower ones. */
void sched_queue_insert(struct run_queue *rq, struct thread *t)
{
	struct thread *other;

	list_for_each (other, &rq->ready, run_link)
		if (other->priority < t->priority)
			break;
	list_push_back(&other->run_link, &t->run_link);
}

/* The first thread, off the queue; NULL when nobody is ready. */
static inline struct thread *queue_pop(struct run_queue *rq)
{
	struct list_head *link = list_pop_front(&rq->ready);

	if (!link)
		return NULL;
	rq->length--;
	return list_entry(link, struct thread, run_link);
}

/* The one to run next, which a perturbed scheduler chooses. */
static inline struct thread *queue_pick(struct run_queue *rq)
{
	struct thread *t;

	if (likely(!perturb_on) || rq->length == 0)
		return queue_pop(rq);
	t = perturb_pick(rq);
	queue_remove(rq, t);
	return t;
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

/* What the end of a switch rarely has to do: tell the trace, and bury the
 * thread that left for good. */
static __attribute__((noinline)) void finish_rare(struct run_queue *rq,
						  bool enabled)
{
	struct thread *dead = rq->dead;

	rq->dead = NULL;
	this_cpu()->intr_saved = enabled;
	core_unlock(&rq->lock);
	if (dead)
		thread_bury(dead);
}

/* The section of the thread that left, of depth one, ends as that of the one
 * that came, for which interrupts were on or off before it. */
static inline void finish_switch(bool enabled)
{
	struct cpu *c = this_cpu();
	struct run_queue *rq = c->rq;

	if (unlikely(hooks_any || rq->dead)) {
		finish_rare(rq, enabled);
		return;
	}
	core_lock_release(c, &rq->lock);
	c->intr_depth = 0;
	if (likely(enabled))
		sti();
}

/* In a thread that runs for the first time. */
void sched_finish_switch(void)
{
	finish_switch(true);
}

/* The switch itself; it returns when the caller has the CPU again, and
 * interrupts are as they were. */
static inline __attribute__((always_inline)) void exchange(struct cpu *c,
							   struct run_queue *rq,
							   struct thread *next,
							   bool enabled)
{
	struct thread *prev = c->running;
	uint64_t now = time_cycles();

	prev->run_cycles += now;
	prev->switched_out = now;
	next->run_cycles -= now;
	next->state = THREAD_RUNNING;
	c->running = next;
	rq->switches++;
	if (prev->proc)
		user_registers_save(prev);
	if (next->proc)
		user_registers_load(c, next);
	context_switch(&prev->rsp, next->rsp);
	finish_switch(enabled);
}

/* The same, with what a switch rarely has to do. */
static __attribute__((noinline)) void switch_rare(struct cpu *c,
						  struct run_queue *rq,
						  struct thread *next)
{
	if (!rq->slice_armed && next != c->idle)
		sched_arm_slice(rq);
	trace(TRACE_SWITCH, c->running->id, next->id);
	if (next->proc)
		aspace_activate(next->proc->aspace);
	exchange(c, rq, next, c->intr_saved);
}

static inline bool has_other_aspace(const struct cpu *c, const struct thread *t)
{
	return t->proc && t->proc->aspace != c->aspace;
}

/* Gives the CPU to a thread that was taken off the queue, or is the idle one,
 * while no hook is on.  Needs a depth of one, which the callers have checked;
 * before that section, interrupts were on or not. */
static inline __attribute__((always_inline)) void switch_to(
	struct cpu *c, struct run_queue *rq, struct thread *next, bool enabled)
{
	if (unlikely(!rq->slice_armed || has_other_aspace(c, next)))
		switch_rare(c, rq, next);
	else
		exchange(c, rq, next, enabled);
}

void sched_switch_away(struct cpu *c)
{
	struct thread *next = queue_pick(c->rq);

	switch_rare(c, c->rq, next ? next : c->idle);
}

void sched_requeue(struct run_queue *rq)
{
	struct cpu *c = this_cpu();
	struct thread *next = queue_pick(rq);

	assert(c->intr_depth == 1);
	c->running->state = THREAD_READY;
	queue_push(rq, c->running);
	switch_rare(c, rq, next);
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
	struct cpu *c = intr_push_outermost();
	struct run_queue *rq = c->rq;
	struct list_head *link;

	core_lock_acquire_first(c, &rq->lock, HERE);
	if (unlikely(hooks_any | sched_prioritized)) {
		yield_slowly(rq);
		return;
	}
	link = list_pop_front(&rq->ready);
	if (!link) {
		core_unlock(&rq->lock);
		return;
	}
	c->running->state = THREAD_READY;
	list_push_back(&rq->ready, &c->running->run_link);
	switch_to(c, rq, list_entry(link, struct thread, run_link),
		  c->intr_saved);
}

void sched_run_ready(void)
{
	for (;;) {
		struct run_queue *rq = sched_lock_local();
		struct thread *next = queue_pick(rq);

		if (!next) {
			core_unlock(&rq->lock);
			return;
		}
		current->state = THREAD_READY;
		switch_rare(this_cpu(), rq, next);
	}
}

/* ---- blocking ---- */

/* The wake-up came before the thread went to sleep.  Needs the run queue lock,
 * and releases it. */
static __attribute__((noinline)) void consume_early_wake(struct thread *self)
{
	self->timed_out = !(self->early & EARLY_WAKE);
	self->early = 0;
	core_unlock(&this_cpu()->rq->lock);
}

/* Needs interrupts on, with which no section is open. */
static inline __attribute__((always_inline)) void block_begun(
	uintptr_t call_site, bool hooked)
{
	struct cpu *c = intr_push_enabled();
	struct run_queue *rq = c->rq;
	struct thread *self = c->running, *next;

	core_lock_acquire_first(c, &rq->lock, call_site);
	if (unlikely(self->early)) {
		consume_early_wake(self);
		return;
	}
	self->state = THREAD_BLOCKED;
	self->blocked_at = call_site;
	if (hooked) {
		sched_switch_away(c);
		return;
	}
	next = queue_pop(rq);
	switch_to(c, rq, likely(next != NULL) ? next : c->idle, true);
}

static __attribute__((noinline)) void block_hooked(uintptr_t call_site)
{
	assert_may_sleep_at(call_site);
	sched_point(POINT_SLEEP, current);
	trace(TRACE_BLOCK, current->id, call_site);
	block_begun(call_site, true);
}

static inline __attribute__((always_inline)) void block(uintptr_t call_site)
{
	if (unlikely(hooks_any || !intr_enabled()))
		block_hooked(call_site);
	else
		block_begun(call_site, false);
}

/* Not inlined, as the next ones: CALL_SITE must be in the caller. */
__attribute__((noinline)) void thread_block(void)
{
	block(CALL_SITE);
}

static void deadline_passed(struct timer *timer)
{
	struct thread *t = container_of(timer, struct thread, timer);
	struct run_queue *rq = sched_lock_thread(t);

	if (t->state == THREAD_BLOCKED) {
		t->timed_out = true;
		t->state = THREAD_READY;
		sched_enqueue(rq, t);
	} else {
		t->early |= EARLY_TIMEOUT;
		core_unlock(&rq->lock);
	}
}

static __attribute__((noinline)) int block_until(uint64_t deadline,
						 uintptr_t call_site)
{
	struct thread *self = current;

	assert_may_sleep_at(call_site);
	self->timed_out = false;
	timer_start(&self->timer, deadline, deadline_passed);
	block(call_site);
	timer_cancel(&self->timer);
	self->early &= ~EARLY_TIMEOUT; /* it came just after a wake-up */
	return self->timed_out ? -ETIMEDOUT : 0;
}

__attribute__((noinline)) int thread_block_until(uint64_t deadline)
{
	if (deadline != WAIT_FOREVER)
		return block_until(deadline, CALL_SITE);
	block(CALL_SITE);
	return 0;
}

void thread_sleep_until(uint64_t deadline)
{
	assert_may_sleep_at(CALL_SITE);
	while (time_ns() < deadline)
		thread_block_until(deadline);
}

/* To wake an idle CPU the interrupt is enough; a thread of lower priority makes
 * way, and jitter wants a slice at once. */
void sched_kick(void)
{
	struct run_queue *rq = this_cpu()->rq;

	core_lock(&rq->lock);
	if (sched_should_preempt(rq, current))
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
		sched_wake_idle_cpu();
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
	bool runs = cpus[cpu].running == idle;

	return runs ? idle->run_cycles + time_cycles() : idle->run_cycles;
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
