/*
 * groups - process groups and sessions: setpgid(2), setsid(2) and their kin.
 */
#include "tap.h"
#include <signal.h>

TEST(children_are_in_the_same_group)
{
	pid_t group = getpgid(0), session = getsid(0), pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(getpgrp(), group);
		EXPECT_EQ(getsid(0), session);
		tap_exit();
	}
	EXPECT_EQ(getpgid(pid), group);
	EXPECT_EXIT(pid, 0);
}

TEST(a_group_of_its_own)
{
	EXPECT_EQ(setpgid(0, 0), 0);
	EXPECT_EQ(getpgrp(), getpid());

	pid_t pid = tap_fork();

	if (pid == 0) {
		pid_t leader = getppid();

		EXPECT_EQ(setpgid(0, 0), 0);
		EXPECT_EQ(getpgrp(), getpid());
		EXPECT_EQ(setpgid(0, leader), 0);
		EXPECT_EQ(getpgrp(), leader);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(a_new_session)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(setsid(), getpid());
		EXPECT_EQ(getsid(0), getpid());
		EXPECT_EQ(getpgrp(), getpid());
		/* A leader may not leave. */
		EXPECT_ERRNO(setsid(), EPERM);
		EXPECT_ERRNO(setpgid(0, 0), EPERM);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(group_of_another_session)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		setsid();
		tap_reach("there");
		tap_await("done");
		tap_exit();
	}
	tap_await("there");
	EXPECT_EQ(getsid(pid), pid);
	EXPECT_ERRNO(setpgid(0, pid), EPERM);
	EXPECT_ERRNO(setpgid(pid, 0), EPERM);
	tap_reach("done");
	EXPECT_EXIT(pid, 0);
}

TEST(who_may_be_moved)
{
	EXPECT_ERRNO(setpgid(0, -1), EINVAL);
	EXPECT_ERRNO(setpgid(getppid(), 0), ESRCH);
	EXPECT_ERRNO(setpgid(1 << 30, 0), ESRCH);
	EXPECT_ERRNO(getpgid(1 << 30), ESRCH);
	EXPECT_ERRNO(getsid(1 << 30), ESRCH);
	/* There is no such group. */
	EXPECT_ERRNO(setpgid(0, 1 << 30), EPERM);
}

HELPER(await_done)
{
	tap_reach("executed");
	tap_await("done");
	return 0;
}

TEST(not_after_exec)
{
	char *argv[] = {tap_program, "--helper", "await_done", NULL};
	pid_t pid = tap_fork();

	if (pid == 0) {
		execv(tap_program, argv);
		_exit(127);
	}
	tap_await("executed");
	EXPECT_ERRNO(setpgid(pid, pid), EACCES);
	tap_reach("done");
	EXPECT_EXIT(pid, 0);
}

TEST(a_signal_to_a_group)
{
	pid_t leader = 0, pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			tap_await("never");
			_exit(0);
		}
		EXPECT_EQ(setpgid(pids[i], leader), 0);
		if (i == 0)
			leader = pids[0];
	}
	EXPECT_EQ(kill(-leader, SIGKILL), 0);
	for (int i = 0; i < 4; i++)
		EXPECT_KILLED(pids[i], SIGKILL);
	EXPECT_ERRNO(kill(-leader, 0), ESRCH);
}
