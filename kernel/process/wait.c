/*
 * wait.c - a parent learns how its children ended: wait4(2).
 *
 * A child that has ended stays a zombie until its parent has asked for its
 * status.  Whoever finds it first, of the parent's threads, frees it, notes
 * what there is to know, and then copies that to the program.  If the program
 * gave a bad pointer, the call fails with -EFAULT and the child is gone
 * nevertheless: so it is on Linux, where waiting has no way back either.
 *
 * Stopped and continued children come with lab 7: until then no child ever
 * stops, and to wait for that alone is to wait for nothing.
 */
#include "errno.h"
#include "process_parts.h"
#include "rusage.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

#define WAIT4_OPTIONS \
	(WNOHANG | WSTOPPED | WCONTINUED | WNOTHREAD | WALL | WCLONE)
/* ---- looking for a child: all need process_lock ---- */

/* Children that end without SIGCHLD are "clone" children: clone(2). */
static bool kind_matches(const struct process *child, unsigned int options)
{
	bool clone = child->exit_signal != SIGCHLD;

	return (options & WALL) || clone == !!(options & WCLONE);
}

static bool child_matches(const struct process *child,
			  const struct wait_query *query)
{
	if (child->state == PROCESS_ZOMBIE && !(query->options & WEXITED))
		return false;
	if (query->type == WAIT_GROUP && child->pgid != query->id)
		return false;
	return kind_matches(child, query->options);
}

static struct process *list_search(struct list_head *list,
				   const struct wait_query *query)
{
	struct process *child;

	list_for_each (child, list, sibling_link)
		if (child_matches(child, query))
			return child;
	return NULL;
}

/* A matching child, if possible one that has ended; NULL when there is none. */
static struct process *child_search(struct process *parent,
				    const struct wait_query *query)
{
	struct process *child;

	if (query->type == WAIT_PID) {
		child = process_find(query->id);
		if (!child || child->parent != parent ||
		    !child_matches(child, query))
			return NULL;
		return child;
	}
	child = list_search(&parent->zombies, query);
	return child ? child : list_search(&parent->children, query);
}

static void result_fill(struct wait_result *result, const struct process *child)
{
	result->pid = child->pid;
	result->status = child->exit_status;
	result->uid = child->cred.uid;
	result->time = child->reported;
	cpu_time_add(&result->time, child->children_time);
	result->max_resident = child->max_resident;
}

static void child_reap(struct process *parent, struct process *child)
{
	cpu_time_add(&parent->children_time, child->reported);
	cpu_time_add(&parent->children_time, child->children_time);
	parent->children_max_resident =
		MAX(parent->children_max_resident, child->max_resident);
	process_free(child);
}

/* ---- waiting ---- */

int process_wait(const struct wait_query *query, struct wait_result *result)
{
	struct process *self = current->proc, *child;
	int error = 0;

	*result = (struct wait_result){0};
	spin_lock(&process_lock);
	while (!error) {
		child = child_search(self, query);
		if (!child) {
			error = -ECHILD;
			break;
		}
		if (child->state == PROCESS_ZOMBIE) {
			result_fill(result, child);
			if (!(query->options & WNOWAIT))
				child_reap(self, child);
			break;
		}
		if (query->options & WNOHANG)
			break;
		error = waitq_sleep_until(&self->changed, &process_lock,
					  WAIT_FOREVER, WAIT_INTERRUPTIBLE);
	}
	spin_unlock(&process_lock);
	return error;
}

/* ---- wait4 ---- */

/* Which children the argument pid of wait4() and kill() means. */
static void query_from_pid(struct wait_query *query, int pid)
{
	query->type = pid == -1 ? WAIT_ANY : pid > 0 ? WAIT_PID : WAIT_GROUP;
	query->id = pid > 0 ? pid : -pid;
	if (pid == 0)
		query->id = current->proc->pgid;
}

int wait_rusage_put(uintptr_t addr, const struct wait_result *result)
{
	struct rusage usage;

	if (!addr)
		return 0;
	rusage_fill(&usage, result->time, result->max_resident);
	return put_user(usage, addr);
}

long sys_wait4(int pid, uintptr_t status, int options, uintptr_t rusage)
{
	struct wait_query query = {.options = options | WEXITED};
	struct wait_result result;
	int error;

	if (options & ~WAIT4_OPTIONS)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	query_from_pid(&query, pid);
	error = process_wait(&query, &result);
	if (error || !result.pid)
		return error;
	if (status && put_user(result.status, status))
		return -EFAULT;
	if (wait_rusage_put(rusage, &result))
		return -EFAULT;
	return result.pid;
}
