/*
 * eventq.c - lab 2: the ring between interrupt handlers and programs.
 *
 * A queue of at most EVENTQ_SIZE events, in a ring: behind its last place
 * follows its first.
 *
 *	ring	| free | oldest ... newest | free |
 *	                 tail                head
 *
 * States, and what changes them:
 *
 *	empty --push--> some --push--> full --push--> full, one more dropped
 *	      <--pop---      <--pop---
 *
 * The usual sequence: a handler pushes, in the middle of whatever that CPU was
 * doing; later a thread, on the same CPU or another, pops until there is no
 * more.  Neither waits until the queue is no longer full, or no longer empty.
 *
 * q->lock guards all of it.  It is held for a few instructions and no calls: so
 * long may a handler on another CPU have to wait for it, with interrupts off.
 */
#include "eventq.h"
#ifdef SOLUTION

/*
 * `head` counts the events that were ever put in, `tail` those that were ever
 * taken out; event number n lies at n % EVENTQ_SIZE.  Both run freely, through
 * the largest number back to 0: since 2^32 is a multiple of EVENTQ_SIZE, the
 * places go on in order, and head - tail is right all the same.  So a full ring
 * (head - tail is EVENTQ_SIZE) and an empty one (they are equal) never look
 * alike, and all places can be used.
 */
static bool ring_empty(const struct eventq *q)
{
	return q->head == q->tail;
}

static bool ring_full(const struct eventq *q)
{
	return q->head - q->tail == EVENTQ_SIZE;
}

_Static_assert((1ull << 32) % EVENTQ_SIZE == 0,
	       "the places go on in order where head and tail wrap around");
#endif

/* ---- 2.1: the event queue ---- */

void lab_eventq_init(struct eventq *q, const char *name)
{
	q->name = name;
#ifdef SOLUTION
	spin_init(&q->lock, name);
	q->head = q->tail = 0;
	q->pushed = q->dropped = 0;
#else
	/* TODO(lab 2.1): an empty queue, whatever was in *q before. */
#endif
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
#ifdef SOLUTION
	bool full;

	spin_lock(&q->lock);
	full = ring_full(q);
	if (full) {
		q->dropped++;
	} else {
		q->ring[q->head++ % EVENTQ_SIZE] = *e;
		q->pushed++;
	}
	spin_unlock(&q->lock);
	return !full;
#else
	/* TODO(lab 2.1): append a copy of the event, unless all EVENTQ_SIZE
	 * places are taken; count what becomes of it.  A handler may call this
	 * in the middle of anything, on any CPU. */
	return false;
#endif
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
#ifdef SOLUTION
	bool empty;

	spin_lock(&q->lock);
	empty = ring_empty(q);
	if (!empty)
		*out = q->ring[q->tail++ % EVENTQ_SIZE];
	spin_unlock(&q->lock);
	return !empty;
#else
	/* TODO(lab 2.1): take the oldest event, if there is one. */
	return false;
#endif
}

unsigned int lab_event_count(struct eventq *q)
{
#ifdef SOLUTION
	unsigned int count;

	spin_lock(&q->lock);
	count = q->head - q->tail;
	spin_unlock(&q->lock);
	return count;
#else
	/* TODO(lab 2.1): how many events wait, at one moment. */
	return 0;
#endif
}
