/*
 * ids.c - who am I: process, parent, group, session.
 *
 * A session is what belongs to one terminal, a group what belongs to one line
 * that was typed there.  Both are named after the pid of the process that made
 * them.  A child begins in its parent's; a shell moves each pipeline into a
 * group of its own, by setpgid(2) in the parent and in the child, since it
 * cannot know which of the two runs first.
 */
#include "errno.h"
#include "process_parts.h"
#include "syscall.h"

SYSCALL(getpid)
{
	UNUSED_FROM_A;
	return current->proc->pid;
}

SYSCALL(gettid)
{
	UNUSED_FROM_A;
	return current->tid;
}

SYSCALL(getppid)
{
	UNUSED_FROM_A;
	return current->proc->ppid;
}

/* The process with this pid, 0 for the caller; needs process_lock. */
static struct process *process_or_self(int pid)
{
	return pid ? process_find(pid) : current->proc;
}

SYSCALL(getpgid)
{
	struct process *p;
	long pgid;

	UNUSED_FROM_B;
	spin_lock(&process_lock);
	p = process_or_self(a);
	pgid = p ? p->pgid : -ESRCH;
	spin_unlock(&process_lock);
	return pgid;
}

SYSCALL(getpgrp)
{
	UNUSED_FROM_A;
	return current->proc->pgid;
}

SYSCALL(getsid)
{
	struct process *p;
	long sid;

	UNUSED_FROM_B;
	spin_lock(&process_lock);
	p = process_or_self(a);
	sid = p ? p->sid : -ESRCH;
	spin_unlock(&process_lock);
	return sid;
}

/* May the caller move p to this group?  Rules and errors of setpgid(2). */
static int group_check(const struct process *p, int pgid)
{
	const struct process *self = current->proc;

	if (!p || (p != self && p->parent != self))
		return -ESRCH;
	if (p != self && p->has_execed)
		return -EACCES;
	if (p->sid != self->sid || p->sid == p->pid)
		return -EPERM;
	if (pgid != p->pid && !group_in_session(pgid, self->sid))
		return -EPERM;
	return 0;
}

/* setpgid(pid, pgid), 0 for the caller and for a group of its own */
SYSCALL(setpgid)
{
	int pid = a, pgid = b, error;
	struct process *p;

	UNUSED_FROM_C;
	if (pgid < 0)
		return -EINVAL;
	spin_lock(&process_lock);
	p = process_or_self(pid);
	if (p && !pgid)
		pgid = p->pid;
	error = group_check(p, pgid);
	if (!error)
		process_set_group(p, pgid);
	spin_unlock(&process_lock);
	return error;
}

/* A group of this name may be older than we are: then it stays whole. */
SYSCALL(setsid)
{
	struct process *p = current->proc;
	long result = p->pid;

	UNUSED_FROM_A;
	spin_lock(&process_lock);
	if (pid_names_group(p->pid)) {
		result = -EPERM;
	} else {
		process_set_group(p, p->pid);
		process_set_session(p, p->pid);
		p->left_terminal = false;
	}
	spin_unlock(&process_lock);
	return result;
}
