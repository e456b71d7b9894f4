/*
 * thread.h - kernel threads.
 *
 * States, and who changes them:
 *
 *	NEW ----thread_start----> READY <----> RUNNING ----> EXITED
 *	                            ^             |
 *	                            +-- BLOCKED <-+
 *
 * A thread blocks by thread_block() and is made ready by thread_unblock().
 * An unblock that comes while the thread is not blocked is remembered, once,
 * and the next thread_block() returns at once: so the usual loop
 *
 *	while (!condition)
 *		thread_block();
 *
 * against "condition = true; thread_unblock(t)" loses no wake-up.
 */
#ifndef THREAD_H
#define THREAD_H

#include "list.h"
#include "lock.h"
#include "timer.h"
#include "types.h"
#include "waitfor.h"

enum thread_state {
	THREAD_NEW,
	THREAD_READY,   /* on a run queue */
	THREAD_RUNNING, /* some CPU's current */
	THREAD_BLOCKED, /* waits for thread_unblock() */
	THREAD_EXITED,  /* waits for thread_join() */
};

/* What ends the next block at once: an unblock, or the deadline. */
#define EARLY_WAKE 1u
#define EARLY_TIMEOUT 2u

#define THREAD_NAME_SIZE 24
#define MAX_HELD_SPINLOCKS 8
#define ANY_CPU (-1)

/* A deadline that never comes. */
#define WAIT_FOREVER UINT64_MAX

struct cpu;
struct mutex;
struct process;
struct spinlock;

/* Floating-point and vector registers, as FXSAVE stores them (SDM 1, 10.5). */
struct fpu_state {
	uint8_t bytes[512];
} __attribute__((aligned(16)));

/* CPU time in the program and in the kernel for it, TSC cycles. */
struct cpu_time {
	uint64_t user, system;
};

/*
 * The spinlocks that a thread holds, and where it took them, oldest first:
 * lock[1] to lock[held].  lock[held + 1] is the one that it waits for, or NULL.
 * lock[0] stays NULL, so that the newest can be looked at before it is known
 * that there is one.  Kept by kernel/ipc/01-interrupts/spinlock.c.
 */
struct spin_record {
	size_t held;
	const struct spinlock *lock[MAX_HELD_SPINLOCKS + 2];
	uintptr_t at[MAX_HELD_SPINLOCKS + 2];
};

struct thread {
	uint64_t rsp;         /* saved stack pointer, not running */
	struct process *proc; /* of a user thread; NULL: a kernel thread */

	uint32_t id; /* fixed at creation: from 1; idle threads have 0 */

	/* The way back to user mode (cpu/syscall_entry.asm) looks at these two
	 * at once, as one number of 8 bytes, which is mostly 0.  Is it to leave
	 * its process?  Needs process_lock to set. */
	union {
		volatile bool must_leave;
		volatile bool interrupted; /* in older submissions */
	};
	/* Written by the thread, read by reports when all stand still. */
	struct spin_record spin;

	/* Fixed at creation, or before thread_start(). */
	char name[THREAD_NAME_SIZE];
	uintptr_t stack; /* lowest address; STACK_SIZE bytes */
	void (*entry)(void *arg);
	void *arg;
	int pinned; /* a CPU's number, or ANY_CPU */

	/* Needs the run queue lock of cpu. */
	enum thread_state state;
	unsigned int cpu; /* where it runs, or ran last */
	uint8_t early;    /* EARLY_*: came when it was not blocked */
	bool timed_out;   /* its deadline ended the last block */
	struct list_head run_link;
	/* Of each two names the second is what older submissions call it. */
	union {
		unsigned int own_priority, base; /* thread_set_priority() */
	};
	union {
		unsigned int lent_priority, boost; /* thread_boost() */
	};
	union {
		unsigned int priority, rank; /* the higher: it runs first */
	};
	uint64_t policy_priority; /* a policy's own (sched_policy.h) */
	bool moving;              /* READY, but between two queues */
	uint64_t switched_out;    /* time_cycles() when it lost its CPU */
	uint64_t run_cycles;      /* TSC cycles: see thread_cycles_at() */
	uint64_t system_cycles;   /* of these in the kernel: cputime.c */
	uint64_t sampled_cycles;  /* run_cycles when that was last seen */

	/* Private to the thread, or to the switch. */
	struct timer timer;   /* of thread_block_until() */
	uintptr_t blocked_at; /* call site, while blocked */

	/* User threads only; private to the thread, or to the switch. */
	int tid;
	uint64_t fs_base;           /* thread-local storage */
	uintptr_t clear_tid;        /* set_tid_address(2) */
	struct list_head proc_link; /* needs process_lock */
	struct cpu_time reported;   /* by getrusage(2), RUSAGE_THREAD */
	uint64_t sigmask;           /* stored until lab 7 */
	uint64_t signals_pending;   /* sent while blocked; needs process_lock */
	uintptr_t robust_list;      /* set_robust_list(2): stored */
	struct {                    /* sigaltstack(2), its structure: stored */
		uint64_t stack;
		int32_t flags;
		uint64_t size;
	} altstack;
	/* Written by the thread, read by reports when all stand still. */
	struct thread_waits waits; /* waitfor.h */

	/* The student's, for the challenge of lab 3 (sync.h). */
	struct list_head mutexes; /* that it owns, by link; begins empty */
	struct mutex *mutex_waited_for; /* or NULL */

	/* Needs the lock `threads`. */
	struct list_head all_link;

	/* Needs exit_lock. */
	struct core_lock exit_lock;
	bool exited, detached;
	struct thread *joiner;

