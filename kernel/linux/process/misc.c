/*
 * misc.c - what is left over: names, thread-local storage, where a thread runs.
 */
#include "cpu.h"
#include "errno.h"
#include "process_parts.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"
#include "x86.h"

/* Source: prctl(2), arch_prctl(2); values of Linux. */
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_SECCOMP 21

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

#define ROBUST_LIST_HEAD_SIZE 24

/* ---- this thread ---- */

/* As on Linux a thread has a name, and a process that of its first thread. */
static void name_set(const char *name)
{
	struct process *p = current->proc;

	strlcpy(current->name, name, sizeof(current->name));
	if (current->tid == p->pid)
		strlcpy(p->name, name, sizeof(p->name));
}

static long name_set_user(uintptr_t addr)
{
	char name[COMM_SIZE] = {0};
	long length = copy_string_from_user(name, addr, sizeof(name));

	if (length == -ENAMETOOLONG)
		name[COMM_SIZE - 1] = '\0';
	else if (length < 0)
		return length;
	name_set(name);
	return 0;
}

static long name_get_user(uintptr_t addr)
{
	char name[COMM_SIZE] = {0};

	strlcpy(name, current->name, sizeof(name));
	return copy_to_user(addr, name, sizeof(name));
}

SYSCALL(prctl)
{
	UNUSED_FROM_C;
	switch ((int)a) {
	case PR_SET_NAME:
		return name_set_user(b);
	case PR_GET_NAME:
		return name_get_user(b);
	case PR_GET_DUMPABLE:
		return 1;
	case PR_SET_DUMPABLE:
		return b <= 1 ? 0 : -EINVAL;
	case PR_GET_SECCOMP:
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL(arch_prctl)
{
	UNUSED_FROM_C;
	switch ((int)a) {
	case ARCH_SET_FS:
		/* An address that is not canonical would fault in the kernel,
		 * when it is loaded (SDM 2B, WRMSR). */
		if (b >= USER_TOP)
			return -EPERM;
		user_set_fs_base(b);
		return 0;
	case ARCH_GET_FS:
		return put_user(current->fs_base, b);
	default:
		return -EINVAL;
	}
}

SYSCALL(set_tid_address)
{
	UNUSED_FROM_B;
	current->clear_tid = a;
	return current->tid;
}

/* set_robust_list(head, size) */
SYSCALL(set_robust_list)
{
	UNUSED_FROM_C;
	if (b != ROBUST_LIST_HEAD_SIZE)
		return -EINVAL;
	current->robust_list = a;
	return 0;
}

/* get_robust_list(tid, head, size): one's own, or anybody's for root */
SYSCALL(get_robust_list)
{
	UNUSED_FROM_D;
	uint64_t size = ROBUST_LIST_HEAD_SIZE, head = current->robust_list;
	int error = 0;

	if ((int)a && (int)a != current->tid) {
		spin_lock(&process_lock);
		struct thread *t = process_find_thread(a);

		if (!t)
			error = -ESRCH;
		else if (t->proc != current->proc && !process_is_root())
			error = -EPERM;
		else
			head = t->robust_list;
		spin_unlock(&process_lock);
	}
	if (!error && (put_user(size, c) || put_user(head, b)))
		error = -EFAULT;
	return error;
}

/* ---- where it runs ---- */

/* Who yields usually waits for another, which may run on another CPU: under
 * icount, PAUSE lets that CPU go on. */
SYSCALL(sched_yield)
{
	UNUSED_FROM_A;
	thread_yield();
	cpu_relax();
	return 0;
}

/* getcpu(cpu, node): old by the time the program reads it */
SYSCALL(getcpu)
{
	unsigned int cpu = intr_push()->id, node = 0;

	UNUSED_FROM_C;
	intr_pop();
	if ((a && put_user(cpu, a)) || (b && put_user(node, b)))
		return -EFAULT;
	return 0;
}

/* sched_getaffinity(pid, size, mask): how many bytes; every CPU, always */
SYSCALL(sched_getaffinity)
{
	uint64_t mask = (1ul << cpu_count) - 1;
	bool found = true;

	UNUSED_FROM_D;
	if (b < sizeof(mask) || b % sizeof(mask))
		return -EINVAL;
	if ((int)a) {
		spin_lock(&process_lock);
		found = process_find_thread(a) != NULL;
		spin_unlock(&process_lock);
	}
	if (!found)
		return -ESRCH;
	return put_user(mask, c) ? -EFAULT : (long)sizeof(mask);
}

/* ---- what there is not ---- */

/* With this answer C libraries go back to clone(2), ... */
SYSCALL(clone3)
{
	UNUSED_FROM_A;
	return -ENOSYS;
}

/* ... and do without restartable sequences. */
SYSCALL(rseq)
{
	UNUSED_FROM_A;
	return -ENOSYS;
}
