/*
 * timer.c - one-shot timers, a queue a CPU.
 *
 * The queue is a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986):
 * a tree in which no child is due before its parent, so the root is due first.
 * A timer's `child` is the first of its children, which are chained by
 * `sibling`; `prev` is the sibling before, or the parent of the first child.
 * Insertion costs a constant, removal O(log n) on the average, and nothing is
 * allocated.
 *
 * The local APIC is programmed for the earlier of the root and the end of the
 * time slice.  Cancelling does not reprogram it: an interrupt that finds
 * nothing due costs less than that.
 */
#include "timer.h"
#include "apic.h"
#include "cpu.h"
#include "heap.h"
#include "lock.h"
#include "panic.h"
#include "thread.h"
#include "time.h"
#include "trace.h"

#define NEVER UINT64_MAX

struct timer_queue {
	/* All need lock. */
	struct core_lock lock;
	struct timer *root;
	unsigned int active; /* how many there are */
	uint64_t slice_end;  /* or NEVER */
	uint64_t armed;      /* what the APIC will fire at, or NEVER */
	struct timer *volatile running; /* its handler is being called */
};

static struct timer_queue queues[MAX_CPUS];

/* ---- the pairing heap ---- */

static struct timer *heap_meld(struct timer *a, struct timer *b)
{
	if (!a)
		return b;
	if (!b)
		return a;
	if (b->deadline < a->deadline) {
		struct timer *earlier = b;

		b = a;
		a = earlier;
	}
	b->prev = a;
	b->sibling = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Melds a chain of siblings into one tree: in pairs from left to right, then
 * the pairs from right to left. */
static struct timer *heap_meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *root = NULL;

	while (first) {
		struct timer *a = first, *b = a->sibling;

		first = b ? b->sibling : NULL;
		a->sibling = NULL;
		if (b)
			b->sibling = NULL;
		a = heap_meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *next = pairs->sibling;

		pairs->sibling = NULL;
		root = heap_meld(root, pairs);
		pairs = next;
	}
	return root;
}

static void queue_insert(struct timer_queue *q, struct timer *timer)
{
	timer->child = timer->sibling = timer->prev = NULL;
	timer->active = true;
	q->active++;
	q->root = heap_meld(q->root, timer);
}

static void queue_remove(struct timer_queue *q, struct timer *timer)
{
	struct timer *children = heap_meld_siblings(timer->child);

	if (timer == q->root) {
		q->root = children;
	} else {
		if (timer->prev->child == timer)
			timer->prev->child = timer->sibling;
		else
			timer->prev->sibling = timer->sibling;
		if (timer->sibling)
			timer->sibling->prev = timer->prev;
		q->root = heap_meld(q->root, children);
	}
	if (q->root)
		q->root->prev = NULL;
	timer->active = false;
	q->active--;
}

/* ---- the local APIC ---- */

/* An interrupt for the earliest deadline, unless one is due by then anyway. */
static void arm(struct timer_queue *q, uint64_t now)
{
	uint64_t next = q->slice_end;

	if (q->root && q->root->deadline < next)
		next = q->root->deadline;
	if (next >= q->armed)
		return;
	q->armed = next;

	uint64_t delay = next > now ? next - now : 0;
	/* What does not fit the counter is armed again when that has passed. */
	uint64_t ticks = delay >= 2 * NSEC_PER_SEC
				 ? 2 * apic_timer_hz
				 : delay * apic_timer_hz / NSEC_PER_SEC;

	apic_timer_arm(MIN(MAX(ticks, 1), UINT32_MAX));
}

static struct timer_queue *lock_local(void)
{
	struct timer_queue *q = intr_push()->timers;

	core_lock(&q->lock);
	intr_pop(); /* the lock keeps interrupts off */
	return q;
}

void timer_start(struct timer *timer, uint64_t deadline,
		 void (*fn)(struct timer *timer))
{
	struct timer_queue *q = lock_local();

	assert(!timer->active);
	timer->deadline = deadline;
	timer->fn = fn;
	timer->cpu = q - queues;
	queue_insert(q, timer);
	arm(q, time_ns());
	core_unlock(&q->lock);
}

bool timer_cancel(struct timer *timer)
{
	struct timer_queue *q = &queues[timer->cpu];
	bool was_active;

	core_lock(&q->lock);
	was_active = timer->active;
	if (was_active)
		queue_remove(q, timer);
	bool wait = q->running == timer && q != this_cpu()->timers;

	core_unlock(&q->lock);
	while (wait && q->running == timer)
		cpu_relax();
	return was_active;
}

void timer_set_slice(uint64_t delay)
{
	struct timer_queue *q = lock_local();
	uint64_t now = time_ns();

	q->slice_end = now + delay;
	arm(q, now);
	core_unlock(&q->lock);
}

/* Calls the handler without the lock: it may start timers. */
static void run(struct timer_queue *q, struct timer *timer)
{
	void (*fn)(struct timer *) = timer->fn;

	queue_remove(q, timer);
	q->running = timer;
	core_unlock(&q->lock);
	trace(TRACE_TIMER, TRACE_PTR(timer), TRACE_PTR(fn));
	fn(timer);
	core_lock(&q->lock);
	q->running = NULL;
}

void timer_interrupt(void)
{
	struct timer_queue *q = this_cpu()->timers;
	uint64_t now = time_ns();
	bool slice_over;

	core_lock(&q->lock);
	q->armed = NEVER;
	while (q->root && q->root->deadline <= now)
		run(q, q->root);
	slice_over = q->slice_end <= now;
	if (slice_over)
		q->slice_end = NEVER;
	arm(q, now);
	core_unlock(&q->lock);
	if (slice_over)
		sched_slice_over();
}

unsigned int timers_active(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < cpu_count; i++) {
		core_lock(&queues[i].lock);
		count += queues[i].active + (queues[i].running != NULL);
		core_unlock(&queues[i].lock);
	}
	return count;
}

void timer_init_cpu(struct cpu *c)
{
	struct timer_queue *q = &queues[c->id];

	core_lock_init(&q->lock, "timers", RANK_TIMERS);
	q->slice_end = q->armed = NEVER;
	c->timers = q;
}
