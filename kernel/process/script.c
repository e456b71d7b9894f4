/*
 * script.c - from a path to the file of a program.
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

static int head_read(struct exec_file *exec, const char *path)
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

static bool is_script(const struct exec_file *exec)
{
	return exec->length > 2 && exec->head[0] == '#' && exec->head[1] == '!';
}

int exec_file_open(struct exec_file *exec, struct exec_args *args)
{
	char path[EXEC_HEAD_SIZE]; /* an interpreter's */
	char *interpreter, *option;
	int error = head_read(exec, args->text);

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
		error = head_read(exec, path);
	}
	return error;
}
