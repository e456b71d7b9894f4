/*
 * env - runs a program with a changed environment, or prints it.
 *
 *	env [-i] [NAME=VALUE...] [PROGRAM [ARGUMENT...]]
 *
 *	-i	begin with an empty environment
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	argv++;
	if (*argv && strcmp(*argv, "-i") == 0) {
		clearenv();
		argv++;
	}
	for (; *argv && strchr(*argv, '='); argv++)
		putenv(*argv);
	if (*argv) {
		execvp(*argv, argv);
		fprintf(stderr, "env: %s: %s\n", *argv, strerror(errno));
		return errno == ENOENT ? 127 : 126;
	}
	for (char **e = environ; e && *e; e++)
		puts(*e);
	return 0;
}
