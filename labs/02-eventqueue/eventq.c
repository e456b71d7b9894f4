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

/* ---- 2.1: the event queue ---- */

void lab_eventq_init(struct eventq *q, const char *name)
{
	q->name = name;
	/* TODO(lab 2.1): an empty queue, whatever was in *q before. */
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	/* TODO(lab 2.1): append a copy of the event, unless all EVENTQ_SIZE
	 * places are taken; count what becomes of it.  A handler may call this
	 * in the middle of anything, on any CPU. */
	return false;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	/* TODO(lab 2.1): take the oldest event, if there is one. */
	return false;
}

unsigned int lab_event_count(struct eventq *q)
{
	/* TODO(lab 2.1): how many events wait, at one moment. */
	return 0;
}
