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
#include "cpu.h"
#include "list.h"
#include "spinlock.h"
#include "table.h"
#include "thread.h"
#include "trap.h"
#include "types.h"
#include "waitq.h"

#define PID_MAX 32768
#define INIT_PID 1
#define NGROUPS_MAX 32
#define COMM_SIZE 16 /* a thread's name, as prctl(2) has it */

struct fdtable;
struct inode;
struct scancodes;
struct user;
struct vfork_wait;

enum process_state {
	PROCESS_NEW, /* fork is still making it: nobody finds it yet */
	PROCESS_RUNNING,
	PROCESS_DYING, /* killed, or its last thread gives back its things */
	PROCESS_ZOMBIE,
};

struct credentials {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	unsigned int group_count;
	uint32_t groups[NGROUPS_MAX];
};

/* As in getrlimit(2), Linux x86-64. */
enum {
	RLIMIT_CPU,
	RLIMIT_FSIZE,
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_CORE,
	RLIMIT_RSS,
	RLIMIT_NPROC,
	RLIMIT_NOFILE,
	RLIMIT_MEMLOCK,
	RLIMIT_AS,
	RLIMIT_NICE = 13, /* 20 less the lowest nice value */
	RLIMITS = 16,
};

struct rlimit {
	uint64_t soft, hard;
};

#define RLIM_INFINITY UINT64_MAX

#define SIGNALS 64
struct sigaction_record { /* the kernel's struct sigaction */
	uint64_t handler, flags, restorer, mask;
};

struct process {
	/* Needs process_lock. */
	int pid;
	enum process_state state;
	struct process *parent;        /* NULL: the first process */
	int ppid;                      /* its pid; may be read at any time */
	struct list_head children;     /* that live, by sibling_link */
	struct list_head zombies;      /* that wait4() may have, oldest first */
	struct list_head sibling_link; /* in one of its parent's two lists */
	struct list_head all_link;
	int pgid, sid;
	bool has_execed;          /* its parent may not setpgid() it now */
	int nice;                 /* priority.c; may be read at any time */
	int exit_signal;          /* to the parent; none if it is no signal */
	int exit_status;          /* as wait4(2) encodes it */
	struct list_head threads; /* user threads, by proc_link */
	unsigned int thread_count;
	struct thread *survivor;       /* calls execve: the others leave */
	struct waitq changed;          /* a child ended, a thread left */
	struct vfork_wait *vfork_wait; /* the parent waits for our memory */
	struct user *user;             /* whose limit we count for */
	unsigned int pids_held;        /* pid, tids: they count for user */
	uint64_t signals_pending;      /* sent, while all threads block them */
	struct cpu_time time;          /* of threads that ended */
	struct cpu_time children_time; /* of children that were waited for */
	struct cpu_time reported;      /* times never go back: rusage.c */
	uint64_t started;              /* time_ns() at its birth */
	size_t max_resident;           /* pages; set at the end */
	size_t children_max_resident;

	/* Set once, or by the process's only thread; other processes look at
	 * them with process_lock held. */
	struct aspace *aspace;
	struct fdtable *files;
	bool shares_files;           /* with another process: CLONE_FILES */
	struct scancodes *scancodes; /* sys_input.c; NULL: no subscriber */
	char name[COMM_SIZE];        /* comm: last part of the path */
	bool left_terminal;          /* its session's is not its: TIOCNOTTY */

	/* Needs lock. */
	struct spinlock lock;
	struct credentials cred;
	struct rlimit limits[RLIMITS];
	struct inode *cwd; /* a reference */
	uint32_t umask;
	struct sigaction_record actions[SIGNALS];

	/* Written with process_lock held; its threads read it at any time. */
};

extern struct spinlock process_lock;

/* Who wants to know that a process ends: in its last thread, while it still has
 * its files and its memory.  May sleep. */
struct exit_hook {
	void (*exits)(struct process *p);
};

TABLE(exit_hooks, struct exit_hook);

#define EXIT_HOOK(function) \
	TABLE_ROW(exit_hooks, struct exit_hook) \
	{ \
		function \
	}

#define current_process() (current->proc)

/*
 * The first process, pid 1: runs command, a path and maybe arguments with
 * spaces between, with the console as standard input, output and error.
 * Panics in words when that fails.
 */
void process_start_init(const char *command);

/* clone(2)'s flags and arguments, in one struct. */
struct clone_args {
	uint64_t flags, stack, parent_tid, child_tid, tls;
};

/* New process or thread that goes on from frame; its pid or tid, or a negative
 * errno.  Sleeps. */
long process_clone(const struct clone_args *args,
		   const struct trap_frame *frame);

/* Replaces the program of the current process; argv and envp are user
 * addresses.  0: the trap frame now starts the new program.  Else a negative
 * errno, and nothing has changed.  Sleeps. */
long process_execve(const char *path, uintptr_t argv, uintptr_t envp,
		    struct trap_frame *frame);

/* Ends the calling thread; the last one ends the process with its status. */
void process_exit_thread(int status) __attribute__((noreturn));

/* Ends the process and all its threads; status as wait4(2) encodes it. */
void process_exit_group(int status) __attribute__((noreturn));

/* Any thread's business: those of p leave at their next look.  Does not sleep;
 * needs process_lock. */
void process_kill(struct process *p, int status);

