/*
 * clone.c - new processes and threads: fork(2), vfork(2), clone(2).
 *
 * All three are one operation: make a thread that goes on where the caller is,
 * but sees 0 as the call's result.  The flags say what it shares with the
 * caller.  Two kinds are made:
 *
 *	a process	fork, vfork, posix_spawn: its own struct process, with a
 *			copy of everything; CLONE_VM shares the memory,
 *			CLONE_FILES the descriptors
 *	a thread	pthread_create, CLONE_THREAD: shares the process, and so
 *			all of it
 *
 * What lies between is not there: a thread with descriptors or a directory of
 * its own is refused, and a process has its own directory and signal actions
 * also with CLONE_FS and CLONE_SIGHAND.
 *
 * Everything that may fail comes first, and is given back if anything does.
 * Then, under process_lock, the new one appears in the tree at once and
 * complete, and only after that does it run.
 */
#include "errno.h"
#include "file.h"
#include "heap.h"
#include "process_parts.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

/* Source: clone(2). */
#define CLONE_VM 0x100
#define CLONE_FS 0x200
#define CLONE_FILES 0x400
#define CLONE_SIGHAND 0x800
#define CLONE_PIDFD 0x1000
#define CLONE_VFORK 0x4000
#define CLONE_PARENT 0x8000
#define CLONE_THREAD 0x10000
#define CLONE_NEWNS 0x20000
#define CLONE_SETTLS 0x80000
#define CLONE_PARENT_SETTID 0x100000
#define CLONE_CHILD_CLEARTID 0x200000
#define CLONE_CHILD_SETTID 0x1000000
#define CLONE_NEW_OTHERS 0x7e000000 /* further namespaces */
#define CLONE_EXIT_SIGNAL 0xff

#define THREAD_SHARES (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

/* What the new thread needs to begin.  It lies at the far end of its stack,
 * which that thread will not have reached when it reads it. */
struct child_start {
	struct trap_frame frame;
	uintptr_t set_tid; /* CLONE_CHILD_SETTID, or 0 */
};

static int flags_check(uint64_t flags)
{
	bool thread = flags & CLONE_THREAD;

	if (flags & (CLONE_NEWNS | CLONE_NEW_OTHERS | CLONE_PIDFD))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if (thread && (flags & THREAD_SHARES) != THREAD_SHARES)
		return -EINVAL;
	/* Init's sisters would have no parent. */
	if ((flags & CLONE_PARENT) && current->proc->pid == INIT_PID)
		return -EINVAL;
	return 0;
}

/* ---- the new thread ---- */

static struct child_start *child_start(const struct thread *t)
{
	return (struct child_start *)t->stack;
}

static void child_begin(void *arg)
{
	struct trap_frame frame = child_start(current)->frame;
	uintptr_t set_tid = child_start(current)->set_tid;
	int tid = current->tid;

	if (!current->proc)
		return; /* child_discard() */
	/* In the child's memory, which is why the parent cannot do it; and as
	 * on Linux a bad address is the program's own business. */
	if (set_tid)
		(void)put_user(tid, set_tid);
	process_check_killed();
	user_enter(&frame);
}

/* A thread that will go on from frame; it belongs to no process yet. */
static int child_create(const struct clone_args *args,
			const struct trap_frame *frame, struct thread **out)
{
	struct child_start *start;
	struct thread *t;
	int error = thread_create(&t, current->name, child_begin, NULL);

	if (error)
		return error;
	start = child_start(t);
	start->frame = *frame;
	start->frame.rax = 0;
	if (args->stack)
		start->frame.rsp = args->stack;
	start->set_tid = args->flags & CLONE_CHILD_SETTID ? args->child_tid : 0;
	user_fpu_save(&t->fpu);
	thread_detach(t);
	t->fs_base = args->flags & CLONE_SETTLS ? args->tls : current->fs_base;
	t->clear_tid = args->flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0;
	t->sigmask = current->sigmask;
	*out = t;
	return 0;
}

/* A thread can only end by running: without a process, it does nothing else. */
static void child_discard(struct thread *t)
{
	thread_start(t);
}

/* It appears in its process; needs process_lock. */
static void child_publish(struct thread *t, struct process *p, int tid)
{
	t->proc = p;
	t->tid = tid;
	t->must_leave = p->state == PROCESS_DYING || p->survivor;
	list_push_back(&p->threads, &t->proc_link);
	p->thread_count++;
}

/* From here on t may run, end, and be gone: only its number is left. */
static void child_start_running(struct thread *t, const struct clone_args *args)
{
	int tid = t->tid;

	if (args->flags & CLONE_PARENT_SETTID)
		(void)put_user(tid, args->parent_tid);
	thread_start(t);
}

static uint64_t task_limit(void)
{
	return process_is_root() ? RLIM_INFINITY : process_limit(RLIMIT_NPROC);
}

/* ---- another thread of this process ---- */

static long thread_clone(const struct clone_args *args,
			 const struct trap_frame *frame)
{
	struct process *p = current->proc;
	struct thread *t;
	int tid, error = child_create(args, frame, &t);

	if (error)
		return error;
	spin_lock(&process_lock);
	tid = pid_reserve(p, task_limit());
	if (tid > 0)
		child_publish(t, p, tid);
	spin_unlock(&process_lock);
	if (tid < 0)
		child_discard(t);
	else
		child_start_running(t, args);
	return tid;
}

/* ---- another process ---- */

/* What a child copies without any work; the parent's other threads may be
 * changing it. */
