/*
 * priority - nice values: who may set whose, and what inherits them; and the
 * scheduling policies, as far as everybody has them.
 *
 * Needs kernel/linux: setpriority(2).
 */
#include "tap.h"
#include <sys/resource.h>
#include <sys/syscall.h>

#define SOMEBODY 1234

static void become(uid_t uid)
{
	if (geteuid() == 0)
		ASSERT(setuid(uid) == 0);
}

static int nice_of(pid_t pid)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, pid);
}

TEST(set_and_inherited)
{
	pid_t pid;

	ASSERT(setpriority(PRIO_PROCESS, 0, 3) == 0);
	EXPECT_EQ(nice_of(0), 3);
	EXPECT_EQ(nice_of(getpid()), 3);
	pid = tap_fork();
	if (pid == 0) {
		EXPECT_EQ(nice_of(0), 3);
		EXPECT_EQ(nice(4), 7);
		EXPECT_EQ(nice_of(getppid()), 3);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 1000), 0);
	EXPECT_EQ(nice_of(0), 19);
}

TEST(of_a_group)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		ASSERT(setpgid(0, 0) == 0);
		tap_reach("apart");
		tap_await("set");
		EXPECT_EQ(nice_of(0), 5);
		EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 6), 0);
		EXPECT_EQ(getpriority(PRIO_PGRP, 0), 6);
		tap_exit();
	}
	tap_await("apart");
	EXPECT_EQ(setpriority(PRIO_PGRP, pid, 5), 0);
	EXPECT_EQ(nice_of(0), 0);
	tap_reach("set");
	EXPECT_EXIT(pid, 0);
}

/* Of several values the lowest counts. */
TEST(of_a_user)
{
	pid_t pid;

	if (geteuid() != 0)
		SKIP("only root can become another user");
	become(SOMEBODY);
	ASSERT(setpriority(PRIO_PROCESS, 0, 4) == 0);
	pid = tap_fork();
	if (pid == 0) {
		EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 9), 0);
		EXPECT_EQ(getpriority(PRIO_USER, 0), 4);
		EXPECT_EQ(getpriority(PRIO_USER, SOMEBODY), 4);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(not_permitted)
{
	pid_t other = getppid();

	if (geteuid() != 0)
		SKIP("only root can become another user");
	ASSERT(setpriority(PRIO_PROCESS, 0, 5) == 0);
	become(SOMEBODY);
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, other, 10), EPERM);
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, 0, 4), EACCES);
	EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
	EXPECT_EQ(nice_of(0), 5);
}

TEST(errors)
{
	EXPECT_ERRNO(getpriority(3, 0), EINVAL);
	EXPECT_ERRNO(setpriority(-1, 0, 0), EINVAL);
	EXPECT_ERRNO(getpriority(PRIO_PROCESS, 1 << 30), ESRCH);
	EXPECT_ERRNO(setpriority(PRIO_PGRP, 1 << 30, 0), ESRCH);
}

/* Fields 18 and 19, behind the name. */
TEST(shown_in_proc)
{
	char text[512] = "";
	int fd = open("/proc/self/stat", O_RDONLY), priority, value;

	ASSERT(setpriority(PRIO_PROCESS, 0, 2) == 0);
	ASSERT(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	EXPECT_EQ(sscanf(strrchr(text, ')'),
			 ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
			 "%*u %*d %*d %d %d",
			 &priority, &value),
		  2);
	EXPECT_EQ(priority, 22);
	EXPECT_EQ(value, 2);
}

/* By syscall(2): musl's functions say ENOSYS. */
TEST(policies)
{
	int param = 0;

	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	EXPECT_EQ(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param), 0);
	param = 7;
	EXPECT_EQ(syscall(SYS_sched_getparam, getpid(), &param), 0);
	EXPECT_EQ(param, 0);
	EXPECT_EQ(syscall(SYS_sched_setparam, 0, &param), 0);
	param = 1;
	EXPECT_ERRNO(syscall(SYS_sched_setparam, 0, &param), EINVAL);
	become(SOMEBODY);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param),
		     EPERM);
	param = 100;
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &param),
		     EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, 77, &param), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getscheduler, 1 << 30), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_getscheduler, -1), EINVAL);
	EXPECT_EQ(syscall(SYS_sched_get_priority_max, SCHED_FIFO), 99);
	EXPECT_EQ(syscall(SYS_sched_get_priority_min, SCHED_RR), 1);
	EXPECT_EQ(syscall(SYS_sched_get_priority_max, SCHED_OTHER), 0);
	EXPECT_ERRNO(syscall(SYS_sched_get_priority_min, 77), EINVAL);
}
