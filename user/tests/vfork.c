/*
 * vfork - the parent waits, and its memory is the child's until the child has
 * another program, or has ended.
 */
#include "tap.h"
#include <signal.h>

extern char **environ;

static volatile int shared;

TEST(shares_memory)
{
	shared = 1;

	pid_t pid = vfork();

	if (pid == 0) {
		shared = 2;
		_exit(0);
	}
	EXPECT(pid > 0);
	EXPECT_EQ(shared, 2);
	EXPECT_EXIT(pid, 0);
}

HELPER(await)
{
	tap_await(argv[0]);
	return 9;
}

TEST(parent_goes_on_at_exec)
{
	char *argv[] = {tap_program, "--helper", "await", "go", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve(tap_program, argv, environ);
		_exit(127);
	}
	/* The child runs on: it waits for us. */
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	tap_reach("go");
	EXPECT_EXIT(pid, 9);
}

TEST(failed_exec)
{
	char *argv[] = {"nothing", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve("nothing", argv, environ);
		shared = errno;
		_exit(5);
	}
	EXPECT_EQ(shared, ENOENT);
	EXPECT_EXIT(pid, 5);
}

TEST(killed_child_frees_the_parent)
{
	pid_t pid = vfork();

	if (pid == 0) {
		/* Not by raise(): its idea of who we are is the parent's. */
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGKILL);
}
