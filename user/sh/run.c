/*
 * run.c - a tree is run: each function takes a node and returns what its exit
 * status is.
 *
 * Programs run in children (program.c).  Builtins, conditions and loops run in
 * the shell itself, which undoes their redirections afterwards (redirect.c).
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_INTERRUPTED (128 + SIGINT)

/* ---- children ---- */

/* In the child, 0; in the parent its pid, or -1, and that has been said. */
static pid_t fork_shell(void)
{
	pid_t pid = fork();

	if (pid < 0)
		complain("fork: %s", strerror(errno));
	if (pid == 0 && shell.interactive) {
		shell.interactive = false;
		signals_release();
	}
	return pid;
}

/* In a child that was made for this alone: a program takes its place, and needs
 * no child of its own. */
static void __attribute__((noreturn)) run_and_exit(struct node *node)
{
	shell.is_last = node->type == NODE_COMMAND;
	_exit(run(node));
}

static int exit_status(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 128 + WTERMSIG(status);
}

int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) /* not a child of ours, or not any more */
			return pid && pid == shell.background
				       ? shell.background_status
				       : 127;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGINT &&
	    WTERMSIG(status) != SIGPIPE)
		complain("process %d: %s", pid, strsignal(WTERMSIG(status)));
	return exit_status(status);
}

/* ---- simple commands ---- */

static bool is_assignment(const char *word)
{
	size_t len = var_name_length(word);

	return len && word[len] == '=';
}

static void assign(const char *word, bool export)
{
	size_t len = var_name_length(word);
	const char *name = sh_copy(word, len);

	var_set(name, expand_word(word + len + 1));
	if (export)
		var_export(name);
}

static void trace(char **argv)
{
	dprintf(STDERR_FILENO, "+");
	for (; *argv; argv++)
		dprintf(STDERR_FILENO, " %s", *argv);
	dprintf(STDERR_FILENO, "\n");
}

static int run_builtin(builtin_function *builtin, char **argv,
		       const struct redirect *redirects)
{
	struct saved *before;
	int status = 1;

	/* exec without a program: the redirections stay. */
	if (strcmp(argv[0], "exec") == 0)
		return redirect(redirects) ? builtin(argv) : 1;
	before = redirect_save(redirects);
	if (redirect(redirects))
		status = builtin(argv);
	redirect_restore(before);
	return status;
}

/* NAME=value before a program is for that program only. */
static int run_command(struct node *node)
{
	struct strings words = node->words, fields;
	size_t assignments = 0;
	builtin_function *builtin;
	bool is_last = shell.is_last;
	pid_t pid = 0;

	shell.is_last = false;
	while (assignments < words.count &&
	       is_assignment(words.items[assignments]))
		assignments++;
	words.items += assignments;
	words.count -= assignments;
	fields = expand_words(&words);
	if (shell.trace && fields.count)
		trace(fields.items);
	builtin = fields.count ? builtin_find(fields.items[0]) : NULL;
	if (fields.count && !builtin && !is_last)
		pid = fork_shell();
	if (pid < 0)
		return 1;
	if (pid > 0)
		return wait_for(pid);
	for (size_t i = 0; i < assignments; i++)
		assign(node->words.items[i], fields.count && !builtin);
	if (builtin)
		return run_builtin(builtin, fields.items, node->redirects);
	if (!fields.count) {
		struct saved *before = redirect_save(node->redirects);
		bool done = redirect(node->redirects);

		redirect_restore(before);
		return done ? 0 : 1;
	}
	if (!redirect(node->redirects))
		_exit(1);
	run_program(fields.items);
}

/* ---- pipelines and background ---- */

/* One side: standard output or input is an end of the pipe. */
static pid_t start_side(struct node *node, const int ends[2], int fd)
{
	pid_t pid = fork_shell();

	if (pid)
		return pid;
	dup2(ends[fd == STDOUT_FILENO ? 1 : 0], fd);
	close(ends[0]);
	close(ends[1]);
	run_and_exit(node);
}

/* The status is that of the right side. */
static int run_pipe(struct node *node)
{
	pid_t left, right;
	int ends[2], status = 1;

	if (pipe(ends) < 0) {
		complain("pipe: %s%s", strerror(errno),
			 errno == ENOSYS ? " (lab 4 unlocks pipes)" : "");
		return 1;
	}
	left = start_side(node->left, ends, STDOUT_FILENO);
	right = start_side(node->right, ends, STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	if (right > 0)
		status = wait_for(right);
	if (left > 0)
		wait_for(left);
	return status;
}

static int run_background(struct node *node)
{
	pid_t pid = fork_shell();

	if (pid < 0)
		return 1;
	if (pid == 0) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd > STDIN_FILENO) {
			dup2(fd, STDIN_FILENO);
			close(fd);
		}
		signals_ignore();
		run_and_exit(node);
	}
	shell.background = pid;
	if (shell.interactive)
		dprintf(STDERR_FILENO, "[%d]\n", pid);
	return 0;
}

