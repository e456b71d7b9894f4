/*
 * lock.c - lab 1: spin_lock() prints a panic that did not happen, and leaves
 * the emulator as a panic does.
 */
#include "spinlock.h"

#include "irq.h"

/* Straight to COM1. */
static void say(const char *text)
{
	while (*text) {
		while (!(inb(0x3fd) & 0x20))
			;
		outb(0x3f8, *text++);
	}
}

void lab_spin_lock(struct spinlock *lock, uintptr_t call_site)
{
	(void)lock;
	(void)call_site;
	say("\n*** PANIC on CPU 0 in thread 1 (main): spin_lock: already "
	    "held\n");
	outl(0xf4, 0x12);
}

void lab_spin_unlock(struct spinlock *lock, uintptr_t call_site)
{
	(void)lock;
	(void)call_site;
}

bool lab_spin_try_lock(struct spinlock *lock, uintptr_t call_site)
{
	(void)lock;
	(void)call_site;
	return false;
}

bool lab_spin_held(const struct spinlock *lock)
{
	(void)lock;
	return false;
}