static void properties_copy(struct process *p, struct process *from)
{
	spin_lock(&from->lock);
	p->cred = from->cred;
	memcpy(p->limits, from->limits, sizeof(p->limits));
	memcpy(p->actions, from->actions, sizeof(p->actions));
	p->cwd = from->cwd ? inode_get(from->cwd) : NULL;
	p->umask = from->umask;
	spin_unlock(&from->lock);
	memcpy(p->name, from->name, sizeof(p->name));
	p->left_terminal = from->left_terminal;
	p->nice = from->nice;
}

static int resources_copy(struct process *p, struct process *from,
			  uint64_t flags)
{
	properties_copy(p, from);
	if (flags & CLONE_VM) {
		p->aspace = from->aspace;
		aspace_get(p->aspace);
	} else {
		p->aspace = aspace_fork(from->aspace);
	}
	if (flags & CLONE_FILES) {
		p->files = fdtable_get(from->files);
		p->shares_files = from->shares_files = true;
	} else {
		p->files = fdtable_copy(from->files);
	}
	return p->aspace && p->files ? 0 : -ENOMEM;
}

/* A child that has come to nothing. */
static void process_discard(struct process *p)
{
	if (p->files)
		fdtable_put(p->files);
	if (p->aspace)
		aspace_put(p->aspace);
	if (p->cwd)
		inode_put(p->cwd);
	spin_lock(&process_lock);
	process_free(p);
	spin_unlock(&process_lock);
}

/* A child with a number, in its parent's group and session; 0, -EAGAIN. */
static int identity_create(struct process *p, struct process *from)
{
	int pid;

	spin_lock(&process_lock);
	p->user = user_share(from->user);
	pid = pid_reserve(p, task_limit());
	if (pid > 0) {
		p->pid = pid;
		process_set_group(p, from->pgid);
		process_set_session(p, from->sid);
	}
	spin_unlock(&process_lock);
	return pid > 0 ? 0 : pid;
}

/*
 * The child and its thread appear together.  A parent that is being killed, as
 * by a signal to its whole group, takes along the child that the signal did not
 * find yet.
 */
static void family_publish(struct process *p, struct thread *t,
			   struct vfork_wait *wait, uint64_t flags)
{
	struct process *parent = current->proc;

	spin_lock(&process_lock);
	child_publish(t, p, p->pid);
	/* Nobody but a parent chooses what signals it gets. */
	p->exit_signal = flags & CLONE_EXIT_SIGNAL;
	if (flags & CLONE_PARENT)
		p->exit_signal = parent->exit_signal;
	process_publish(p, flags & CLONE_PARENT ? parent->parent : parent);
	if (flags & CLONE_VFORK) {
		wait->child = p;
		p->vfork_wait = wait;
	}
	if (parent->state == PROCESS_DYING)
		process_kill(p, parent->exit_status);
	spin_unlock(&process_lock);
}

static long process_fork(const struct clone_args *args,
			 const struct trap_frame *frame,
			 struct vfork_wait *wait)
{
	struct process *p = process_create();
	struct thread *t;
	int pid, error;

	if (!p)
		return -ENOMEM;
	error = identity_create(p, current->proc);
	if (!error)
		error = resources_copy(p, current->proc, args->flags);
	if (!error)
		error = child_create(args, frame, &t);
	if (error) {
		process_discard(p);
		return error;
	}
	pid = p->pid;
	family_publish(p, t, wait, args->flags);
	child_start_running(t, args);
	return pid;
}

/* ---- vfork ---- */

void vfork_done(struct process *p)
{
	struct vfork_wait *wait = p->vfork_wait;

	if (!wait)
		return;
	wait->child = NULL;
	p->vfork_wait = NULL;
	waitq_wake(wait->changed, WAKE_ALL);
}

/* Until the child has a program of its own, has ended, or we are killed; then
 * nobody must write to our stack any more. */
static void vfork_sleep(struct vfork_wait *wait)
{
	int error = 0;

	spin_lock(&process_lock);
	while (wait->child && !error)
		error = waitq_sleep_until(wait->changed, &process_lock,
					  WAIT_FOREVER, WAIT_INTERRUPTIBLE);
	if (wait->child)
		wait->child->vfork_wait = NULL;
	spin_unlock(&process_lock);
}

/* ---- the interface ---- */

long process_clone(const struct clone_args *args,
		   const struct trap_frame *frame)
{
	struct vfork_wait wait = {.changed = &current->proc->changed};
	long result = flags_check(args->flags);

	if (result)
		return result;
	/* Source: arch_prctl(2), for it is the same as ARCH_SET_FS. */
	if ((args->flags & CLONE_SETTLS) && args->tls >= USER_TOP)
		return -EPERM;
	if (args->flags & CLONE_THREAD)
		return thread_clone(args, frame);
	result = process_fork(args, frame, &wait);
	if (result > 0 && (args->flags & CLONE_VFORK))
		vfork_sleep(&wait);
	return result;
}

long sys_fork(void)
{
	struct clone_args args = {.flags = SIGCHLD};

	return process_clone(&args, syscall_frame());
}

long sys_vfork(void)
{
	struct clone_args args = {.flags = CLONE_VM | CLONE_VFORK | SIGCHLD};

	return process_clone(&args, syscall_frame());
}

/* The arguments in the order of x86-64. */
long sys_clone(uint64_t flags, uintptr_t stack, uintptr_t parent_tid,
	       uintptr_t child_tid, uint64_t tls)
{
	struct clone_args args = {flags, stack, parent_tid, child_tid, tls};

	return process_clone(&args, syscall_frame());
}
