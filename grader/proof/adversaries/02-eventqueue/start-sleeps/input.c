/*
 * input.c - lab 2: the devices are never started, since this thread waits for
 * ever.
 */
#include "input.h"

#include "thread.h"

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
	for (;;)
		thread_block();
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
