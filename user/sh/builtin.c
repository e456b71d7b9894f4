/*
 * builtin.c - commands that the shell itself runs: those that change it, and a
 * few that would be silly as programs.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *command, const char *what)
{
	complain("%s: %s: %s", command, what, strerror(errno));
	return 1;
}

static int builtin_true(char **argv)
{
	return 0;
}

static int builtin_false(char **argv)
{
	return 1;
}

static int builtin_echo(char **argv)
{
	bool newline = true;
	struct strings parts = {0};
	size_t size = 2;
	char *line;

	if (argv[1] && strcmp(argv[1], "-n") == 0) {
		newline = false;
		argv++;
	}
	while (*++argv) {
		strings_add(&parts, *argv);
		size += strlen(*argv) + 1;
	}
	/* In one piece, so that lines of several processes do not mix. */
	line = sh_alloc(size);
	for (size_t i = 0; i < parts.count; i++) {
		if (i > 0)
			strcat(line, " ");
		strcat(line, parts.items[i]);
	}
	if (newline)
		strcat(line, "\n");
	if (write(STDOUT_FILENO, line, strlen(line)) < 0)
		return failed("echo", "write");
	return 0;
}

/* ---- where we are ---- */

/* cd -: back to where the last cd came from, and says where that is. */
static int builtin_cd(char **argv)
{
	const char *to = argv[1] ? argv[1] : var_get("HOME");
	bool back = to && strcmp(to, "-") == 0;
	char here[PATH_MAX];

	if (back)
		to = var_get("OLDPWD");
	if (!to)
		to = "/";
	if (!getcwd(here, sizeof(here)))
		here[0] = '\0';
	if (chdir(to))
		return failed("cd", to);
	if (back)
		dprintf(STDOUT_FILENO, "%s\n", to);
	var_set("OLDPWD", here);
	return 0;
}

static int builtin_pwd(char **argv)
{
	char path[PATH_MAX];

	if (!getcwd(path, sizeof(path)))
		return failed("pwd", "getcwd");
	dprintf(STDOUT_FILENO, "%s\n", path);
	return 0;
}

static int builtin_umask(char **argv)
{
	mode_t mask = umask(0);

	umask(argv[1] ? strtoul(argv[1], NULL, 8) : mask);
	if (!argv[1])
		dprintf(STDOUT_FILENO, "%04o\n", mask);
	return 0;
}

/* ---- variables and arguments ---- */

static int builtin_export(char **argv)
{
	if (!argv[1])
		var_print(true);
	while (*++argv) {
		size_t len = var_name_length(*argv);
		const char *name = sh_copy(*argv, len);

		if (!len || ((*argv)[len] && (*argv)[len] != '=')) {
			complain("export: %s: not a name", *argv);
			return 1;
		}
		if ((*argv)[len] == '=')
			var_set(name, *argv + len + 1);
		var_export(name);
	}
	return 0;
}

static int builtin_unset(char **argv)
{
	while (*++argv)
		var_unset(*argv);
	return 0;
}

/* Arguments outlive the line that sets them: copies that are never freed. */
static void set_arguments(char **args)
{
	struct strings list = {0};
	size_t count = 0;

	while (args[count])
		count++;
	list.items = calloc(count + 1, sizeof(*list.items));
	if (!list.items)
		return;
	for (; list.count < count; list.count++)
		list.items[list.count] = strdup(args[list.count]);
	shell.args = list;
}

static int builtin_set(char **argv)
{
	if (!argv[1])
		var_print(false);
	while (*++argv && (**argv == '-' || **argv == '+') && (*argv)[1]) {
		bool on = **argv == '-';

		if (strcmp(*argv, "--") == 0) {
			argv++;
			break;
		}
		for (const char *flag = *argv + 1; *flag; flag++) {
			if (*flag == 'e')
				shell.exit_on_error = on;
			else if (*flag == 'x')
				shell.trace = on;
			else
				complain("set: -%c is unknown", *flag);
		}
		if (!argv[1])
			return 0;
	}
	if (*argv)
		set_arguments(argv);
	return 0;
}

static int builtin_shift(char **argv)
{
	size_t count = argv[1] ? strtoul(argv[1], NULL, 10) : 1;

	if (count > shell.args.count)
		return 1;
	shell.args.items += count;
	shell.args.count -= count;
	return 0;
}

/* A line, byte by byte: what follows is somebody else's. */
static int builtin_read(char **argv)
{
	char line[4096], *at = line, c;
	size_t len = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		if (len < sizeof(line) - 1)
			line[len++] = c;
	line[len] = '\0';
	/* Each name gets a word, the last one the rest. */
	while (*++argv) {
		at += strspn(at, " \t");

		size_t n = argv[1] ? strcspn(at, " \t") : strlen(at);

		var_set(*argv, sh_copy(at, n));
		at += n;
	}
	return got == 1 ? 0 : 1;
}

/* ---- flow ---- */

static int builtin_exit(char **argv)
{
	exit(argv[1] ? atoi(argv[1]) & 0xff : shell.status);
}

static int builtin_exec(char **argv)
{
	if (!argv[1])
		return 0;
	if (shell.interactive)
		signals_release();
	run_program(argv + 1);
}

/* As many loops as there are; outside of all loops it means nothing. */
static int builtin_break(char **argv)
{
	unsigned int count = argv[1] ? strtoul(argv[1], NULL, 10) : 1;

	shell.breaking = count < shell.loops ? count : shell.loops;
	shell.continuing = shell.breaking && strcmp(argv[0], "continue") == 0;
	return 0;
}

static int builtin_source(char **argv)
{
	if (!argv[1]) {
		complain(".: which file?");
		return 2;
	}
	return run_file(argv[1]);
}

static int builtin_wait(char **argv)
{
	int status = 0;

	if (!argv[1])
		while (wait(NULL) > 0 || errno == EINTR)
			;
	while (*++argv)
		status = wait_for(atoi(*argv));
	return status;
}

/* ---- which there are ---- */

static const struct {
	const char *name;
	builtin_function *run;
} builtins[] = {
	{".", builtin_source},    {":", builtin_true},
	{"[", builtin_test},      {"break", builtin_break},
	{"cd", builtin_cd},       {"continue", builtin_break},
	{"echo", builtin_echo},   {"exec", builtin_exec},
	{"exit", builtin_exit},   {"export", builtin_export},
	{"false", builtin_false}, {"pwd", builtin_pwd},
	{"read", builtin_read},   {"set", builtin_set},
	{"shift", builtin_shift}, {"test", builtin_test},
	{"true", builtin_true},   {"umask", builtin_umask},
	{"unset", builtin_unset}, {"wait", builtin_wait},
};

builtin_function *builtin_find(const char *name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return builtins[i].run;
	return NULL;
}
