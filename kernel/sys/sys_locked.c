/*
 * sys_locked.c - calls that a later lab unlocks, and what they say until then.
 *
 * The program gets the error that Linux has for it; who sits before the screen
 * is told the reason, once for each call.
 */
#include "errno.h"
#include "printk.h"
#include "process.h"
#include "syscall.h"

#define LOCKED(call, lab, error) \
	SYSCALL(call) \
	{ \
		static bool said; \
\
		UNUSED_FROM_A; \
		if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED)) \
			printk("%s: %s() is locked until lab %d\n", \
			       current->proc->name, #call, lab); \
		return error; \
	}

LOCKED(pipe, 4, -ENOSYS)
LOCKED(pipe2, 4, -ENOSYS)
LOCKED(socket, 8, -EAFNOSUPPORT)
LOCKED(socketpair, 8, -EAFNOSUPPORT)
