/*
 * misc.c - what is left over: names, where a thread runs.
 */
#include "cpu.h"
#include "errno.h"
#include "process_parts.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"
#include "x86.h"

/* Source: prctl(2); values of Linux. */
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_SECCOMP 21

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

long sys_prctl(int option, uint64_t arg)
{
	switch (option) {
	case PR_SET_NAME:
		return name_set_user(arg);
	case PR_GET_NAME:
		return name_get_user(arg);
	case PR_GET_DUMPABLE:
		return 1;
	case PR_SET_DUMPABLE:
		return arg <= 1 ? 0 : -EINVAL;
	case PR_GET_SECCOMP:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_set_robust_list(uintptr_t head, size_t size)
{
	if (size != ROBUST_LIST_HEAD_SIZE)
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

/* One's own, or anybody's for root. */
long sys_get_robust_list(int tid, uintptr_t head_addr, uintptr_t size_addr)
{
	uint64_t size = ROBUST_LIST_HEAD_SIZE, head = current->robust_list;
	int error = 0;

	if (tid && tid != current->tid) {
		spin_lock(&process_lock);
		struct thread *t = process_find_thread(tid);

		if (!t)
			error = -ESRCH;
		else if (t->proc != current->proc && !process_is_root())
			error = -EPERM;
		else
			head = t->robust_list;
		spin_unlock(&process_lock);
	}
	if (!error && (put_user(size, size_addr) || put_user(head, head_addr)))
		error = -EFAULT;
	return error;
}

/* ---- where it runs ---- */

/* Old by the time the program reads it. */
long sys_getcpu(uintptr_t cpu_addr, uintptr_t node_addr)
{
	unsigned int cpu = intr_push()->id, node = 0;

	intr_pop();
	if ((cpu_addr && put_user(cpu, cpu_addr)) ||
	    (node_addr && put_user(node, node_addr)))
		return -EFAULT;
	return 0;
}

/* How many bytes; every CPU, always. */
long sys_sched_getaffinity(int tid, unsigned int size, uintptr_t mask_addr)
{
	uint64_t mask = (1ul << cpu_count) - 1;
	bool found = true;

	if (size < sizeof(mask) || size % sizeof(mask))
		return -EINVAL;
	if (tid) {
		spin_lock(&process_lock);
		found = process_find_thread(tid) != NULL;
		spin_unlock(&process_lock);
	}
	if (!found)
		return -ESRCH;
	return put_user(mask, mask_addr) ? -EFAULT : (long)sizeof(mask);
}

/* ---- what there is not ---- */

/* With this answer C libraries go back to clone(2), ... */
long sys_clone3(uintptr_t args, size_t size)
{
	return -ENOSYS;
}

/* ... and do without restartable sequences. */
long sys_rseq(uintptr_t area, unsigned int len, int flags,
	      unsigned int signature)
{
	return -ENOSYS;
}
