/*
 * exec - execve(2): what the new program is given, what it keeps of the old
 * one, and that a failed attempt changes nothing.
 *
 * Needs kernel/linux: scripts.
 */
#include "tap.h"
#include <elf.h>
#include <signal.h>
#include <sys/auxv.h>

extern char **environ;

static pid_t run_helper(char *name, char *arg1, char *arg2)
{
	char *argv[] = {tap_program, "--helper", name, arg1, arg2, NULL};
	pid_t pid = tap_fork();

	if (pid == 0) {
		execve(tap_program, argv, environ);
		_exit(127);
	}
	return pid;
}

/* ---- what it is given ---- */

HELPER(arguments)
{
	EXPECT_EQ(argc, 3);
	EXPECT_STR(argv[0], "");
	EXPECT_STR(argv[1], "two words");
	EXPECT_STR(argv[2], "\xff\x01");
	EXPECT(argv[3] == NULL);
	EXPECT_STR(environ[0], "A=1");
	EXPECT_STR(environ[1], "EMPTY=");
	EXPECT_STR(environ[2], "odd");
	EXPECT(environ[3] == NULL);
	tap_exit();
}

TEST(arguments_and_environment)
{
	char *argv[] = {tap_program, "--helper",  "arguments",
			"",          "two words", "\xff\x01",
			NULL};
	char *envp[] = {"A=1", "EMPTY=", "odd", NULL};
	pid_t pid = tap_fork();

	if (pid == 0) {
		execve(tap_program, argv, envp);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

HELPER(auxiliary)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	const Elf64_Phdr *phdr = (void *)getauxval(AT_PHDR);
	extern char _start[];

	EXPECT_EQ(getauxval(AT_PAGESZ), 4096);
	EXPECT_EQ(getauxval(AT_ENTRY), (uintptr_t)_start);
	EXPECT_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	EXPECT(getauxval(AT_PHNUM) > 0);
	ASSERT(phdr != NULL);
	EXPECT(phdr->p_type != 0);
	EXPECT_EQ(getauxval(AT_UID), getuid());
	EXPECT_EQ(getauxval(AT_EUID), geteuid());
	EXPECT_EQ(getauxval(AT_GID), getgid());
	EXPECT_EQ(getauxval(AT_EGID), getegid());
	EXPECT_EQ(getauxval(AT_SECURE), 0);
	EXPECT_STR((char *)getauxval(AT_EXECFN), tap_program);
	ASSERT(random != NULL);
	EXPECT_EQ((uintptr_t)__builtin_frame_address(0) % 16, 0);
	EXPECT(strlen(argv[0]) > 0);
	tap_exit();
}

TEST(auxiliary_vector)
{
	EXPECT_EXIT(run_helper("auxiliary", "x", NULL), 0);
}

HELPER(count)
{
	size_t total = 0;

	for (int i = 0; i < argc; i++)
		total += strlen(argv[i]) + 1;
	return argc == 1000 && total == 100000 ? 0 : 1;
}

TEST(a_thousand_arguments)
{
	static char text[100], *argv[1004] = {tap_program, "--helper", "count"};
	pid_t pid;

	memset(text, 'x', 99);
	for (int i = 3; i < 1003; i++)
		argv[i] = text;
	pid = tap_fork();
	if (pid == 0) {
		execve(tap_program, argv, environ);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

/* ---- what it keeps ---- */

HELPER(descriptors)
{
	char byte = 0;

	EXPECT_EQ(pread(atoi(argv[0]), &byte, 1, 0), 1);
	EXPECT_EQ(byte, 'k');
	EXPECT_ERRNO(fcntl(atoi(argv[1]), F_GETFD), EBADF);
	tap_exit();
}

TEST(close_on_exec)
{
	int kept = open("file", O_CREAT | O_RDWR, 0600);
	int closed = open("file", O_RDWR | O_CLOEXEC);
	char numbers[2][16];

	ASSERT(write(kept, "k", 1) == 1);
	snprintf(numbers[0], 16, "%d", kept);
	snprintf(numbers[1], 16, "%d", closed);
	EXPECT_EXIT(run_helper("descriptors", numbers[0], numbers[1]), 0);
	EXPECT_EQ(fcntl(closed, F_GETFD), FD_CLOEXEC);
}

HELPER(identity)
{
	struct sigaction action;
	mode_t mask = umask(0);
	char here[256];

	EXPECT_EQ(getpid(), atoi(argv[0]));
	EXPECT_EQ(getpgrp(), getpid());
	EXPECT_EQ(mask, 0123);
	EXPECT_STR(getcwd(here, sizeof(here)), argv[1]);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &action), 0);
	EXPECT(action.sa_handler == SIG_IGN);
	EXPECT_EQ(sigaction(SIGUSR2, NULL, &action), 0);
	EXPECT(action.sa_handler == SIG_DFL);
	tap_exit();
}

static void handler(int signal)
{
}

TEST(what_stays_the_same)
{
	char here[256], pid_text[16];
	char *argv[] = {tap_program, "--helper", "identity",
			pid_text,    here,       NULL};
	pid_t pid = tap_fork();

	if (pid == 0) {
		setpgid(0, 0);
		umask(0123);
		signal(SIGUSR1, SIG_IGN);
		signal(SIGUSR2, handler);
		ASSERT(getcwd(here, sizeof(here)) != NULL);
		snprintf(pid_text, sizeof(pid_text), "%d", getpid());
		execve(tap_program, argv, environ);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

/* ---- failures ---- */

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);

	ASSERT(fd >= 0);
	ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

TEST(failure_changes_nothing)
{
	char *argv[] = {"x", NULL};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	write_file("data", "not a program at all", 0700);
	write_file("locked", "#!/bin/sh\n", 0600);
	write_file("cut", "\177ELF\2\1\1", 0700);
	write_file("empty", "", 0700);
	EXPECT_ERRNO(execve("nothing", argv, environ), ENOENT);
	EXPECT_ERRNO(execve("", argv, environ), ENOENT);
	EXPECT_ERRNO(execve("data/x", argv, environ), ENOTDIR);
	EXPECT_ERRNO(execve("data", argv, environ), ENOEXEC);
	EXPECT_ERRNO(execve("empty", argv, environ), ENOEXEC);
	EXPECT_ERRNO(execve("cut", argv, environ), ENOEXEC);
	EXPECT_ERRNO(execve("locked", argv, environ), EACCES);
	EXPECT_ERRNO(execve(".", argv, environ), EACCES);
	EXPECT_ERRNO(execve(tap_nowhere, argv, environ), EFAULT);
	EXPECT_ERRNO(execve(tap_program, tap_nowhere, environ), EFAULT);
	argv[0] = tap_nowhere;
	EXPECT_ERRNO(execve(tap_program, argv, environ), EFAULT);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(arguments_too_long)
{
	/* One argument may have 128 KiB, MAX_ARG_STRLEN. */
	size_t len = 4 << 20;
	char *text = malloc(len), *argv[] = {"x", text, NULL};

	memset(text, 'x', len);
	text[len - 1] = '\0';
	EXPECT_ERRNO(execve(tap_program, argv, environ), E2BIG);
	free(text);
}

/* ---- scripts ---- */

HELPER(script)
{
	EXPECT_EQ(argc, 3);
	EXPECT_STR(argv[0], "./script");
	EXPECT_STR(argv[1], "one");
	EXPECT_STR(argv[2], "two");
	tap_exit();
}

TEST(interpreter)
{
	/* #!PROGRAM ARGUMENT: all that follows the blank is one argument, so
	 * another script has to say "--helper script". */
	char text[4200], *argv[] = {"ignored", "one", "two", NULL};
	pid_t pid;

	snprintf(text, sizeof(text), "#! /bin/sh\nexec %s --helper script "
		 "\"$0\" \"$@\"\n", tap_program);
	write_file("script", text, 0700);
	pid = tap_fork();
	if (pid == 0) {
		execve("./script", argv, environ);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

HELPER(one_argument)
{
	return 1;
}

TEST(interpreter_that_is_not_there)
{
	char *argv[] = {"x", NULL};

	write_file("script", "#!/no/such/program\n", 0700);
	EXPECT_ERRNO(execve("./script", argv, environ), ENOENT);
	write_file("self", "#!./self\n", 0700);
	EXPECT_ERRNO(execve("./self", argv, environ), ELOOP);
}

TEST(again_and_again)
{
	/* Nothing is lost at each step: the memory of the old program goes. */
	for (int i = 0; i < 50; i++)
		EXPECT_EXIT(run_helper("one_argument", NULL, NULL), 1);
}
