/*
 * eventq.c - lab 2: indices from 0 to 511, of which the ninth bit tells full
 * from empty.  The lock is taken by trying, with interrupts off.
 */
#include "eventq.h"

#include "irq.h"

#define ROUND (2 * EVENTQ_SIZE)

static uint64_t enter(struct eventq *q)
{
	uint64_t flags = irq_save();

	while (!spin_try_lock(&q->lock))
		cpu_relax();
	return flags;
}

static void leave(struct eventq *q, uint64_t flags)
{
	spin_unlock(&q->lock);
	irq_restore(flags);
}

static unsigned int used(const struct eventq *q)
{
	return (q->head + ROUND - q->tail) % ROUND;
}

void lab_eventq_init(struct eventq *q, const char *name)
{
	*q = (struct eventq){.name = name, .lock = SPINLOCK_INIT("events")};
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	uint64_t flags = enter(q);
	bool room = used(q) != EVENTQ_SIZE;

	if (room) {
		q->ring[q->head % EVENTQ_SIZE] = *e;
		q->head = (q->head + 1) % ROUND;
		q->pushed += 1;
	} else {
		q->dropped += 1;
	}
	leave(q, flags);
	return room;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	uint64_t flags = enter(q);
	bool some = q->head != q->tail;

	if (some) {
		*out = q->ring[q->tail % EVENTQ_SIZE];
		q->tail = (q->tail + 1) % ROUND;
	}
	leave(q, flags);
	return some;
}

unsigned int lab_event_count(struct eventq *q)
{
	uint64_t flags = enter(q);
	unsigned int count = used(q);

	leave(q, flags);
	return count;
}
