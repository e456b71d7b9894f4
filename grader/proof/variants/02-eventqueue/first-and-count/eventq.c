/*
 * eventq.c - lab 2: the place of the oldest event, and how many there are.
 *
 * `tail` is the oldest's place, `head` the number of events.
 */
#include "eventq.h"

void lab_eventq_init(struct eventq *q, const char *name)
{
	spin_init(&q->lock, name);
	q->head = q->tail = 0;
	q->pushed = q->dropped = 0;
	q->name = name;
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	spin_lock(&q->lock);
	if (q->head == EVENTQ_SIZE) {
		q->dropped++;
		spin_unlock(&q->lock);
		return false;
	}
	q->ring[(q->tail + q->head) & (EVENTQ_SIZE - 1)] = *e;
	q->head++;
	q->pushed++;
	spin_unlock(&q->lock);
	return true;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	bool found = false;

	spin_lock(&q->lock);
	if (q->head > 0) {
		*out = q->ring[q->tail];
		if (++q->tail == EVENTQ_SIZE)
			q->tail = 0;
		q->head--;
		found = true;
	}
	spin_unlock(&q->lock);
	return found;
}

/* One aligned word, written under the lock: it may be read without. */
unsigned int lab_event_count(struct eventq *q)
{
	return __atomic_load_n(&q->head, __ATOMIC_RELAXED);
}
