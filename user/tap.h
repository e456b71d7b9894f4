/*
 * tap.h - the harness of test programs: include it, write tests, done.
 *
 *	#include "tap.h"
 *
 *	TEST(fork_returns_twice)
 *	{
 *		pid_t pid = tap_fork();
 *
 *		if (pid == 0)
 *			_exit(7);
 *		EXPECT_EXIT(pid, 7);
 *	}
 *
 * There is no main() to write.  The program runs its tests in the order of the
 * source, or those that its arguments name, and prints KTAP:
 *
 *	KTAP version 1
 *	1..2
 *	ok 1 - fork_returns_twice
 *	# user/tests/fork.c:31: status: expected 7, got 0
 *	not ok 2 - exit_codes
 *
 * Its exit status is 0 only if all passed.  Each test runs in a process of its
 * own, so that a crash ends that test only, and in an empty directory of its
 * own, which is removed afterwards with all that is in it.  Children that a
 * test leaves behind are killed, as long as they are in its process group.
 *
 * EXPECT...() notes a failure and goes on; ASSERT...() ends the process.  A
 * child made by tap_fork() that fails an expectation ends with status 1, when
 * it ends by tap_exit(); its parent sees that by EXPECT_EXIT(pid, 0).
 *
 * Tests never sleep to let another process go first: tap_reach("place") and
 * tap_await("place") are hand-shakes.  They are made of files, which work
 * before any means of communication is unlocked.
 *
 * A test of execve() starts this program anew: HELPER(name) is a main() that
 * runs when the arguments are tap_program, "--helper", "name".
 *
 * Everything here is POSIX and runs on Linux as it does on Signalbox.  Output
 * is by write(2): what a forked child inherits must not be printed twice.
 * TAP_INDENT in the environment is put before each line, for a harness that
 * prints these results inside its own.
 */
#ifndef TAP_H
#define TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_SKIPPED 77 /* exit status of a test that cannot run here */
#define TAP_SHOWN 8    /* failures that are printed, of one process */

/* ---- tests and helpers find themselves by their sections ---- */

struct tap_test {
	const char *name;
	void (*run)(void);
};

struct tap_helper {
	const char *name;
	int (*run)(int argc, char **argv);
};

#define TAP_IN_SECTION(name) \
	__attribute__((section(name), used, no_reorder, aligned(8)))

#define TEST(id) \
	static void test_##id(void); \
	TAP_IN_SECTION("tap_tests") \
	static const struct tap_test tap_test_##id = {#id, test_##id}; \
	static void test_##id(void)

/* The first argument of the helper is in argv[0]. */
#define HELPER(id) \
	static int helper_##id(int argc, char **argv); \
	TAP_IN_SECTION("tap_helpers") \
	static const struct tap_helper tap_helper_##id = {#id, helper_##id}; \
	static int helper_##id(int argc, char **argv)

/* The linker makes these; a program without helpers has none of the latter. */
extern const struct tap_test __start_tap_tests[], __stop_tap_tests[];
extern const struct tap_helper __start_tap_helpers[] __attribute__((weak));
extern const struct tap_helper __stop_tap_helpers[] __attribute__((weak));

/* The absolute path of this program. */
static char tap_program[4096];

/* An address at which nothing is; volatile, or the compiler would object. */
static void *volatile tap_nowhere __attribute__((unused)) = (void *)16;

/* ---- output ---- */

static const char *tap_indent = "";

__attribute__((format(printf, 1, 2))) static inline void
tap_print(const char *fmt, ...)
{
	char text[1024];
	size_t len = snprintf(text, sizeof(text), "%s", tap_indent);
	va_list args;

	va_start(args, fmt);
	len += vsnprintf(text + len, sizeof(text) - len, fmt, args);
	va_end(args);
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	/* One write a line: lines of several processes do not mix. */
	if (write(STDOUT_FILENO, text, len) < 0)
		_exit(1);
}

/* ---- expectations ---- */

/* Failures of this process; its threads share it. */
static unsigned int tap_failures;

