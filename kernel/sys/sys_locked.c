/*
 * sys_locked.c - calls that a later lab unlocks, and what they say until then.
 */
#include "errno.h"
#include "syscall.h"

/* Lab 4. */
SYSCALL(pipe)
{
	UNUSED_FROM_A;
	return -ENOSYS;
}

SYSCALL(pipe2)
{
	UNUSED_FROM_A;
	return -ENOSYS;
}

/* Lab 8. */
SYSCALL(socket)
{
	UNUSED_FROM_A;
	return -EAFNOSUPPORT;
}

SYSCALL(socketpair)
{
	UNUSED_FROM_A;
	return -EAFNOSUPPORT;
}
