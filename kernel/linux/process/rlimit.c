/*
 * rlimit.c - limits of what a process may use: getrlimit(2), setrlimit(2),
 * prlimit(2).
 *
 * A limit is two numbers: the soft one counts, and may be moved up to the hard
 * one, which only root can raise.  A child inherits them.  Here they are only
 * kept; who hands out what is limited looks at them by process_limit():
 *
 *	RLIMIT_NPROC		fork, for users other than root
 *	RLIMIT_NOFILE		descriptors
 *	RLIMIT_AS, DATA		mmap and brk
 *	RLIMIT_STACK		execve, for the first thread's stack
 *	RLIMIT_FSIZE		write
 *	RLIMIT_NICE		setpriority
 *
 * The process's lock guards its limits.
 */
#include "errno.h"
#include "file.h"
#include "process_parts.h"
#include "syscall.h"
#include "uaccess.h"

static int limit_check(const struct rlimit *old, const struct rlimit *limit,
		       unsigned int resource)
{
	if (limit->soft > limit->hard)
		return -EINVAL;
	if (limit->hard > old->hard && !process_is_root())
		return -EPERM;
	if (resource == RLIMIT_NOFILE && limit->hard > FD_MAX)
		return -EPERM;
	return 0;
}

/* The same person, in every sense: prlimit(2). */
static bool limits_permitted(const struct process *p)
{
	const struct credentials *mine = &current->proc->cred;
	const struct credentials *its = &p->cred;

	if (p == current->proc || mine->euid == 0)
		return true;
	return mine->uid == its->uid && mine->uid == its->euid &&
	       mine->uid == its->suid && mine->gid == its->gid &&
	       mine->gid == its->egid && mine->gid == its->sgid;
}

/* Sets the limit if there is a new one; the old one in *old. */
static int limit_exchange(int pid, unsigned int resource,
			  const struct rlimit *limit, struct rlimit *old)
{
	struct process *p;
	int error = 0;

	if (resource >= RLIMITS)
		return -EINVAL;
	spin_lock(&process_lock);
	p = pid ? process_find(pid) : current->proc;
	if (!p) {
		error = -ESRCH;
	} else if (!limits_permitted(p)) {
		error = -EPERM;
	} else {
		spin_lock(&p->lock);
		*old = p->limits[resource];
		if (limit)
			error = limit_check(old, limit, resource);
		if (limit && !error)
			p->limits[resource] = *limit;
		spin_unlock(&p->lock);
	}
	spin_unlock(&process_lock);
	return error;
}

long sys_prlimit64(int pid, unsigned int resource, uintptr_t new_addr,
		   uintptr_t old_addr)
{
	struct rlimit limit, old;
	int error;

	if (new_addr && get_user(limit, new_addr))
		return -EFAULT;
	error = limit_exchange(pid, resource, new_addr ? &limit : NULL, &old);
	if (!error && old_addr)
		error = put_user(old, old_addr);
	return error;
}

long sys_getrlimit(unsigned int resource, uintptr_t addr)
{
	struct rlimit old;
	int error = limit_exchange(0, resource, NULL, &old);

	return error ? error : put_user(old, addr);
}

long sys_setrlimit(unsigned int resource, uintptr_t addr)
{
	struct rlimit limit, old;

	if (get_user(limit, addr))
		return -EFAULT;
	return limit_exchange(0, resource, &limit, &old);
}
