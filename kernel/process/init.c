/*
 * init.c - the first process.
 *
 * All others are copies of their parents; this one has no parent, so it is put
 * together by hand: a process with an empty address space and one thread, which
 * begins in the kernel and does what a system call would do: it opens the
 * console, three times, and becomes the first program.  From then on it is a
 * process like any other, but that it may not end (exit.c) and no signal kills
 * it (signal.c).
 */
#include "errno.h"
#include "file.h"
#include "panic.h"
#include "printk.h"
#include "process_parts.h"
#include "stat.h"
#include "string.h"

#define DEFAULT_UMASK 022

static const char *const environment[] = {
	"HOME=/",
	"PATH=/bin:/sbin:/usr/bin:/usr/sbin",
	"TERM=linux",
};

/* ---- in the new process ---- */

static void standard_files_open(void)
{
	for (int fd = 0; fd < 3; fd++) {
		struct file *f;
		int error = fs_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &f);

		if (error) {
			printk("init: /dev/console cannot be opened: error %d; "
			       "init has no input and output\n",
			       -error);
			return;
		}
		if (fd_install(f, fd, false) < 0)
			file_put(f);
	}
}

/* Splits "path argument ..." at the spaces, in place. */
static int command_split(struct exec_args *args, char *command)
{
	char *rest = command;
	int error = 0;

	while (!error && rest) {
		char *word = rest, *space = strchr(rest, ' ');

		rest = space ? space + 1 : NULL;
		if (space)
			*space = '\0';
		if (!args->text)
			error = args_init(args, word);
		if (!error && *word != '\0')
			error = args_add(args, word);
	}
	for (size_t i = 0; !error && i < ARRAY_SIZE(environment); i++)
		error = args_add_variable(args, environment[i]);
	return error;
}

static void init_begin(void *arg)
{
	struct exec_args args = {0};
	struct trap_frame frame;
	char command[256];
	int error;

	strlcpy(command, arg, sizeof(command));
	standard_files_open();
	error = command_split(&args, command);
	if (!error)
		error = exec_args_run(&args, &frame);
	if (error)
		panic("process_start_init: cannot run %s, the first program: "
		      "error %d (%s)",
		      command, -error,
		      error == -ENOENT ? "there is no such file"
				       : "see errno.h");
	args_free(&args);
	user_enter(&frame);
}

/* ---- around it ---- */

static int process_build(struct process *p)
{
	p->aspace = aspace_create();
	p->files = fdtable_create();
	if (!p->aspace || !p->files)
		return -ENOMEM;
	p->cwd = inode_get(fs_root());
	p->umask = DEFAULT_UMASK;
	limits_init(p->limits);

	spin_lock(&process_lock);
	p->user = user_get(0);
	if (p->user) {
		pid_take(p, INIT_PID);
		p->pid = INIT_PID;
		process_set_group(p, INIT_PID);
		process_set_session(p, INIT_PID);
	}
	spin_unlock(&process_lock);
	return p->user ? 0 : -ENOMEM;
}

void process_start_init(const char *command)
{
	struct process *p = process_create();
	struct thread *t;

	if (!p || process_build(p) ||
	    thread_create(&t, "init", init_begin, (void *)command))
		panic("process_start_init: no memory for the first process");
	user_fpu_init(&t->fpu);
	thread_detach(t);
	t->proc = p;
	t->tid = p->pid;
	strlcpy(p->name, t->name, sizeof(p->name));

	spin_lock(&process_lock);
	list_push_back(&p->threads, &t->proc_link);
	p->thread_count++;
	process_publish(p, NULL);
	spin_unlock(&process_lock);
	thread_start(t);
}
