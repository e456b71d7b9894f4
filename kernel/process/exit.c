/*
 * exit.c - how threads and processes end.
 *
 * A thread ends by itself (exit(2), which the C library calls when a thread's
 * function returns), or because its process ends: exit_group(2), a signal that
 * kills, another thread's execve(2).  In the second case the process is marked
 * `killed`, and each of its threads notices on its way back to user mode, or
 * when it is woken from a wait.  Nobody is stopped in the middle of the
 * kernel's work: so whatever a thread holds, it gives back itself.
 *
 *	a thread leaves:	tell who joins it (set_tid_address(2))
 *				off the process's list, its number free
 *	the last one, first:	descriptors, directory, memory
 *				its children to init
 *				a zombie; tell the parent
 *
 * After that the thread is a plain kernel thread, for the few instructions to
 * thread_exit(), and must not look at the process: the parent may have freed
 * it.  A zombie has no memory, files or threads: what is left is one object
 * with the number and what wait4(2) reports.
 */
#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "file.h"
#include "futex.h"
#include "heap.h"
#include "panic.h"
#include "power.h"
#include "printk.h"
#include "process_parts.h"
#include "syscall.h"
#include "uaccess.h"

#define SA_NOCLDWAIT 2

/* ---- the end of a process: its last thread is here ---- */

static void __attribute__((noreturn)) init_ended(int status)
{
	bool killed = status & 0x7f;

	if (cmdline_get("test")) /* it was run(1): see ktest_run_and_exit() */
		power_off(status ? EXIT_TESTS_FAILED : EXIT_TESTS_PASSED);
	if (!cmdline_get("init"))
		panic("process_end: init, the ancestor of all processes, %s %d",
		      killed ? "was killed by signal" : "has ended with status",
		      killed ? status & 0x7f : status >> 8);
	printk("init %s %d: powering off\n",
	       killed ? "was killed by signal" : "has ended with status",
	       killed ? status & 0x7f : status >> 8);
	power_off(EXIT_USER);
}

/* What a process had, in the hands of its last thread. */
struct estate {
	struct fdtable *files;
	struct aspace *as;
	struct inode *cwd;
};

/* Nobody finds them from here on; needs process_lock. */
static void estate_take(struct estate *estate, struct process *p)
{
	*estate = (struct estate){p->files, p->aspace, p->cwd};
	p->files = NULL;
	p->aspace = NULL;
	p->cwd = NULL;
}

/* May sleep: files are closed, pages are freed. */
static void estate_free(struct estate *estate)
{
	fdtable_put(estate->files);
	inode_put(estate->cwd);
	aspace_put(estate->as);
}

/* A parent that has said that it will not wait (sigaction(2), SIGCHLD). */
static bool parent_ignores(const struct process *p)
{
	const struct sigaction_record *action =
		&p->parent->actions[SIGCHLD - 1];

	return p->exit_signal == SIGCHLD &&
	       (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT));
}

/* A zombie for its parent, or nothing at all; needs process_lock. */
static void become_zombie(struct process *p)
{
	struct process *parent = p->parent;

	p->state = PROCESS_ZOMBIE;
	list_remove(&p->sibling_link);
	if (parent_ignores(p)) {
		process_free(p);
	} else {
		list_push_back(&parent->zombies, &p->sibling_link);
		if (p->exit_signal >= 1 && p->exit_signal <= SIGNALS)
			signal_send(parent, p->exit_signal);
	}
	waitq_wake(&parent->changed, WAKE_ALL);
}

static void child_adopt(struct process *init, struct process *child)
{
	child->parent = init;
	child->ppid = INIT_PID;
	child->exit_signal = SIGCHLD;
}

/* Init waits for the children of the dead.  Under process_lock for as long as
 * there are children: who has made so many waits for them to move. */
static void orphans_to_init(struct process *p)
{
	struct process *child, *next, *init;

	if (list_empty(&p->children) && list_empty(&p->zombies))
		return;
	init = process_find(INIT_PID);
	list_for_each_safe (child, next, &p->children, sibling_link) {
		list_remove(&child->sibling_link);
		child_adopt(init, child);
		list_push_back(&init->children, &child->sibling_link);
	}
	list_for_each_safe (child, next, &p->zombies, sibling_link) {
		child_adopt(init, child);
		become_zombie(child);
	}
}

static void tell_exit(struct process *p)
{
	const struct exit_hook *hook;

	table_for_each (hook, exit_hooks)
		hook->exits(p);
}

static void process_end(struct process *p, struct estate *estate)
{
	struct thread *t = current;

	if (p->pid == INIT_PID)
		init_ended(p->exit_status);
	p->max_resident = MAX(MAX(p->max_resident, estate->as->max_resident),
			      p->children_max_resident);
	tell_exit(p);
	estate_free(estate);
	spin_lock(&process_lock);
	t->proc = NULL;
	cpu_time_add(&p->time, thread_time(t));
	vfork_done(p);
	process_time(p); /* final, for wait4() */
	orphans_to_init(p);
	become_zombie(p);
	spin_unlock(&process_lock);
}

