/*
 * locked.c - what lab 2's functions do before it is unlocked: the event queue
 * keeps nothing, and input is dropped.
 *
 * lab_input_start() says that there is nothing to start, and so the console
 * polls the keyboard (linux/screen/keyboard.c).
 */
#include "eventq.h"
#include "input.h"

#include "errno.h"

/* ---- the event queue ---- */

void lab_eventq_init(struct eventq *q, const char *name)
{
	q->name = name;
}

bool lab_event_push(struct eventq *q, const struct event *e)
{
	return false;
}

bool lab_event_pop(struct eventq *q, struct event *out)
{
	return false;
}

unsigned int lab_event_count(struct eventq *q)
{
	return 0;
}

/* ---- keyboard and mouse ---- */

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
}

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
}

int lab_input_start(void)
{
	return -ENOSYS;
}

void lab_scancode_subscribe(struct scancode_pipe *p)
{
}

void lab_scancode_unsubscribe(struct scancode_pipe *p)
{
}

void lab_scancode_publish(uint8_t byte)
{
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
	return 0;
}