__attribute__((format(printf, 3, 4))) static inline void
tap_fail(const char *file, int line, const char *fmt, ...)
{
	char text[768];
	va_list args;

	if (__atomic_add_fetch(&tap_failures, 1, __ATOMIC_RELAXED) > TAP_SHOWN)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	tap_print("# %s:%d: %s\n", file, line, text);
}

#define TAP_FAIL(...) tap_fail(__FILE__, __LINE__, __VA_ARGS__)

#define EXPECT(condition) \
	do { \
		if (!(condition)) \
			TAP_FAIL("expected %s (errno now: %s)", #condition, \
				 strerror(errno)); \
	} while (0)

#define EXPECT_EQ(got, want) \
	tap_expect_eq(__FILE__, __LINE__, #got, (long long)(got), \
		      (long long)(want))

#define EXPECT_STR(got, want) \
	tap_expect_str(__FILE__, __LINE__, #got, got, want)

/* A call that must fail by returning -1 with this errno. */
#define EXPECT_ERRNO(call, code) \
	do { \
		errno = 0; \
		long long result_ = (long long)(call); \
		tap_expect_errno(__FILE__, __LINE__, #call, result_, errno, \
				 code); \
	} while (0)

/* For what makes no sense to go on without. */
#define ASSERT(condition) \
	do { \
		if (!(condition)) { \
			TAP_FAIL("expected %s (errno now: %s)", #condition, \
				 strerror(errno)); \
			_exit(1); \
		} \
	} while (0)

/* Waits for a child, which must end by exit(code), or by the signal. */
#define EXPECT_EXIT(pid, code) \
	tap_expect_status(__FILE__, __LINE__, pid, ((code)&0xff) << 8)
#define EXPECT_KILLED(pid, signal) \
	tap_expect_status(__FILE__, __LINE__, pid, signal)

/* Ends a test that cannot run here, and says why. */
#define SKIP(...) \
	do { \
		tap_print("# skipped: " __VA_ARGS__); \
		tap_print("\n"); \
		_exit(tap_failures ? 1 : TAP_SKIPPED); \
	} while (0)

static inline void tap_expect_eq(const char *file, int line, const char *what,
				 long long got, long long want)
{
	if (got != want)
		tap_fail(file, line, "%s: expected %lld, got %lld", what, want,
			 got);
}

static inline void tap_expect_str(const char *file, int line, const char *what,
				  const char *got, const char *want)
{
	if (!got || strcmp(got, want) != 0)
		tap_fail(file, line, "%s: expected \"%s\", got \"%s\"", what,
			 want, got ? got : "(null)");
}

static inline void tap_expect_errno(const char *file, int line,
				    const char *what, long long result,
				    int error, int want)
{
	if (result != -1)
		tap_fail(file, line, "%s: expected -1 (%s), got %lld", what,
			 strerror(want), result);
	else if (error != want)
		tap_fail(file, line, "%s: expected errno %d (%s), got %d (%s)",
			 what, want, strerror(want), error, strerror(error));
}

/* "exit status 7", "signal 11"; one text at a time. */
static inline const char *tap_status_text(int status)
{
	static char text[48];

	if (WIFEXITED(status))
		snprintf(text, sizeof(text), "exit status %d",
			 WEXITSTATUS(status));
	else
		snprintf(text, sizeof(text), "signal %d", WTERMSIG(status));
	return text;
}

static inline void tap_expect_status(const char *file, int line, pid_t pid,
				     int want)
{
	int status = -1;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	status &= ~0x80; /* whether there is a core does not matter */
	if (got != pid) {
		tap_fail(file, line, "waitpid(%d): expected %d, got %d (%s)",
			 pid, pid, got, strerror(errno));
	} else if (status != want) {
		char expected[48];

		strcpy(expected, tap_status_text(want));
		tap_fail(file, line, "child: expected %s, got %s", expected,
			 tap_status_text(status));
	}
}

/* ---- children ---- */

/* Ends this process: status 0, or 1 after a failed expectation. */
__attribute__((noreturn)) static inline void tap_exit(void)
{
	_exit(tap_failures != 0);
}

/* fork(), which has to succeed. */
static inline pid_t tap_fork(void)
{
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (pid == 0)
		tap_failures = 0;
	return pid;
}

/* ---- hand-shakes ---- */

/* The test's directory, wherever its processes have gone since. */
static int tap_directory = AT_FDCWD;

static inline void tap_reach(const char *place)
{
	int fd = openat(tap_directory, place, O_CREAT | O_WRONLY, 0666);

	ASSERT(fd >= 0);
	close(fd);
}

static inline void tap_await(const char *place)
{
	while (faccessat(tap_directory, place, F_OK, 0) < 0)
		sched_yield();
}

/* ---- running ---- */

static inline int tap_remove(const char *path, const struct stat *st, int type,
			     struct FTW *where)
{
	return remove(path);
}

/* Makes and enters an empty directory; its path goes to `path`. */
static inline void tap_enter_directory(char *path, size_t size)
{
	const char *base = getenv("TMPDIR");

	snprintf(path, size, "%s/tap.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(path) || chmod(path, 0777) || chdir(path)) {
		tap_print("# %s: %s\n", path, strerror(errno));
		exit(1);
	}
	tap_directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline int tap_run_in_child(const struct tap_test *test)
{
	pid_t pid = fork(), self;
	int status = 0;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		self = getpid();
		setpgid(0, 0);
		test->run();
		if (getpid() == self)
			tap_exit();
		tap_print("# a child of the test forgot to exit\n");
		_exit(1);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	kill(-pid, SIGKILL);
	return status;
}

/* True when the test passed or was skipped. */
static inline bool tap_run(const struct tap_test *test, int number)
{
	char directory[4096];
	int status;

	tap_enter_directory(directory, sizeof(directory));
	status = tap_run_in_child(test);
	if (status < 0)
		tap_print("# cannot start the test: %s\n", strerror(errno));
	else if (WIFSIGNALED(status))
		tap_print("# the test was killed by %s\n",
			  tap_status_text(status));
	close(tap_directory);
	if (chdir("/"))
		tap_print("# chdir: %s\n", strerror(errno));
	nftw(directory, tap_remove, 8, FTW_DEPTH | FTW_PHYS);

	bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == TAP_SKIPPED;
	bool passed = status == 0 || skipped;

	tap_print("%s %d - %s%s\n", passed ? "ok" : "not ok", number,
		  test->name, skipped ? " # SKIP" : "");
	return passed;
}

static inline bool tap_is_chosen(const struct tap_test *test, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strcmp(*names, test->name) == 0)
			return true;
	return false;
}

static inline int tap_run_helper(int argc, char **argv)
{
	const struct tap_helper *h;

	for (h = __start_tap_helpers; h < __stop_tap_helpers; h++)
		if (strcmp(h->name, argv[2]) == 0)
			return h->run(argc - 3, argv + 3);
	return 126;
}

/* Tests go to other directories: the path must not depend on where they are. */
static inline void tap_find_program(const char *name)
{
	if (name[0] != '/' && getcwd(tap_program, sizeof(tap_program) / 2))
		strcat(tap_program, "/");
	strncat(tap_program, name, sizeof(tap_program) / 2 - 1);
}

int main(int argc, char **argv)
{
	const struct tap_test *test;
	int planned = 0, number = 0, failed = 0;

	if (getenv("TAP_INDENT"))
		tap_indent = getenv("TAP_INDENT");
	if (argc > 0)
		tap_find_program(argv[0]);
	if (argc > 2 && strcmp(argv[1], "--helper") == 0)
		return tap_run_helper(argc, argv);
	for (test = __start_tap_tests; test < __stop_tap_tests; test++)
		planned += tap_is_chosen(test, argv + 1);
	tap_print("KTAP version 1\n");
	tap_print("1..%d\n", planned);
	for (test = __start_tap_tests; test < __stop_tap_tests; test++)
		if (tap_is_chosen(test, argv + 1))
			failed += !tap_run(test, ++number);
	return failed || !planned;
}

#endif
