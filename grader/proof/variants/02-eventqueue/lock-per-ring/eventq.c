/*
 * eventq.c - lab 2: the counts are the indices.
 *
 * `pushed` says how many events were put in, so the next one's place is that
 * modulo the size; `tail` counts those that were taken.
 */
#include "eventq.h"

#include "string.h"

static unsigned int waiting(const struct eventq *q)
{
	return (uint32_t)q->pushed - q->tail;
}

void lab_eventq_init(struct eventq *q, const char *name)
{
	memset(q, 0, sizeof(*q));
	spin_init(&q->lock, "event queue");
	q->name = name;
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	bool done = false;

	spin_lock(&q->lock);
	if (waiting(q) < EVENTQ_SIZE) {
		memcpy(&q->ring[q->pushed % EVENTQ_SIZE], e, sizeof(*e));
		q->pushed++;
		done = true;
	} else {
		q->dropped++;
	}
	spin_unlock(&q->lock);
	return done;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	bool done = false;

	spin_lock(&q->lock);
	if (waiting(q) > 0) {
		memcpy(out, &q->ring[q->tail % EVENTQ_SIZE], sizeof(*out));
		q->tail++;
		done = true;
	}
	spin_unlock(&q->lock);
	return done;
}

unsigned int lab_event_count(struct eventq *q)
{
	spin_lock(&q->lock);
	unsigned int n = waiting(q);

	spin_unlock(&q->lock);
	return n;
}
