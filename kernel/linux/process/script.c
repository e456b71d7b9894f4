/*
 * script.c - from a script to the program that reads it.
 *
 * A file that begins with `#!` is a script: the rest of its first line names
 * the program that reads it, and maybe one argument.  /bin/hello, which begins
 * with `#!/bin/sh -e`, started as `hello world`, becomes
 *
 *	/bin/sh -e /bin/hello world
 *
 * The interpreter may be a script again, a few times.  All the rest of the
 * line is one argument, spaces included: so it is on Linux, execve(2).
 */
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "process_parts.h"
#include "string.h"

#define MAX_SCRIPTS 5

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Ends the first line in place; NULL when it is longer than the buffer. */
static char *line_terminate(char *head, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (head[i] != '\n' && head[i] != '\0')
			continue;
		while (i > 0 && is_blank(head[i - 1]))
			i--;
		head[i] = '\0';
		return head;
	}
	return NULL;
}

/* Splits "#! interpreter option" in place; *option is NULL when there is
 * none. */
static int line_split(struct exec_file *exec, char **interpreter, char **option)
{
	char *at = exec->head + 2;

	/* A last line may lack its end. */
	if (exec->length < sizeof(exec->head))
		exec->head[exec->length++] = '\n';
	if (!line_terminate(at, exec->length - 2))
		return -ENOEXEC;
	while (is_blank(*at))
		at++;
	if (*at == '\0')
		return -ENOEXEC;
	*interpreter = at;
	while (*at != '\0' && !is_blank(*at))
		at++;
	*option = NULL;
	if (*at == '\0')
		return 0;
	*at++ = '\0';
	while (is_blank(*at))
		at++;
	*option = at;
	return 0;
}

static bool is_script(const struct exec_file *exec)
{
	return exec->length > 2 && exec->head[0] == '#' && exec->head[1] == '!';
}

static int script_open(struct exec_file *exec, struct exec_args *args)
{
	char path[EXEC_HEAD_SIZE]; /* an interpreter's */
	char *interpreter, *option;
	int error = 0;

	for (int scripts = 0; !error && is_script(exec); scripts++) {
		file_put(exec->file);
		if (scripts == MAX_SCRIPTS)
			return -ELOOP;
		error = line_split(exec, &interpreter, &option);
		if (!error)
			error = args_put_script(args, interpreter, option,
						scripts ? path : args->text);
		if (error)
			break;
		strlcpy(path, interpreter, sizeof(path));
		error = exec_head_read(exec, path);
	}
	return error;
}

EXEC_FORMAT(.matches = is_script, .open = script_open);
