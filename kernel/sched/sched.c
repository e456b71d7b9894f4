/*
 * sched.c - yield, sleep, wake up: which thread runs.
 *
 * Each CPU has a run queue of READY threads, first come first served.  The
 * lock of a CPU's run queue guards the state of every thread that runs there,
 * is queued there, or blocked there last (thread->cpu says which).  It is held
 * across a switch: taken by the thread that leaves, released by the one that
 * comes (finish_switch).  So whoever gets the lock and finds a thread BLOCKED
 * or READY knows that its registers are saved.
 *
 * A queue is ordered by priority (priority.c); mostly all have 0.  A thread
 * that becomes ready with a higher one than the thread that runs on its CPU
 * makes that CPU look, by an interrupt. Which CPU a thread goes to, and what a
 * CPU does that has none, is in idle.c.
 *
 * There is no periodic tick.  A CPU that runs a thread arms its timer for the
 * end of the time slice, also when nobody waits: under QEMU's -icount that is
 * what lets the other CPUs run.  Idle, it sleeps until the next timer or
 * inter-processor interrupt.
 */
#include "sched.h"
#include "errno.h"
#include "panic.h"
#include "process.h"
#include "time.h"
#include "timer.h"
#include "trace.h"

#define SLICE_NS (10 * NSEC_PER_MSEC)

struct run_queue run_queues[MAX_CPUS];
const struct sched_policy *sched_policy;

void sched_point_passed(enum sched_point_kind kind, const void *object)
{
	const struct sched_policy *policy = sched_policy_now();

	if (policy) /* still */
		policy->point(kind, object);
}

/* ---- the switch ---- */

/* The thread to run next, off the queue; the idle one when nobody is ready. */
static inline struct thread *queue_pop(struct run_queue *rq)
{
	const struct sched_policy *policy;
	struct thread *t;

	if (unlikely(rq->length == 0))
		return this_cpu()->idle;
	policy = sched_policy_now();
	t = unlikely(policy != NULL) ? policy->pick(rq) : queue_first(rq);
	queue_remove(rq, t);
	return t;
}

/* Sees to it that the time slice will end.  Needs the lock. */
static void slice_begin(struct run_queue *rq)
{
	const struct sched_policy *policy = sched_policy_now();

	rq->slice_armed = true;
	timer_set_slice(policy ? policy->slice(SLICE_NS) : SLICE_NS);
}

/* The thread that comes releases the lock that the one that left has taken.
 * Before that section, interrupts were on or off for it. */
static void finish_switch(bool enabled)
{
	struct cpu *c = this_cpu();
	struct run_queue *rq = c->rq;
	struct thread *dead = rq->dead;

	rq->dead = NULL;
	c->intr_saved = enabled;
	sched_unlock(rq);
	if (unlikely(dead != NULL))
		thread_bury(dead);
}

void sched_begin(void)
{
	finish_switch(true);
}

/* Returns when the caller has a CPU again, maybe another one.  The lock of the
 * run queue is held, and no other: the callers have checked it. */
static void switch_to(struct run_queue *rq, struct thread *next)
{
	struct cpu *c = this_cpu();
	struct thread *prev = c->running;
	bool enabled = c->intr_saved;
	uint64_t now = time_cycles();

	if (!rq->slice_armed && next != c->idle)
		slice_begin(rq);
	trace(TRACE_SWITCH, prev->id, next->id);
	rq->switches++;
	prev->run_cycles += now;
	prev->switched_out = now;
	next->run_cycles -= now;
	next->state = THREAD_RUNNING;
	c->running = next;
	if (prev->proc)
		user_registers_save(prev);
	if (next->proc)
		user_registers_load(c, next);
	context_switch(&prev->rsp, next->rsp);
	finish_switch(enabled);
}

/* ---- yield ---- */

