/*
 * locked.h - how a call that a later lab unlocks is written in that lab's
 * locked.c.
 *
 * The program gets the error that Linux has for a call it lacks; the person
 * before the screen is told the reason, once for each call.
 */
#ifndef LOCKED_H
#define LOCKED_H

#include "errno.h"
#include "printk.h"
#include "process.h"
#include "syscall.h"

/* long sys_NAME(...) { return LOCKED_CALL(lab, error); } */
#define LOCKED_CALL(lab, error) \
	({ \
		static bool said; \
\
		if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED)) \
			printk("%s: %s() is locked until lab %d\n", \
			       current->proc->name, \
			       __func__ + sizeof("sys_") - 1, lab); \
		error; \
	})

#endif
