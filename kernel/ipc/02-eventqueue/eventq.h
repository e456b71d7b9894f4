/*
 * eventq.h - lab 2: the queue between interrupt handlers and programs.
 *
 * What happens at the keyboard and the mouse becomes a struct event.  Handlers
 * push events at one end, threads pop them at the other, and a ring of fixed
 * size lies between: a handler can neither wait nor allocate.
 *
 * The functions with lab_ in front are the student's (eventq.c); everybody
 * else calls the wrappers without it, which are given
 * (ipc/02-eventqueue/input_events.c): they hold the trace points, and tell
 * those who wait for the system's own queue, `input_events`.
 */
#ifndef EVENTQ_H
#define EVENTQ_H

#include "spinlock.h"
#include "types.h"

enum event_type {
	EVENT_KEY_DOWN = 1,
	EVENT_KEY_UP,
	EVENT_MOUSE_MOVE,
	EVENT_MOUSE_BUTTON,
};

/*
 * The same as struct sb_event of programs (user/signalbox.h).
 *
 *	type		data[0]		data[1]		data[2]
 *	KEY_DOWN	KEY_*		character or 0	MOD_*, KEY_REPEATED
 *	KEY_UP		KEY_*		0		MOD_*
 *	MOUSE_MOVE	to the right	down		BUTTON_* held
 *	MOUSE_BUTTON	0 left, 1	1 pressed, 0	BUTTON_* held
 *			right, 2 middle	released
 *
 * Modifiers and buttons are those after the event.
 */
struct event {
	uint32_t type; /* enum event_type */
	int32_t data[3];
	uint64_t time_ns; /* time_ns() when its last byte came */
};

#define EVENTQ_SIZE 256 /* events; all of these places can be used */

struct eventq {
	/* The student's to use. */
	struct spinlock lock; /* of all that follows */
	uint32_t head, tail;  /* whether they run freely: as you decide */
	struct event ring[EVENTQ_SIZE];
	uint64_t pushed;  /* events that found a place, ever */
	uint64_t dropped; /* and that found none */

	/* Given. */
	const char *name;
};

/* ---- the student's ---- */

/* Makes the queue empty, counters too.  Nobody else uses it yet. */
void lab_eventq_init(struct eventq *q, const char *name);

/* Appends a copy of the event.  False when the queue is full: the event is
 * counted in `dropped`, and nothing else changes.  Any context but NMI. */
bool lab_event_push(struct eventq *q, const struct event *e);

/* Takes the oldest event; false when there is none, and then *out is as it
 * was.  Any context but NMI. */
bool lab_event_pop(struct eventq *q, struct event *out);

/* How many events wait: 0 .. EVENTQ_SIZE.  Any context but NMI. */
unsigned int lab_event_count(struct eventq *q);

/* ---- the wrappers: kernel/ipc/02-eventqueue/input_events.c ---- */

/* All input of the machine. */
extern struct eventq input_events;

void eventq_init(struct eventq *q, const char *name);

/* On input_events it also wakes who waits for input, and types on the console
 * (whether or not there was a place). */
bool event_push(struct eventq *q, const struct event *e);
bool event_pop(struct eventq *q, struct event *out);
unsigned int event_count(struct eventq *q);

/* "key down" and so on, for messages. */
const char *event_type_name(uint32_t type);

#endif