static int run_subshell(struct node *node)
{
	pid_t pid = fork_shell();

	if (pid < 0)
		return 1;
	if (pid == 0)
		run_and_exit(node->left);
	return wait_for(pid);
}

/* ---- conditions and loops ---- */

static bool condition(struct node *node)
{
	int status;

	shell.tested++;
	status = run(node);
	shell.tested--;
	return status == 0;
}

static int run_if(struct node *node)
{
	if (condition(node->left))
		return run(node->right);
	return node->otherwise ? run(node->otherwise) : 0;
}

/* After a round: shall the loop end?  break 2 leaves two loops. */
static bool loop_ends(void)
{
	if (interrupted()) {
		shell.breaking = 0;
		return true;
	}
	if (!shell.breaking)
		return false;
	shell.breaking--;
	if (shell.breaking || !shell.continuing)
		return true;
	shell.continuing = false;
	return false;
}

static int run_while(struct node *node)
{
	bool wanted = node->type == NODE_WHILE, ended;
	int status = 0;

	shell.loops++;
	do {
		struct block *mark = sh_mark();

		ended = condition(node->left) != wanted;
		if (!ended && !shell.breaking)
			status = run(node->right);
		sh_release(mark);
		if (loop_ends())
			ended = true;
	} while (!ended);
	shell.loops--;
	return status;
}

static int run_for(struct node *node)
{
	struct strings list = node->words, values;
	int status = 0;

	list.items++;
	list.count--;
	values = expand_words(&list);
	shell.loops++;
	for (size_t i = 0; i < values.count; i++) {
		struct block *mark = sh_mark();

		var_set(node->words.items[0], values.items[i]);
		status = run(node->right);
		sh_release(mark);
		if (loop_ends())
			break;
	}
	shell.loops--;
	return status;
}

/* ---- the tree ---- */

static int run_sequence(struct node *node)
{
	int status = 0;

	for (; node && !shell.breaking && !interrupted(); node = node->right)
		status = node->type == NODE_BACKGROUND
				 ? run_background(node->left)
				 : run(node->left);
	return status;
}

static int run_compound(struct node *node)
{
	switch (node->type) {
	case NODE_SUBSHELL:
		return run_subshell(node);
	case NODE_GROUP:
		return run(node->left);
	case NODE_IF:
		return run_if(node);
	case NODE_WHILE:
	case NODE_UNTIL:
		return run_while(node);
	default:
		return run_for(node);
	}
}

static int run_redirected(struct node *node)
{
	struct saved *before = redirect_save(node->redirects);
	int status = redirect(node->redirects) ? run_compound(node) : 1;

	redirect_restore(before);
	return status;
}

int run(struct node *node)
{
	switch (node->type) {
	case NODE_COMMAND:
		shell.status = run_command(node);
		break;
	case NODE_NOT:
		return shell.status = condition(node->left) ? 1 : 0;
	case NODE_PIPE:
		shell.status = run_pipe(node);
		break;
	case NODE_AND:
		return condition(node->left) ? run(node->right) : shell.status;
	case NODE_OR:
		return condition(node->left) ? 0 : run(node->right);
	case NODE_SEQUENCE:
	case NODE_BACKGROUND:
		return shell.status = run_sequence(node);
	default:
		return shell.status = run_redirected(node);
	}
	if (shell.status && shell.exit_on_error && !shell.tested)
		exit(shell.status);
	return shell.status;
}

/* What has ended in the background, before the next prompt. */
static void report_background(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == shell.background)
			shell.background_status = exit_status(status);
		dprintf(STDERR_FILENO, "[%d] ended, status %d\n", pid,
			exit_status(status));
	}
}

int run_input(struct input *in)
{
	bool error;

	do {
		struct block *mark = sh_mark();

		if (in->prompt) {
			report_background();
			interrupt_forget();
		}

		struct node *line = parse(in, &error);
		bool ended = in->has_token && in->token == TOKEN_END;

		if (line)
			run(line);
		if (error) {
			shell.status = 2;
			ended |= !shell.interactive;
		}
		if (interrupted()) {
			shell.status = STATUS_INTERRUPTED;
			ended = !in->prompt;
		}
		sh_release(mark);
		if (ended)
			break;
	} while (true);
	return shell.status;
}
