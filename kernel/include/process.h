/*
 * process.h - processes: what the threads of a program share.
 *
 * A process has one or more user threads (struct thread with ->proc set).  It
 * is born by fork, becomes another program by execve, and dies when its last
 * thread has left, or at exit_group.  Then it is a zombie: all its resources
 * are gone, and only what wait4() reports is kept, until the parent has asked.
 *
 *	fork -> RUNNING -> (exit_group) DYING -> ZOMBIE -> (wait4) freed
 *
 * One lock, process_lock, guards the tree: parent, children, sessions, groups,
 * states and exit statuses.  It is a spinlock (lab 1's), for waiting needs
 * one.  The rest of a process belongs to its own threads.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "aspace.h"
#include "list.h"
#include "spinlock.h"
#include "thread.h"
#include "trap.h"
#include "types.h"
#include "waitq.h"

#define PID_MAX 32768
#define NGROUPS_MAX 32
#define RLIMITS 16

struct fdtable;
struct inode;

enum process_state { PROCESS_RUNNING, PROCESS_DYING, PROCESS_ZOMBIE };

struct credentials {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	unsigned int group_count;
	uint32_t groups[NGROUPS_MAX];
};

struct rlimit {				/* as in getrlimit(2) */
	uint64_t soft, hard;
};

#define RLIM_INFINITY UINT64_MAX

/* What signals do before lab 7: stored, and default actions that kill. */
#define SIGNALS 64
struct sigaction_record {		/* the kernel's struct sigaction */
	uint64_t handler, flags, restorer, mask;
};

struct process {
	/* Needs process_lock. */
	int pid;
	enum process_state state;
	struct process *parent;
	struct list_head children;	/* by sibling_link */
	struct list_head sibling_link;
	struct list_head all_link;
	int pgid, sid;
	int exit_status;		/* as wait4(2) encodes it */
	struct list_head threads;	/* user threads, by proc_link */
	unsigned int thread_count;
	struct waitq child_exited;	/* wait4 sleeps here */
	int exit_signal;		/* to the parent; 0 for none */
	bool vfork_parent_waits;
	uint64_t user_cycles, system_cycles;	/* of threads that ended */
	uint64_t child_user_cycles, child_system_cycles;

	/* Set once, or by the process's only thread (execve). */
	struct aspace *aspace;
	struct fdtable *files;
	char name[16];			/* comm: last part of the path */

	/* Needs lock. */
	struct spinlock lock;
	struct credentials cred;
	struct rlimit limits[RLIMITS];
	struct inode *cwd;		/* a reference */
	uint32_t umask;
	struct sigaction_record actions[SIGNALS];

	/* Atomic. */
	volatile bool killed;		/* every thread leaves at once */
	int kill_status;		/* its exit status then */
};

extern struct spinlock process_lock;

#define current_process() (current->proc)

/* The first process, pid 1: runs path from the root file system.  Panics in
 * words when that fails. */
void process_start_init(const char *path);

/* clone(2)'s flags and arguments, in one struct. */
struct clone_args {
	uint64_t flags, stack, parent_tid, child_tid, tls;
};

/* New process or thread; its pid or tid, or a negative errno. */
long process_clone(const struct clone_args *args, const struct trap_frame *f);

/* Replaces the program of the current process; argv and envp are user
 * addresses.  0: the trap frame now starts the new program. */
long process_execve(const char *path, uintptr_t argv, uintptr_t envp,
		    struct trap_frame *frame);

/* Ends the calling thread; the process with the last one. */
void process_exit_thread(int code) __attribute__((noreturn));

/* Ends the process and all its threads; status as wait4(2) encodes it. */
void process_exit_group(int status) __attribute__((noreturn));

/* From outside: its threads leave at their next look. */
void process_kill(struct process *p, int status);

/* On each way back to user mode: does not return when killed. */
void process_check_killed(void);

/* wait4(2) and waitid(2); pid as there. */
long process_wait(int pid, int *status, int options, uintptr_t rusage);

/* NULL when there is none; needs process_lock. */
struct process *process_find(int pid);

size_t process_count(void);

/* ---- cpu/user.c ---- */

/* A fresh floating-point state for thread->fpu, freed by kfree(); -ENOMEM. */
int user_fpu_create(void **out);

/* Between the CPU and thread->fpu; interrupts off, or the thread's own. */
void user_fpu_save(void *fpu);
void user_fpu_load(const void *fpu);

/* FS base of the current thread, now and after switches. */
void user_set_fs_base(uint64_t base);

/* Takes a user thread's state off the CPU, and puts it there: the switch. */
void user_switch_out(struct thread *t);
void user_switch_in(struct thread *t);

/* Goes to user mode with these registers; a new thread's frame must be that of
 * syscall_frame(), at the top of its stack. */
void user_enter(struct trap_frame *frame) __attribute__((noreturn));

/* A fault that a program caused and nobody mends: kills its process, as the
 * signal would. */
void process_fault(struct trap_frame *frame, int signal);

#endif