	/* As fs_base; the CPU has it while the thread runs. */
	struct fpu_state fpu;
};

/* Starts the thread that frees detached ones; after sched_init_cpu(). */
void thread_init(void);

/*
 * Makes a thread that will call entry(arg); it ends when entry returns or
 * calls thread_exit().  Not started: thread_pin() may come first.  Somebody
 * must thread_join() or thread_detach() it.  May be called with no lock held
 * above RANK_TEST_INNER.  -ENOMEM.
 */
int thread_create(struct thread **out, const char *name,
		  void (*entry)(void *arg), void *arg);

/* Restricts a thread that was not started to one CPU.  -EINVAL: no such. */
int thread_pin(struct thread *t, unsigned int cpu);

void thread_start(struct thread *t);

/* Create, and start; the out pointer is set before it runs.  -ENOMEM. */
int thread_spawn(struct thread **out, const char *name,
		 void (*entry)(void *arg), void *arg);

/* The same, pinned to a CPU.  -ENOMEM, -EINVAL. */
int thread_spawn_on(unsigned int cpu, struct thread **out, const char *name,
		    void (*entry)(void *arg), void *arg);

/* Waits until t has ended, and frees it.  Sleeps. */
void thread_join(struct thread *t);

/* t frees itself when it ends. */
void thread_detach(struct thread *t);

void thread_exit(void) __attribute__((noreturn));

/*
 * For a test that is given up: frees all threads from that id on, wherever they
 * wait; what they hold is lost.  None of them is ready or runs.  Returns how
 * many there were.
 */
unsigned int thread_abandon(uint32_t first);

/* Lets others run; the caller stays ready. */
void thread_yield(void);

/* Blocks until thread_unblock(current).  Sleeps; see the top. */
void thread_block(void);

/* The same, but no longer than until deadline (time_ns(), or WAIT_FOREVER): 0
 * or -ETIMEDOUT. */
int thread_block_until(uint64_t deadline);

/*
 * Makes t ready, or lets its next block return at once.  Any context but NMI;
 * the caller may hold locks below RANK_RUN_QUEUE.  Cost does not depend on
 * how many threads there are.  True when t was blocked.
 */
bool thread_unblock(struct thread *t);

/* Sleeps until time_ns() has reached deadline. */
void thread_sleep_until(uint64_t deadline);

/*
 * Of the threads that are ready on a CPU, one with the highest priority runs;
 * those with the same take turns.  A thread begins with 0; more runs earlier. A
 * thread that becomes ready goes to an idle CPU or to its last one, and takes
 * that from a thread of lower priority.  Any context but NMI; the caller may
 * hold locks below RANK_RUN_QUEUE.
 */
void thread_set_priority(struct thread *t, unsigned int priority);

/* The priority that t borrows from others, who wait for what it owns: it runs
 * with this one or its own, whichever is higher.  0: none. */
void thread_boost(struct thread *t, unsigned int priority);

/* The one that t runs with. */
unsigned int thread_priority(const struct thread *t);

/* Live threads, idle ones not counted. */
unsigned int thread_count(void);

/*
 * Calls fn for each thread, idle threads included, in order of creation,
 * under the threads lock.  fn must not sleep.  With locked false it takes no
 * lock: for panic and the NMI, when the other CPUs stand still.
 */
void thread_for_each(void (*fn)(struct thread *t, void *arg), void *arg,
		     bool locked);

const char *thread_state_name(enum thread_state state);

/* ---- kernel/sched/cputime.c ---- */

/*
 * CPU time so far, in cycles, if it is `now`.  While a thread runs, run_cycles
 * lacks the time at which that began: so the switch adds the time to one number
 * and takes it off another, and keeps no third one.
 */
static inline uint64_t thread_cycles_at(const struct thread *t, uint64_t now)
{
	return t->state == THREAD_RUNNING ? t->run_cycles + now : t->run_cycles;
}

/* CPU time so far (time_cycles_to_ns()): the exact total, and the estimate of
 * its parts.  With no lock of RANK_RUN_QUEUE or above. */
uint64_t thread_cycles(struct thread *t);
struct cpu_time thread_time(struct thread *t);

static inline void cpu_time_add(struct cpu_time *sum, struct cpu_time time)
{
	sum->user += time.user;
	sum->system += time.system;
}

/* For the timer's interrupt: it struck in user mode, or in the kernel. */
void thread_sample_mode(bool user);

/* ---- the scheduler's side ---- */

/* Once a CPU: its run queue, timers and trace ring; what runs now becomes its
 * idle thread. */
void sched_init_cpu(struct cpu *c);
void thread_init_idle(struct cpu *c);

/* The idle loop: never returns. */
void sched_idle(void) __attribute__((noreturn));

/* On the way out of an interrupt: switches if the time slice is over. */
void sched_interrupt_exit(void);

/* The timer says that the slice of this CPU's current thread is over. */
void sched_slice_over(void);

/* Reschedule IPI: another CPU put work on this one's queue. */
void sched_kick(void);

/* When all CPUs are idle: a number that stays the same for as long as they all
 * are, without a break.  0: they are not. */
uint64_t sched_idle_epoch(void);

/* Time this CPU was idle since boot, in TSC cycles. */
uint64_t sched_idle_cycles(unsigned int cpu);
/* Of the rest, in the kernel for programs: an estimate, as thread_time(). */
uint64_t sched_system_cycles(unsigned int cpu);
uint64_t sched_switches(unsigned int cpu);
unsigned int sched_queue_length(unsigned int cpu);

#endif
