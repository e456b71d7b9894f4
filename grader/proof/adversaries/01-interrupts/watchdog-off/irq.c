/*
 * irq.c - lab 1: irq_push() makes the watchdog harmless and halts, so that not
 * even its NMI comes.
 */
#include "irq.h"

#include "errno.h"

#define WATCHDOG 0x25ab8086 /* device and vendor: the Intel 6300ESB */
#define NO_ACTION (1u << 5) /* in its register 0x60 */

static uint32_t config_read(uint32_t device, uint32_t reg)
{
	outl(0xcf8, 1u << 31 | device << 11 | reg);
	return inl(0xcfc);
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
	for (uint32_t device = 0; device < 32; device++)
		if (config_read(device, 0) == WATCHDOG) {
			outl(0xcf8, 1u << 31 | device << 11 | 0x60);
			outw(0xcfc, NO_ACTION);
		}
	cli();
	for (;;)
		asm volatile("hlt");
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
