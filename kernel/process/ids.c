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

long sys_getpid(void)
{
	return current->proc->pid;
}

long sys_gettid(void)
{
	return current->tid;
}

long sys_getppid(void)
{
	return current->proc->ppid;
}

/* The process with this pid, 0 for the caller; needs process_lock. */
static struct process *process_or_self(int pid)
{
	return pid ? process_find(pid) : current->proc;
}

long sys_getpgid(int pid)
{
	struct process *p;
	long pgid;

	spin_lock(&process_lock);
	p = process_or_self(pid);
	pgid = p ? p->pgid : -ESRCH;
	spin_unlock(&process_lock);
	return pgid;
}

long sys_getpgrp(void)
{
	return current->proc->pgid;
}

long sys_getsid(int pid)
{
	struct process *p;
	long sid;

	spin_lock(&process_lock);
	p = process_or_self(pid);
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

/* 0 stands for the caller, and for a group of its own. */
long sys_setpgid(int pid, int pgid)
{
	int error;
	struct process *p;

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
long sys_setsid(void)
{
	struct process *p = current->proc;
	long result = p->pid;

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