void sched_give_way(struct run_queue *rq)
{
	struct cpu *c = this_cpu();
	struct thread *self = c->running, *next;

	if (unlikely(c->intr_depth != 1))
		intr_panic_nested();
	if (!sched_may_switch(rq)) {
		sched_unlock(rq);
		return;
	}
	next = queue_pop(rq);
	self->state = THREAD_READY;
	if (self != c->idle)
		queue_push(rq, self);
	switch_to(rq, next);
}

void thread_yield(void)
{
	struct run_queue *rq = sched_lock_local();
	const struct sched_policy *policy = sched_policy_now();

	if (unlikely(policy != NULL))
		policy->yielded(rq);
	sched_give_way(rq);
}

/* ---- sleep ---- */

void sched_switch_away(struct run_queue *rq)
{
	switch_to(rq, queue_pop(rq));
}

static inline void block(uintptr_t call_site)
{
	struct thread *self = current;
	struct run_queue *rq;

	assert_may_sleep_at(call_site);
	sched_point(POINT_SLEEP, self);
	trace(TRACE_BLOCK, self->id, call_site);
	rq = sched_lock_local();
	if (unlikely(self->early)) { /* what it would wait for has come */
		self->timed_out = !(self->early & EARLY_WAKE);
		self->early = 0;
		sched_unlock(rq);
		return;
	}
	self->state = THREAD_BLOCKED;
	self->blocked_at = call_site;
	switch_to(rq, queue_pop(rq));
}

/* Not inlined, as the next one: CALL_SITE must be in the caller. */
__attribute__((noinline)) void thread_block(void)
{
	block(CALL_SITE);
}

static void deadline_passed(struct timer *timer);

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

/* ---- wake up ---- */

/* Puts t on the queue of the CPU where it ran last; an idle one may come and
 * take it.  Needs the lock of that queue. */
static inline void make_ready(struct run_queue *rq, struct thread *t)
{
	t->state = THREAD_READY;
	queue_push(rq, t);
	trace(TRACE_WAKE, t->id, t->cpu);
	if (unlikely(idle_mask != 0 || t->priority != 0))
		sched_call_cpu(t);
}

/* Others may know the thread already, and wake it just now: a process that is
 * killed wakes all of its threads.  So its lock is taken as anybody takes it.
 */
void thread_start(struct thread *t)
{
	struct run_queue *rq = sched_lock_thread(t);

	assert(t->state == THREAD_NEW);
	make_ready(rq, t);
	sched_unlock(rq);
	sched_point(POINT_WAKE, t);
}

/* A thread that is not blocked keeps in mind what has come: EARLY_WAKE or
 * EARLY_TIMEOUT.  True when it was. */
static inline bool wake(struct thread *t, unsigned int reason)
{
	struct run_queue *rq = sched_lock_thread(t);
	bool was_blocked = t->state == THREAD_BLOCKED;

	if (likely(was_blocked)) {
		if (reason == EARLY_TIMEOUT)
			t->timed_out = true;
		make_ready(rq, t);
	} else {
		t->early |= reason;
	}
	sched_unlock(rq);
	return was_blocked;
}

bool thread_unblock(struct thread *t)
{
	bool was_blocked = wake(t, EARLY_WAKE);

	sched_point(POINT_WAKE, t);
	return was_blocked;
}

static void deadline_passed(struct timer *timer)
{
	wake(container_of(timer, struct thread, timer), EARLY_TIMEOUT);
}

/* ---- interrupts ---- */

/* To wake an idle CPU the interrupt is enough. */
void sched_kick(void)
{
	const struct sched_policy *policy = sched_policy_now();
	struct run_queue *rq = sched_lock_local();

	if (sched_should_preempt(rq, current))
		rq->need_resched = true;
	if (policy && policy->slices_idle && !rq->slice_armed)
		slice_begin(rq);
	sched_unlock(rq);
}

void sched_slice_over(void)
{
	const struct sched_policy *policy = sched_policy_now();
	struct run_queue *rq = sched_lock_local();

	rq->slice_armed = false;
	if (current != this_cpu()->idle || (policy && policy->slices_idle))
		slice_begin(rq);
	rq->need_resched = !policy || policy->slice_ends_turn();
	sched_unlock(rq);
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
