/*
 * process_parts.h - what the files of this folder share, and nobody else.
 */
#ifndef PROCESS_PARTS_H
#define PROCESS_PARTS_H

#include "cpu.h"
#include "panic.h"
#include "process.h"
#include "signals.h"
#include "table.h"

/*
 * For helpers that need process_lock.  It is taken before any other spinlock,
 * so it is the first in the record of those that this thread holds: to look
 * there is cheaper than spin_held(), and fork looks a dozen times.
 */
static inline void assert_process_lock(void)
{
	const struct spin_record *spin = &current->spin;

	assert(spin->held > 0 && spin->lock[1] == &process_lock);
}

/* ---- process.c: all of these need process_lock ---- */

/*
 * A free number for a process or thread of p, from now on p's: it counts for
 * its user.  -EAGAIN: the user has as many as the limit allows, or all numbers
 * are taken.
 */
int pid_reserve(struct process *p, uint64_t limit);

/* The same with a certain number, which must be free: init's. */
void pid_take(struct process *p, int pid);
void pid_release(struct process *p, int pid);

/* Is the number a process group's or a session's? */
bool pid_names_group(int pid);

/* Moves p to another group or session, 0 for none: a number that is in use as
 * one is given to no new process. */
void process_set_group(struct process *p, int pgid);
void process_set_session(struct process *p, int sid);

/* From PROCESS_NEW to RUNNING, as a child of parent (NULL: the first). */
void process_publish(struct process *p, struct process *parent);

/* All but the pid has been taken from it: frees p and its number. */
void process_free(struct process *p);

void process_stop_others(struct process *p);

/* ---- process.c: without a lock ---- */

/* A process of no user yet, with empty lists; NULL when out of memory. */
struct process *process_create(void);

/* ---- user.c: all of these need process_lock ---- */

/* The user with this uid, with one more reference; NULL: out of memory. */
struct user *user_get(uint32_t uid);
struct user *user_share(struct user *user);
void user_put(struct user *user);

/* Counts processes and threads: delta is 1 or -1, or as many as move. */
unsigned int user_tasks(const struct user *user);
void user_count(struct user *user, int delta);

/* ---- rlimit.c ---- */

/* ---- clone.c ---- */

/* A process that was made with CLONE_VFORK lies on its parent's stack as this
 * until it has its own memory, or has ended. */
struct vfork_wait {
	struct process *child; /* NULL: the parent may go on */
	struct waitq *changed; /* where it sleeps */
};

/* The child no longer uses its parent's memory; needs process_lock. */
void vfork_done(struct process *p);

/* ---- exit.c ---- */

/* Until the caller is the only thread of its process: the others end.
 * -EAGAIN when another thread does the same, or the process is being killed. */
int process_drop_other_threads(void);

/* ---- args.c: the arguments of execve ---- */

/*
 * Strings back to back, each with its terminator: the program's path, then argc
 * arguments, then envc variables.
 */
struct exec_args {
	char *text;
	size_t length, capacity;
	unsigned int argc, envc;
};

#define ARG_MAX (128 * KIB) /* of text and pointers together */

/* Begins with the path and nothing else.  0, -ENOMEM, -E2BIG. */
int args_init(struct exec_args *args, const char *path);
void args_free(struct exec_args *args);

/* A further argument, from the kernel; a further variable. */
int args_add(struct exec_args *args, const char *argument);
int args_add_variable(struct exec_args *args, const char *variable);

/* The arrays of execve(2); also -EFAULT. */
int args_copy_vectors(struct exec_args *args, uintptr_t argv, uintptr_t envp);

/* For a script: its interpreter, an option (NULL: none) and the script's path
 * take the place of the first argument. */
int args_put_script(struct exec_args *args, const char *interpreter,
		    const char *option, const char *script);

/* The string after this one. */
static inline const char *args_next(const char *string)
{
	while (*string++ != '\0')
		;
	return string;
}

/* ---- from a path to a program's file ---- */

/* What execve looks at first, to see what kind of file it is. */
#define EXEC_HEAD_SIZE 256

struct exec_file {
	struct file *file; /* a reference */
	char head[EXEC_HEAD_SIZE];
	size_t length; /* of head */
};

/* Opens the file and reads its head.  As open(2), and -EACCES. */
int exec_head_read(struct exec_file *exec, const char *path);

/* A kind of file that is no program itself, but leads to one: scripts. */
struct exec_format {
	bool (*matches)(const struct exec_file *exec);
	/* The file gives way to the program's, and args change accordingly.
	 * -ENOEXEC, -ELOOP, -E2BIG, -ENOMEM, and as exec_head_read(); then the
	 * file has been put. */
	int (*open)(struct exec_file *exec, struct exec_args *args);
};

TABLE(exec_formats, struct exec_format);

#define EXEC_FORMAT(...) \
	TABLE_ROW(exec_formats, struct exec_format) \
	{ \
		__VA_ARGS__ \
	}

/* ---- elf.c: from the file to an address space ---- */

struct elf_image {
	uintptr_t entry;   /* where the program begins */
	uintptr_t headers; /* its program headers, in its memory */
	unsigned int header_count;
	bool executable_stack;
};

#define ELF_PROGRAM_HEADER_SIZE 56

/* Maps the program.  -ENOEXEC: not one for this machine; -ENOENT: it wants an
 * interpreter; -ENOMEM. */
int elf_load(struct aspace *as, const struct exec_file *exec,
	     struct elf_image *image);

/* ---- stack.c: what a program finds on its stack ---- */

/* Maps a stack and fills it, for a program with these rights; *rsp is where it
 * begins.  -ENOMEM. */
int exec_stack_build(struct aspace *as, const struct exec_args *args,
		     const struct elf_image *image,
		     const struct credentials *cred, uintptr_t *rsp);

/* ---- exec.c ---- */

/* process_execve() with arguments that are in the kernel already. */
long exec_args_run(struct exec_args *args, struct trap_frame *frame);

/* ---- signal.c ---- */

/* May the current process signal p? */
bool signal_permitted(const struct process *p, int signal);

/* What a new program does not inherit; needs process_lock. */
void signal_reset(struct process *p);

#endif
