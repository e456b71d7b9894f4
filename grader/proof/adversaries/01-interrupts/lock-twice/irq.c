/*
 * irq.c - lab 1: irq_attach() forgets to release the lock where it returns
 * early.
 */
#include "irq.h"

#include "errno.h"
#include "spinlock.h"

static struct spinlock irq_lock = SPINLOCK_INIT("irq");
static irq_handler handlers[IRQ_LINES];

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
}

void lab_irq_pop(void)
{
}

int lab_irq_attach(unsigned int line, irq_handler handler, void *arg)
{
	(void)arg;
	spin_lock(&irq_lock);
	if (line >= IRQ_LINES || !handler)
		return -EINVAL;
	if (handlers[line])
		return -EBUSY;
	handlers[line] = handler;
	spin_unlock(&irq_lock);
	return 0;
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
