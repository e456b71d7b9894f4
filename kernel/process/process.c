/*
 * process.c - the tree of processes, and the numbers by which they are known.
 *
 * A process is found by its pid in one step, in a table with a pointer for
 * each number.  Threads take their tids from the same numbers, as on Linux: the
 * first thread of a process has its pid as tid, the entry of any other points
 * at the process that it belongs to.  Numbers are given out in rising order,
 * and begin again at the bottom after PID_MAX, so that one which was just given
 * back is not soon another process's.  Neither costs more when there are more
 * processes.
 *
 * A number may live longer than its process: a group or a session is named
 * after the process that made it, which may be the first to go.  So the table
 * group_uses counts for each number the processes that are in the group, or in
 * the session, of that name.
 *
 * The tree: a process is on one of two lists of its parent, `children` while it
 * lives and `zombies` from its death until wait4().  Who waits for any child
 * looks at the zombies first, and never at the living.
 *
 * process_lock guards all of it.  It is held for a few dozen instructions at a
 * time; where it is held for longer, a comment there says so.
 */
#include "process.h"

#include "errno.h"
#include "heap.h"
#include "panic.h"
#include "process_parts.h"
#include "string.h"
#include "time.h"

#define FIRST_PID (INIT_PID + 1) /* also after the last */

struct spinlock process_lock = SPINLOCK_INIT("processes");

/* All need process_lock. */
static struct process *by_pid[PID_MAX];
static uint16_t group_uses[PID_MAX];
static int last_pid = INIT_PID;
static size_t processes;
static uint64_t created; /* ever */
static struct list_head all_processes = LIST_INIT(all_processes);

/* ---- numbers ---- */

static bool pid_is_free(int pid)
{
	return !by_pid[pid] && !group_uses[pid];
}

static int pid_next(void)
{
	for (int tried = 0; tried < PID_MAX; tried++) {
		if (++last_pid == PID_MAX)
			last_pid = FIRST_PID;
		if (pid_is_free(last_pid))
			return last_pid;
	}
	return -EAGAIN;
}

void pid_take(struct process *p, int pid)
{
	assert_process_lock();
	assert(!by_pid[pid]);
	by_pid[pid] = p;
	p->pids_held++;
	created++;
	user_count(p->user, 1);
}

int pid_reserve(struct process *p, uint64_t limit)
{
	int pid;

	if (user_tasks(p->user) >= limit)
		return -EAGAIN;
	pid = pid_next();
	if (pid > 0)
		pid_take(p, pid);
	return pid;
}

void pid_release(struct process *p, int pid)
{
	assert_process_lock();
	assert(by_pid[pid] == p);
	by_pid[pid] = NULL;
	p->pids_held--;
	user_count(p->user, -1);
}

bool pid_names_group(int pid)
{
	return group_uses[pid] > 0;
}

/* ---- groups and sessions ---- */

static void group_change(int *id, int to)
{
	assert_process_lock();
	if (*id)
		group_uses[*id]--;
	if (to)
		group_uses[to]++;
	*id = to;
}

void process_set_group(struct process *p, int pgid)
{
	group_change(&p->pgid, pgid);
}

void process_set_session(struct process *p, int sid)
{
	group_change(&p->sid, sid);
}

/* Looks at every process, as only a shell asks this, once a job. */
bool group_in_session(int pgid, int sid)
{
	struct process *p;

	list_for_each (p, &all_processes, all_link)
		if (p->pgid == pgid && p->sid == sid)
			return true;
	return false;
}

/* ---- birth ---- */

struct process *process_create(void)
{
	struct process *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->state = PROCESS_NEW;
	p->started = time_ns();
	list_init(&p->children);
	list_init(&p->zombies);
	list_init(&p->sibling_link);
	list_init(&p->all_link);
	list_init(&p->threads);
	waitq_init(&p->changed, "process");
	spin_init(&p->lock, "process");
	return p;
}

void process_publish(struct process *p, struct process *parent)
{
	assert_process_lock();
	p->state = PROCESS_RUNNING;
	p->parent = parent;
	if (parent) {
		p->ppid = parent->pid;
		list_push_back(&parent->children, &p->sibling_link);
	}
	list_push_back(&all_processes, &p->all_link);
	processes++;
}

/* ---- looking ---- */

struct process *process_find(int pid)
{
	struct process *p;

	assert_process_lock();
	if (pid <= 0 || pid >= PID_MAX)
		return NULL;
	p = by_pid[pid];
	return p && p->pid == pid && p->state != PROCESS_NEW ? p : NULL;
}

struct thread *process_find_thread(int tid)
{
	struct thread *t;

	assert_process_lock();
	if (tid <= 0 || tid >= PID_MAX || !by_pid[tid])
		return NULL;
	list_for_each (t, &by_pid[tid]->threads, proc_link)
		if (t->tid == tid)
			return t;
	return NULL;
}

/* Under the lock for as long as there are processes: kill(2) of a group asks
 * for it, and lists of all processes. */
void process_for_each(void (*fn)(struct process *p, void *arg), void *arg)
{
	struct process *p, *next;

	spin_lock(&process_lock);
	list_for_each_safe (p, next, &all_processes, all_link)
		fn(p, arg);
	spin_unlock(&process_lock);
}

size_t process_count(void)
{
	return processes;
}

uint64_t process_created(void)
{
	return created;
}

int process_last_pid(void)
{
	return last_pid;
}

/* The table is long and mostly empty: it is searched without the lock, which
 * then tells whether what was found is a process. */
int process_next(int from)
{
	for (int pid = MAX(from, 1); pid < PID_MAX; pid++) {
		bool found;

		if (!*(struct process *volatile *)&by_pid[pid])
			continue;
		spin_lock(&process_lock);
		found = process_find(pid);
		spin_unlock(&process_lock);
		if (found)
			return pid;
	}
	return -1;
}

/* ---- death ---- */

/* Those that wait in the kernel look whether they are to leave; those that
 * compute do so at their next interrupt. */
void process_stop_others(struct process *p)
{
	struct thread *t;

	list_for_each (t, &p->threads, proc_link) {
		if (t == current)
			continue;
		t->must_leave = true;
		thread_unblock(t);
	}
	waitq_wake(&p->changed, WAKE_ALL);
}

void process_kill(struct process *p, int status)
{
	assert_process_lock();
	if (p->state != PROCESS_RUNNING)
		return;
	p->state = PROCESS_DYING;
	p->exit_status = status;
	process_stop_others(p);
	if (current->proc == p)
		current->must_leave = true;
}

void process_free(struct process *p)
{
	assert_process_lock();
	assert(p->state == PROCESS_NEW || p->state == PROCESS_ZOMBIE);
	if (p->state == PROCESS_ZOMBIE)
		processes--;
	list_remove(&p->sibling_link);
	list_remove(&p->all_link);
	process_set_group(p, 0);
	process_set_session(p, 0);
	if (p->pid)
		pid_release(p, p->pid);
	if (p->user)
		user_put(p->user);
	kfree(p);
}
