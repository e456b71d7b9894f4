/*
 * eventq.c - the event queue, before lab 2 is unlocked: it keeps nothing.
 */
#include "eventq.h"

void lab_eventq_init(struct eventq *q, const char *name)
{
	q->name = name;
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	(void)q;
	(void)e;
	return false;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	(void)q;
	(void)out;
	return false;
}

unsigned int lab_event_count(struct eventq *q)
{
	(void)q;
	return 0;
}
