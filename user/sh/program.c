/*
 * program.c - the shell's child becomes the program that was asked for.
 */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Exit statuses, as POSIX has them. */
#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

/* Does not return unless it fails. */
static void try_program(const char *path, char **argv)
{
	struct strings script = {0};

	execve(path, argv, vars_environment());
	if (errno != ENOEXEC)
		return;
	/* A script without #! */
	strings_add(&script, "sh");
	strings_add(&script, (char *)path);
	while (*++argv)
		strings_add(&script, *argv);
	execve("/bin/sh", script.items, vars_environment());
}

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* Tries each directory of PATH; errno says how the last one failed. */
static void search_program(char **argv)
{
	const char *path = var_get("PATH"), *end;

	errno = ENOENT;
	for (; path; path = *end ? end + 1 : NULL) {
		int len = strcspn(path, ":");
		size_t size = len + strlen(argv[0]) + 3;
		char *full = sh_alloc(size);

		end = path + len;
		/* An empty entry is the current directory. */
		snprintf(full, size, "%.*s/%s", len ? len : 1, len ? path : ".",
			 argv[0]);
		try_program(full, argv);
		if (!is_missing(errno))
			return;
	}
}

void run_program(char **argv)
{
	bool has_slash = strchr(argv[0], '/');
	int error;

	if (has_slash)
		try_program(argv[0], argv);
	else if (*argv[0])
		search_program(argv);
	else
		errno = ENOENT;
	error = errno;
	complain("%s: %s", argv[0],
		 error == ENOENT && !has_slash ? "not found" : strerror(error));
	_exit(is_missing(error) ? NOT_FOUND : NOT_EXECUTABLE);
}
