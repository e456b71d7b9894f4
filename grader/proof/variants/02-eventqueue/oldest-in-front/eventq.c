/*
 * eventq.c - lab 2: no ring: the oldest event is always in front, and all move
 * up when it is taken.  `head` is how many there are; `tail` is not used.
 */
#include "eventq.h"
#include "string.h"

void lab_eventq_init(struct eventq *q, const char *name)
{
	memset(q, 0, sizeof(*q));
	q->name = name;
	spin_init(&q->lock, name);
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	spin_lock(&q->lock);
	if (q->head == EVENTQ_SIZE) {
		++q->dropped;
		spin_unlock(&q->lock);
		return false;
	}
	memcpy(&q->ring[q->head], e, sizeof(*e));
	++q->head;
	++q->pushed;
	spin_unlock(&q->lock);
	return true;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	spin_lock(&q->lock);
	if (q->head == 0) {
		spin_unlock(&q->lock);
		return false;
	}
	memcpy(out, q->ring, sizeof(*out));
	--q->head;
	memmove(q->ring, q->ring + 1, q->head * sizeof(*out));
	spin_unlock(&q->lock);
	return true;
}

unsigned int lab_event_count(struct eventq *q)
{
	/* One load, which is of one moment. */
	return __atomic_load_n(&q->head, __ATOMIC_ACQUIRE);
}
