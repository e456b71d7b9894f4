/*
 * sh - the shell: it reads commands and runs them.
 *
 *	sh [-ex]		commands from standard input, with a prompt when
 *				that is a terminal
 *	sh [-ex] FILE [ARG...]	a script
 *	sh [-ex] -c TEXT [NAME [ARG...]]
 *
 *	-e	end at the first command that fails and whose failure nobody
 *		asked about; -x: print each command before it runs
 *
 * What it understands is the common part of all Unix shells: words, quotes,
 * variables, patterns; < > >> 2> 2>&1; | && || ; & ( ) { }; if, while, until,
 * for; the builtins of builtin.c.  There are no functions, no case, no command
 * substitution, no arithmetic, no here-documents, no job control.  It is small
 * so that it can be read; sh.h names its parts.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

struct shell shell = {.name = "sh"};

void complain(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	dprintf(STDERR_FILENO, "sh: %s\n", text);
}

/* All of a file, as a string; NULL, and that has been said. */
static char *read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;
	size_t len = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	text = sh_alloc(st.st_size + 1);
	while ((n = read(fd, text + len, st.st_size - len)) > 0)
		len += n;
	close(fd);
	if (n < 0)
		complain("%s: %s", path, strerror(errno));
	return n < 0 ? NULL : text;
}

int run_file(const char *path)
{
	char *text = read_file(path);
	struct input in;

	if (!text)
		return 127;
	input_init(&in, text, -1, false);
	return run_input(&in);
}

static int run_stdin(void)
{
	struct input in;

	shell.interactive = isatty(STDIN_FILENO);
	if (shell.interactive)
		signals_hold();
	input_init(&in, NULL, STDIN_FILENO, shell.interactive);
	return run_input(&in);
}

static int run_text(const char *text)
{
	struct input in;

	input_init(&in, text, -1, false);
	return run_input(&in);
}

int main(int argc, char **argv)
{
	bool is_text = false;
	int option;

	shell.pid = getpid();
	vars_import(environ);
	if (!var_get("PATH"))
		var_set("PATH", "/bin:/sbin");
	while ((option = getopt(argc, argv, "+cex")) != -1) {
		if (option == '?')
			return 2;
		is_text |= option == 'c';
		shell.exit_on_error |= option == 'e';
		shell.trace |= option == 'x';
	}
	argv += optind;
	argc -= optind;
	if (!argc)
		return is_text ? 2 : run_stdin();

	const char *first = argv[0];

	if (!is_text)
		shell.name = first;
	else if (argc > 1)
		shell.name = argv[1];
	for (int i = is_text ? 2 : 1; i < argc; i++)
		strings_add(&shell.args, argv[i]);
	return is_text ? run_text(first) : run_file(first);
}
