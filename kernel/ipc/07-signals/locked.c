/*
 * locked.c - waiting for a signal handler, before lab 7 is unlocked.
 *
 * A program calls sigsuspend(2) in a loop until its handler has run.  No handler
 * runs yet, so an error would make that loop endless, and so would sleeping: the
 * shell's `wait` is such a program.  Therefore it ends, and the console says why.
 */
#include "locked.h"
#include "signals.h"

long sys_rt_sigsuspend(uintptr_t mask, size_t size)
{
	long error = LOCKED_CALL(7, -ENOSYS);

	printk("%s: it would wait for a signal handler for ever, and is ended\n",
	       current->proc->name);
	spin_lock(&process_lock);
	process_kill(current->proc, SIGSYS);
	spin_unlock(&process_lock);
	return error;
}