/* ---- the end of a thread ---- */

/* pthread_join() waits for this word to become 0.  When nobody else has the
 * memory there is nobody to tell. */
static void tell_joiner(struct thread *t, struct process *p)
{
	uint32_t zero = 0;

	if (!t->clear_tid || (p->thread_count == 1 && p->aspace->refs == 1))
		return;
	if (put_user(zero, t->clear_tid) == 0)
		futex_wake_address(t->clear_tid, 1);
}

/* Takes the thread off its process, and off its memory, which may go soon.
 * True when it was the last one.  Needs process_lock. */
static bool thread_depart(struct thread *t, struct process *p,
			  struct estate *estate)
{
	bool last;

	list_remove(&t->proc_link);
	last = --p->thread_count == 0;
	if (last) {
		p->state = PROCESS_DYING;
		estate_take(estate, p);
	} else {
		t->proc = NULL;
		cpu_time_add(&p->time, thread_time(t));
		if (p->survivor)
			waitq_wake(&p->changed, WAKE_ALL);
	}
	aspace_activate(NULL);
	if (t->tid != p->pid)
		pid_release(p, t->tid);
	return last;
}

enum leave_reason { LEAVE_KILLED, LEAVE_EXIT, LEAVE_EXIT_GROUP };

static void __attribute__((noreturn))
thread_leave(enum leave_reason reason, int status)
{
	struct thread *t = current;
	struct process *p = t->proc;
	struct estate estate;
	bool last;

	spin_lock(&process_lock);
	if (reason == LEAVE_EXIT_GROUP)
		process_kill(p, status);
	else if (reason == LEAVE_EXIT && p->state == PROCESS_RUNNING)
		p->exit_status = status; /* the last one's counts */
	spin_unlock(&process_lock);
	/* Who sees the word cleared, and ends, is later than we are. */
	tell_joiner(t, p);
	spin_lock(&process_lock);
	last = thread_depart(t, p, &estate);
	spin_unlock(&process_lock);
	if (last)
		process_end(p, &estate);
	thread_exit();
}

void process_exit_thread(int status)
{
	thread_leave(LEAVE_EXIT, status);
}

void process_exit_group(int status)
{
	thread_leave(LEAVE_EXIT_GROUP, status);
}

void process_check_killed(void)
{
	if (current->must_leave)
		thread_leave(LEAVE_KILLED, 0);
}

/* ---- execve: one thread goes on alone ---- */

/* What the survivor has of its own, now that nobody else can be meant: the
 * process's number.  Needs process_lock. */
static void become_leader(struct process *p)
{
	if (current->tid == p->pid)
		return;
	pid_release(p, current->tid);
	current->tid = p->pid;
}

int process_drop_other_threads(void)
{
	struct process *p = current->proc;
	int error = 0;

	spin_lock(&process_lock);
	if (p->state != PROCESS_RUNNING || p->survivor) {
		error = -EAGAIN;
	} else {
		p->survivor = current;
		process_stop_others(p);
		while (p->thread_count > 1)
			waitq_sleep_until(&p->changed, &process_lock,
					  WAIT_FOREVER, 0);
		p->survivor = NULL;
		become_leader(p);
	}
	spin_unlock(&process_lock);
	return error;
}

/* ---- system calls ---- */

long sys_exit(int status)
{
	process_exit_thread(process_exit_status(status));
}

long sys_exit_group(int status)
{
	process_exit_group(process_exit_status(status));
}

/*
 * A fault that the program caused, which no handler can mend before lab 7.  The
 * thread goes on to its return to user mode, and leaves there.
 *
 * Between another thread's execve() and that return, a thread may still run on
 * its own CPU, in memory where those that have left already have given up their
 * locks (tell_joiner()).  What it does there is no fault of the new program.
 */
void process_fault(struct trap_frame *frame, int signal)
{
	struct process *p = current->proc;

	spin_lock(&process_lock);
	if (p->state == PROCESS_RUNNING &&
	    (!p->survivor || p->survivor == current)) {
		printk("%s[%d]: %s at 0x%lx, killed by signal %d\n", p->name,
		       p->pid, trap_name(frame->vector), frame->rip, signal);
		process_kill(p, signal);
	}
	spin_unlock(&process_lock);
}

bool process_wait_for_memory(unsigned int tries)
{
	struct process *p = current->proc;
	const struct memory_hook *hook;

	table_for_each (hook, memory_hooks)
		return hook->wait(tries);
	spin_lock(&process_lock);
	printk("%s[%d]: out of memory\n", p->name, p->pid);
	process_kill(p, SIGKILL);
	spin_unlock(&process_lock);
	return false;
}
