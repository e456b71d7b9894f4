/*
 * irq.c - lab 1: irq_push() sends bytes to COM1 that are no text: control
 * characters, and no valid UTF-8.
 */
#include "irq.h"

#include "errno.h"

/* Straight to COM1. */
static void say(const char *text)
{
	while (*text) {
		while (!(inb(0x3fd) & 0x20))
			;
		outb(0x3f8, *text++);
	}
}

uint64_t lab_irq_save(void)
{
	return 0;
}

void lab_irq_restore(uint64_t flags)
{
	(void)flags;
}

void lab_irq_push(void)
{
	say("\x1b[2J\x1b[31m\xff\xfe\x80\x07\b\b\r\n");
}

void lab_irq_pop(void)
{
}

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	(void)line;
	(void)handler;
	(void)arg;
	return -ENOSYS;
}

int lab_irq_detach(unsigned int line)
{
	(void)line;
	return -ENOSYS;
}

void lab_irq_dispatch(struct trap_frame *frame)
{
	(void)frame;
}

uint64_t lab_irq_count(unsigned int line)
{
	(void)line;
	return 0;
}

uint64_t lab_irq_spurious(void)
{
	return 0;
}

size_t lab_irq_report(char *buf, size_t size)
{
	if (size > 0)
		buf[0] = '\0';
	return 0;
}
