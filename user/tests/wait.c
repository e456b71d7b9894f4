/*
 * wait - wait4(2) and waitid(2): whom they wait for, and what they tell.
 *
 * Needs kernel/linux: waitid(2), getrusage(2).
 */
#include "tap.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static pid_t child_that_exits(int code)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

/* It lives until somebody reaches the place. */
static pid_t child_that_awaits(const char *place)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		tap_await(place);
		_exit(0);
	}
	return pid;
}

TEST(any_child)
{
	pid_t a = child_that_exits(1), b = child_that_exits(2), first;
	int status;

	first = wait(&status);
	EXPECT(first == a || first == b);
	EXPECT_EQ(WEXITSTATUS(status), first == a ? 1 : 2);
	EXPECT_EQ(wait(&status), first == a ? b : a);
	EXPECT_ERRNO(wait(&status), ECHILD);
}

TEST(a_certain_child)
{
	pid_t a = child_that_exits(1), b = child_that_exits(2);

	EXPECT_EXIT(b, 2);
	EXPECT_EXIT(a, 1);
	EXPECT_ERRNO(waitpid(a, NULL, 0), ECHILD);
	EXPECT_ERRNO(waitpid(getpid(), NULL, 0), ECHILD);
	EXPECT_ERRNO(waitpid(1, NULL, 0), ECHILD);
}

TEST(no_hang)
{
	pid_t pid = child_that_awaits("go");

	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	EXPECT_EQ(waitpid(-1, NULL, WNOHANG), 0);
	tap_reach("go");
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
}

TEST(a_group)
{
	pid_t a = child_that_awaits("go"), b = child_that_exits(0);

	EXPECT_EQ(setpgid(a, a), 0);
	EXPECT_EQ(waitpid(-a, NULL, WNOHANG), 0);
	EXPECT_EQ(waitpid(0, NULL, 0), b);
	EXPECT_ERRNO(waitpid(0, NULL, WNOHANG), ECHILD);
	tap_reach("go");
	EXPECT_EQ(waitpid(-a, NULL, 0), a);
}

TEST(killed)
{
	pid_t pid = child_that_awaits("never");
	int status;

	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(WTERMSIG(status), SIGKILL);
	EXPECT_ERRNO(kill(pid, 0), ESRCH);
}

TEST(a_zombie_is_still_there)
{
	pid_t pid = child_that_exits(3);
	siginfo_t info;

	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(kill(pid, 0), 0);
	EXPECT_EQ(getpgid(pid), getpgid(0));
	EXPECT_EXIT(pid, 3);
}

TEST(waitid_tells_how_it_ended)
{
	siginfo_t info = {0};
	pid_t pid = child_that_exits(5);

	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(info.si_pid, pid);
	memset(&info, 0, sizeof(info));
	EXPECT_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	EXPECT_EQ(info.si_signo, SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_uid, getuid());
	EXPECT_EQ(info.si_status, 5);

	pid = child_that_awaits("never");
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitid(P_PGID, getpgid(0), &info, WEXITED), 0);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGKILL);
}

TEST(waitid_without_hanging)
{
	pid_t pid = child_that_awaits("go");
	siginfo_t info;

	memset(&info, 0xff, sizeof(info));
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	EXPECT_EQ(info.si_pid, 0);
	EXPECT_EQ(info.si_signo, 0);
	tap_reach("go");
	EXPECT_EXIT(pid, 0);
}

TEST(bad_arguments)
{
	siginfo_t info;

	EXPECT_ERRNO(waitpid(-1, NULL, 0x40), EINVAL);
	EXPECT_ERRNO(waitid(P_ALL, 0, &info, 0), EINVAL);
	EXPECT_ERRNO(waitid(P_ALL, 0, &info, WEXITED | 0x40), EINVAL);
	EXPECT_ERRNO(waitid(99, 0, &info, WEXITED), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, -5, &info, WEXITED), EINVAL);
}

TEST(bad_pointer_leaves_no_zombie_behind)
{
	pid_t pid = child_that_exits(0);

	EXPECT_ERRNO(waitpid(pid, tap_nowhere, 0), EFAULT);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

TEST(usage_of_children_is_added_up)
{
	struct rusage usage;
	pid_t pid = tap_fork();

	if (pid == 0) {
		do
			getrusage(RUSAGE_SELF, &usage);
		while (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec == 0 &&
		       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 20000);
		_exit(0);
	}
	EXPECT_EQ(wait4(pid, NULL, 0, &usage), pid);
	EXPECT(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 20000);
	EXPECT_EQ(getrusage(RUSAGE_CHILDREN, &usage), 0);
	EXPECT(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 20000);
}

TEST(no_zombies_when_sigchld_is_ignored)
{
	/* wait() ends when all children are gone. */
	signal(SIGCHLD, SIG_IGN);
	child_that_exits(0);
	child_that_exits(0);
	EXPECT_ERRNO(wait(NULL), ECHILD);
}

/* A number that is no signal is like none: the parent hears nothing. */
TEST(ends_without_a_signal)
{
	static const int signals[] = {0, 65, 128, 255};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t pid = syscall(SYS_clone, signals[i], 0, 0, 0, 0);

		if (pid == 0)
			_exit(3);
		ASSERT(pid > 0);
		EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
		EXPECT_EQ(waitpid(pid, NULL, __WALL), pid);
	}
}
