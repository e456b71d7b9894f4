/*
 * proc.h - what the files of this folder share, and nobody else.
 */
#ifndef PROC_H
#define PROC_H

#include "process.h"
#include "signals.h"

/* ---- process.c: all of these need process_lock ---- */

/*
 * A free number for a process or thread of p, from now on p's: it counts for
 * its user.  -EAGAIN: the user has as many as the limit allows, or all numbers
 * are taken.
 */
int pid_reserve(struct process *p, uint64_t limit);
void pid_release(struct process *p, int pid);

/* Is the number a process group's or a session's? */
bool pid_names_group(int pid);

/* Moves p to another group or session, 0 for none: a number that is in use as
 * one is given to no new process. */
void process_set_group(struct process *p, int pgid);
void process_set_session(struct process *p, int sid);

/* Is there a process of this group in this session? */
bool group_in_session(int pgid, int sid);

/* From PROCESS_NEW to RUNNING, as a child of parent (NULL: the first). */
void process_publish(struct process *p, struct process *parent);

/* All but the pid has been taken from it: frees p and its number. */
void process_free(struct process *p);

void process_wake_threads(struct process *p);

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

/* Begins with the path and nothing else.  All three: 0, -ENOMEM, -E2BIG ... */
int args_init(struct exec_args *args, const char *path);
int args_add(struct exec_args *args, const char *string);
int args_copy_vectors(struct exec_args *args, uintptr_t argv, uintptr_t envp);
void args_free(struct exec_args *args);

/* For `#!`: the first argument gives way to interpreter, option (may be NULL)
 * and the script's path; the interpreter becomes the program's path. */
int args_put_script(struct exec_args *args, const char *interpreter,
		    const char *option);

/* The string after this one. */
static inline const char *args_next(const char *string)
{
	while (*string++ != '\0')
		;
	return string;
}

/* ---- elf.c: from the file to an address space ---- */

struct elf_image {
	uintptr_t entry;           /* where the program begins */
	uintptr_t headers;         /* its program headers, in its memory */
	unsigned int header_count;
	bool executable_stack;
};

#define ELF_PROGRAM_HEADER_SIZE 56

/* What execve looks at first, to see what kind of file it is. */
#define EXEC_HEAD_SIZE 256

/* Maps the program in file, which begins with these bytes.  0; -ENOEXEC: not a
 * program for this machine; -ENOENT: it wants an interpreter; -ENOMEM. */
int elf_load(struct aspace *as, struct file *file, const char *head,
	     size_t length, struct elf_image *image);

/* ---- stack.c: what a program finds on its stack ---- */

struct exec_ids { /* the identity that the new program will have */
	uint32_t uid, euid, gid, egid;
};

/* Maps a stack and fills it; *rsp is where it begins.  -ENOMEM, -E2BIG. */
int exec_stack_build(struct aspace *as, const struct exec_args *args,
		     const struct elf_image *image, const struct exec_ids *ids,
		     uintptr_t *rsp);

/* ---- exec.c ---- */

/* process_execve() with arguments that are in the kernel already. */
long exec_args_run(struct exec_args *args, struct trap_frame *frame);

/* ---- signal.c ---- */

/* May the current process signal p? */
bool signal_permitted(const struct process *p, int signal);

/* What a new program does not inherit; needs process_lock. */
void signal_reset(struct process *p);

#endif
