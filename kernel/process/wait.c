/*
 * wait.c - a parent learns how its children ended: wait4(2), waitid(2).
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

/* Source: waitpid(2), waitid(2); values of Linux. */
#define WNOHANG 1u
#define WSTOPPED 2u
#define WEXITED 4u
#define WCONTINUED 8u
#define WNOWAIT 0x1000000u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u

#define WAIT4_OPTIONS \
	(WNOHANG | WSTOPPED | WCONTINUED | WNOTHREAD | WALL | WCLONE)
#define WAITID_EVENTS (WSTOPPED | WEXITED | WCONTINUED)
#define WAITID_OPTIONS \
	(WNOHANG | WNOWAIT | WAITID_EVENTS | WNOTHREAD | WALL | WCLONE)

enum { P_ALL, P_PID, P_PGID }; /* waitid's first argument */

/* siginfo_t of SIGCHLD, and its codes: sigaction(2). */
struct child_info {
	int32_t signal, error, code, pad;
	int32_t pid;
	uint32_t uid;
	int32_t status;
};

enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED };

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

static void reap(struct process *parent, struct process *child)
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
				reap(self, child);
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

static int rusage_put(uintptr_t addr, const struct wait_result *result)
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
	if (rusage_put(rusage, &result))
		return -EFAULT;
	return result.pid;
}

/* ---- waitid ---- */

/* All zero when there was no child: so says waitid(2) of WNOHANG. */
static int info_put(uintptr_t addr, const struct wait_result *result)
{
	struct child_info info = {0};
	int killed_by = result->status & 0x7f;

	if (!addr)
		return 0;
	if (result->pid) {
		info.signal = SIGCHLD;
		info.code = killed_by ? CLD_KILLED : CLD_EXITED;
		if (result->status & 0x80)
			info.code = CLD_DUMPED;
		info.pid = result->pid;
		info.uid = result->uid;
		info.status = killed_by ? killed_by : result->status >> 8;
	}
	return put_user(info, addr);
}

static int query_from_id(struct wait_query *query, int type, int id)
{
	switch (type) {
	case P_ALL:
		query->type = WAIT_ANY;
		return 0;
	case P_PID:
		query->type = WAIT_PID;
		query->id = id;
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		query->type = WAIT_GROUP;
		query->id = id ? id : current->proc->pgid;
		return id >= 0 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

long sys_waitid(int type, int id, uintptr_t info, int options, uintptr_t rusage)
{
	struct wait_query query = {.options = options};
	struct wait_result result;
	int error = query_from_id(&query, type, id);

	if (error || (options & ~WAITID_OPTIONS) || !(options & WAITID_EVENTS))
		return -EINVAL;
	error = process_wait(&query, &result);
	if (error)
		return error;
	if (info_put(info, &result))
		return -EFAULT;
	return result.pid ? rusage_put(rusage, &result) : 0;
}
