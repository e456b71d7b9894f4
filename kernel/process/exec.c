/*
 * exec.c - a process becomes another program: execve(2).
 *
 * First the new program is built beside the old one: its address space with the
 * mapped file and a filled stack, and what else can fail.  Until then nothing
 * has changed, and any error goes back to the old program.  After that nothing
 * can fail any more:
 *
 *	the other threads end, and the caller is the process from now on
 *	the address spaces are exchanged; a parent in vfork() may go on
 *	signal handlers, thread-local storage and the like are forgotten
 *	descriptors marked so are closed
 *	the trap frame is filled: the call returns into the new program
 *
 * Pid, parent, group, session, directory, limits and the other descriptors
 * stay.
 */
#include "errno.h"
#include "file.h"
#include "heap.h"
#include "inode.h"
#include "process_parts.h"
#include "segments.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

#define PATH_MAX 4096

/* A program that does not run yet. */
struct program {
	struct aspace *as;
	struct fdtable *files; /* NULL: the process keeps its own */
	struct credentials cred;
	uintptr_t entry, rsp;
	char name[COMM_SIZE];
};

/* ---- building: all of it can be undone ---- */

static void program_free(struct program *program)
{
	if (program->as)
		aspace_put(program->as);
	if (program->files)
		fdtable_put(program->files);
}

/* The rights of the file's owner, if it asks for that. */
static void cred_build(struct credentials *cred, const struct inode *inode)
{
	*cred = current->proc->cred;
	if (inode->mode & S_ISUID)
		cred->euid = inode->uid;
	if (inode->mode & S_ISGID)
		cred->egid = inode->gid;
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
}

static void name_build(char *name, const char *path)
{
	const char *last = path;

	for (const char *c = path; *c != '\0'; c++)
		if (*c == '/')
			last = c + 1;
	strlcpy(name, last, COMM_SIZE);
}

static int image_build(struct program *program, const struct exec_args *args,
		       const struct exec_file *exec)
{
	struct elf_image image;
	int error;

	program->as = aspace_create();
	if (!program->as)
		return -ENOMEM;
	error = elf_load(program->as, exec, &image);
	if (error)
		return error;
	program->entry = image.entry;
	program->as->program.exe = backing_get(file_backing(exec->file));
	return exec_stack_build(program->as, args, &image, &program->cred,
				&program->rsp);
}

/* A table that is shared with another process stays that one's. */
static int files_build(struct program *program)
{
	if (!current->proc->shares_files)
		return 0;
	program->files = fdtable_copy(current->proc->files);
	return program->files ? 0 : -ENOMEM;
}

int exec_head_read(struct exec_file *exec, const char *path)
{
	int error = fs_open_exec(path, &exec->file);
	long length;

	if (error)
		return error;
	length = exec->file->ops->read_kernel(exec->file, exec->head,
					      sizeof(exec->head), 0);
	if (length < 0) {
		file_put(exec->file);
		return length;
	}
	exec->length = length;
	return 0;
}

/* Opens what args->text names, or what that leads to. */
static int exec_file_open(struct exec_file *exec, struct exec_args *args)
{
	const struct exec_format *format;
	int error = exec_head_read(exec, args->text);

	if (error)
		return error;
	table_for_each (format, exec_formats)
		if (format->matches(exec))
			return format->open(exec, args);
	return 0;
}

static int program_build(struct program *program, struct exec_args *args)
{
	struct exec_file exec;
	int error = exec_file_open(&exec, args);

	*program = (struct program){0};
	if (error)
		return error;
	cred_build(&program->cred, exec.file->inode);
	name_build(program->name, args->text);
	error = image_build(program, args, &exec);
	file_put(exec.file);
	if (!error)
		error = files_build(program);
	if (error)
		program_free(program);
	return error;
}

/* ---- the exchange: nothing fails from here on ---- */

/* The new memory; returns the old, which is the caller's now. */
static struct aspace *memory_exchange(struct process *p, struct aspace *as)
{
	struct aspace *old;

	spin_lock(&process_lock);
	old = p->aspace;
	p->aspace = as;
	aspace_activate(as);
	p->max_resident = MAX(p->max_resident, old->max_resident);
	p->has_execed = true;
	signal_reset(p);
	vfork_done(p);
	spin_unlock(&process_lock);
	return old;
}

static void files_exchange(struct process *p, struct fdtable *files)
{
	struct fdtable *old = p->files;

	if (files) {
		spin_lock(&process_lock); /* /proc looks at it */
		p->files = files;
		spin_unlock(&process_lock);
		p->shares_files = false;
		fdtable_put(old);
	}
	fdtable_close_on_exec(p->files);
}

static void thread_reset(struct thread *t, const char *name)
{
	user_fpu_reset();
	user_set_fs_base(0);
	t->clear_tid = 0;
	t->robust_list = 0;
	strlcpy(t->name, name, sizeof(t->name));
	strlcpy(t->proc->name, name, sizeof(t->proc->name));
}

/* All registers are 0 but these.  The frame did not come by SYSCALL any more:
 * so all of them are loaded (syscall_entry.asm). */
static void frame_fill(struct trap_frame *frame, const struct program *program)
{
	*frame = (struct trap_frame){
		.rip = program->entry,
		.cs = SELECTOR_USER_CODE | 3,
		.rflags = RFLAGS_IF,
		.rsp = program->rsp,
		.ss = SELECTOR_USER_DATA | 3,
	};
}

static void program_install(struct program *program, struct trap_frame *frame)
{
	struct process *p = current->proc;
	struct aspace *old = memory_exchange(p, program->as);

	aspace_put(old);
	files_exchange(p, program->files);
	thread_reset(current, program->name);
	spin_lock(&p->lock);
	p->cred = program->cred;
	spin_unlock(&p->lock);
	frame_fill(frame, program);
}

/* ---- the interface ---- */

long exec_args_run(struct exec_args *args, struct trap_frame *frame)
{
	struct program program;
	int error = program_build(&program, args);

	if (error)
		return error;
	error = process_drop_other_threads();
	if (error) {
		program_free(&program);
		return error;
	}
	program_install(&program, frame);
	return 0;
}

long process_execve(const char *path, uintptr_t argv, uintptr_t envp,
		    struct trap_frame *frame)
{
	struct exec_args args;
	long error = args_init(&args, path);

	if (!error)
		error = args_copy_vectors(&args, argv, envp);
	if (!error)
		error = exec_args_run(&args, frame);
	args_free(&args);
	return error;
}

long sys_execve(uintptr_t path_addr, uintptr_t argv, uintptr_t envp)
{
	char *path = kmalloc(PATH_MAX);
	long result;

	if (!path)
		return -ENOMEM;
	result = copy_string_from_user(path, path_addr, PATH_MAX);
	if (result >= 0)
		result = process_execve(path, argv, envp, syscall_frame());
	kfree(path);
	return result;
}
