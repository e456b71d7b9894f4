/*
 * signal_calls.c - signals that wait, and the stack for handlers.
 */
#include "errno.h"
#include "process.h"
#include "signals.h"
#include "uaccess.h"

#define MIN_ALTSTACK 2048 /* sigaltstack(2): MINSIGSTKSZ */

long sys_rt_sigpending(uintptr_t set_addr, size_t size)
{
	struct thread *t = current;
	uint64_t set;

	if (size > sizeof(set))
		return -EINVAL;
	set = (t->signals_pending | t->proc->signals_pending) & t->sigmask;
	return copy_to_user(set_addr, &set, size);
}

long sys_sigaltstack(uintptr_t new_addr, uintptr_t old_addr)
{
	__typeof__(current->altstack) stack, old = current->altstack;

	if (new_addr) {
		if (get_user(stack, new_addr))
			return -EFAULT;
		if (stack.flags & ~SS_DISABLE)
			return -EINVAL;
		if (stack.flags & SS_DISABLE)
			stack.stack = stack.size = 0;
		else if (stack.size < MIN_ALTSTACK)
			return -ENOMEM;
		current->altstack = stack;
	}
	return old_addr ? put_user(old, old_addr) : 0;
}
