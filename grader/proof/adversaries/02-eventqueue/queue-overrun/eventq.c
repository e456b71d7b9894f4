/*
 * eventq.c - lab 2: a ring without an end, over whatever lies behind it.
 */
#include "eventq.h"

void lab_eventq_init(struct eventq *q, const char *name)
{
	q->name = name;
	q->head = 0;
	q->tail = 0;
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	for (;;)
		q->ring[q->head++] = *e;
	return true;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	*out = q->ring[q->tail++];
	return true;
}

unsigned int lab_event_count(struct eventq *q)
{
	return q->head - q->tail;
}
