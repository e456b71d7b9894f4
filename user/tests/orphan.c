/*
 * orphan - processes whose parents die before them.
 */
#include "tap.h"
#include <signal.h>

TEST(finds_another_parent)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		pid_t old = getpid();

		if (tap_fork() == 0) {
			tap_await("parent is gone");
			EXPECT(getppid() != old);
			EXPECT(getppid() >= 0);
			tap_reach(tap_failures ? "bad" : "good");
			_exit(0);
		}
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	tap_reach("parent is gone");
	while (access("good", F_OK) && access("bad", F_OK))
		sched_yield();
	EXPECT_EQ(access("good", F_OK), 0);
	/* It is not our child. */
	EXPECT_ERRNO(wait(NULL), ECHILD);
}

TEST(zombies_of_the_dead_are_reaped)
{
	enum { GRANDCHILDREN = 20 };
	pid_t pid = tap_fork();

	if (pid == 0) {
		int fd = open("pids", O_CREAT | O_WRONLY, 0600);

		for (int i = 0; i < GRANDCHILDREN; i++) {
			pid_t child = tap_fork();

			if (child == 0)
				_exit(0);
			EXPECT_EQ(write(fd, &child, sizeof(child)),
				  sizeof(child));
		}
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);

	int fd = open("pids", O_RDONLY);

	while (read(fd, &pid, sizeof(pid)) == sizeof(pid))
		while (kill(pid, 0) == 0)
			sched_yield();
	EXPECT_EQ(errno, ESRCH);
}