/* On each way back to user mode: does not return when killed. */
void process_check_killed(void);

/* The status in wait4(2) of a process that called exit(code). */
static inline int process_exit_status(int code)
{
	return (code & 0xff) << 8;
}

/* ---- kernel/process/wait.c ---- */

/* Source: waitpid(2), waitid(2); values of Linux. */
#define WNOHANG 1u
#define WSTOPPED 2u
#define WEXITED 4u
#define WCONTINUED 8u
#define WNOWAIT 0x1000000u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u

enum wait_type { WAIT_ANY, WAIT_PID, WAIT_GROUP };

struct wait_query {
	enum wait_type type;
	int id;               /* a pid, or a process group */
	unsigned int options; /* as in wait4(2) and waitid(2) */
};

struct wait_result {
	int pid, status; /* pid 0: none yet, with WNOHANG */
	uint32_t uid;
	struct cpu_time time; /* of the child and those it waited for */
	size_t max_resident;  /* the same, pages */
};

/*
 * Waits until a child has ended, and frees it (but with WNOWAIT).  0, -ECHILD:
 * no such child; -ERESTARTSYS.
 */
int process_wait(const struct wait_query *query, struct wait_result *result);

/* The usage of the child and those it waited for, to a user's struct rusage if
 * addr is one.  -EFAULT. */
int wait_rusage_put(uintptr_t addr, const struct wait_result *result);

/* ---- kernel/process/process.c ---- */

/* NULL when there is none; needs process_lock.  Zombies count. */
struct process *process_find(int pid);

/* The thread with this tid, in any process; needs process_lock. */
struct thread *process_find_thread(int tid);

/* Is there a process of this group in this session?  Needs process_lock. */
bool group_in_session(int pgid, int sid);

/* Calls fn for each process, oldest first, with process_lock held. */
void process_for_each(void (*fn)(struct process *p, void *arg), void *arg);

/* Processes, zombies counted; and how many processes and threads there have
 * ever been. */
size_t process_count(void);
uint64_t process_created(void);

/* The lowest pid of a process from `from` on; -1: there is none. */
int process_next(int from);

/* The number given out last, to a process or a thread. */
int process_last_pid(void);

/* The soft limit of the current process, RLIMIT_*. */
static inline uint64_t process_limit(unsigned int resource)
{
	return current->proc->limits[resource].soft;
}

/* Has the current process root's rights? */
static inline bool process_is_root(void)
{
	return current->proc->cred.euid == 0;
}

/* ---- kernel/process/rusage.c ---- */

/* CPU time so far of all its threads, as thread_cycles() and thread_time().
 * The first takes process_lock, the second needs it. */
uint64_t process_cycles(struct process *p);
struct cpu_time process_time(struct process *p);

/* ---- kernel/process/signal.c ---- */

/* Sends a signal to a process; until lab 7 it kills or does nothing.  Does not
 * sleep; needs process_lock. */
void signal_send(struct process *p, int signal);

/* The current process has run into RLIMIT_FSIZE: SIGXFSZ (setrlimit(2)). */
void signal_file_too_large(void);

/* The current thread blocks these signals, and no others; what has waited to be
 * unblocked happens now.  Takes process_lock. */
void signal_mask_set(uint64_t mask);

/* ---- cpu/user.c ---- */

/* The floating-point state that a program begins with: in memory, and in the
 * CPU for the current thread. */
void user_fpu_init(struct fpu_state *fpu);
void user_fpu_reset(void);

/* Stores what the CPU has; interrupts off, or the current thread's own. */
static inline void user_fpu_save(struct fpu_state *fpu)
{
	asm volatile("fxsave64 %0" : "=m"(*fpu));
}

static inline void user_fpu_load(const struct fpu_state *fpu)
{
	asm volatile("fxrstor64 %0" : : "m"(*fpu));
}

/* FS base of the current thread, now and after switches. */
void user_set_fs_base(uint64_t base);

/* Takes what a user thread has in the CPU off it, and puts it there: for the
 * switch. */
static inline void user_registers_save(struct thread *t)
{
	user_fpu_save(&t->fpu);
}

static inline void user_registers_load(struct cpu *c, struct thread *t)
{
	if (t->proc->aspace != c->aspace)
		aspace_activate(t->proc->aspace);
	cpu_set_kernel_stack(c, t->stack + STACK_SIZE);
	wrmsr(MSR_FS_BASE, t->fs_base);
	user_fpu_load(&t->fpu);
}

/* Goes to user mode with these registers; a new thread's frame must be that of
 * syscall_frame(), at the top of its stack. */
void user_enter(struct trap_frame *frame) __attribute__((noreturn));

/* A fault that a program caused and nobody mends: kills its process, as the
 * signal would. */
void process_fault(struct trap_frame *frame, int signal);

/* ---- kernel/process/exit.c ---- */

/*
 * The current process needs a page, and there is none.  True: try again, with
 * one more in `tries`, which begins at 0.  False: the process has been killed
 * itself, as it is when nobody looks for memory elsewhere.  Sleeps.
 */
bool process_wait_for_memory(unsigned int tries);

/* Who does: makes another process end, and sleeps a moment. */
struct memory_hook {
	bool (*wait)(unsigned int tries); /* as above */
};

TABLE(memory_hooks, struct memory_hook);

#endif
