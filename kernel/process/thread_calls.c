/*
 * thread_calls.c - what a thread says about itself: where its variables are,
 * whom to tell when it ends, and that others may run.
 */
#include "cpu.h"
#include "errno.h"
#include "process.h"
#include "uaccess.h"
#include "x86.h"

/* Source: arch_prctl(2); values of Linux. */
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

long sys_arch_prctl(int option, uintptr_t addr)
{
	switch (option) {
	case ARCH_SET_FS:
		/* An address that is not canonical would fault in the kernel,
		 * when it is loaded (SDM 2B, WRMSR). */
		if (addr >= USER_TOP)
			return -EPERM;
		user_set_fs_base(addr);
		return 0;
	case ARCH_GET_FS:
		return put_user(current->fs_base, addr);
	default:
		return -EINVAL;
	}
}

long sys_set_tid_address(uintptr_t addr)
{
	current->clear_tid = addr;
	return current->tid;
}

/* Who yields usually waits for another, which may run on another CPU: under
 * icount, PAUSE lets that CPU go on. */
long sys_sched_yield(void)
{
	thread_yield();
	cpu_relax();
	return 0;
}
