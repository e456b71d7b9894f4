/*
 * fork_bomb - a program whose every process makes more, as fast as it can, is
 * held back by RLIMIT_NPROC; when it has been killed nothing is left of it.
 *
 * The limit counts all processes of a user, and root has none, so the bomb
 * becomes a user that nobody else is.  Should the limit fail, generations end
 * the bomb at 2^10 processes.
 *
 * Needs kernel/linux: setrlimit(2).
 */
#include "tap.h"
#include <signal.h>
#include <sys/resource.h>

#define BOMBER 61234
#define LIMIT 50
#define GENERATIONS 10

/* A byte a process that was born. */
static void note_birth(void)
{
	int fd = openat(tap_directory, "born", O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, "x", 1) != 1)
		_exit(1);
	close(fd);
}

static void explode(void)
{
	int generation = 0;

	note_birth();
	while (generation < GENERATIONS) {
		pid_t pid = fork();

		if (pid < 0 && errno == EAGAIN) {
			tap_reach("limit");
			tap_await("never");
		}
		generation++;
		if (pid == 0)
			note_birth();
	}
	tap_await("never");
}

/* Processes of all generations, wherever they are: by their user. */
static void kill_all(void)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		ASSERT(setuid(BOMBER) == 0);
		kill(-1, SIGKILL);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(is_held_back)
{
	struct rlimit limit = {LIMIT, LIMIT};
	struct stat st;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("only root can become another user");
	close(open("born", O_CREAT | O_WRONLY, 0666));
	chmod("born", 0666);
	pid = tap_fork();
	if (pid == 0) {
		ASSERT(setrlimit(RLIMIT_NPROC, &limit) == 0);
		ASSERT(setuid(BOMBER) == 0);
		explode();
	}
	tap_await("limit");
	EXPECT_EQ(stat("born", &st), 0);
	EXPECT(st.st_size <= LIMIT);
	kill_all();
	EXPECT_KILLED(pid, SIGKILL);
	/* The rest of the world is as it was. */
	pid = tap_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST(room_again_when_children_are_gone)
{
	struct rlimit limit = {3, 3};
	pid_t pids[3];

	if (geteuid() != 0)
		SKIP("only root can become another user");
	ASSERT(setrlimit(RLIMIT_NPROC, &limit) == 0);
	ASSERT(setuid(BOMBER + 1) == 0);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 2; i++) {
			pids[i] = tap_fork();
			if (pids[i] == 0)
				_exit(i);
		}
		/* Zombies count. */
		pids[2] = fork();
		if (pids[2] == 0)
			_exit(0);
		EXPECT_EQ(pids[2], -1);
		EXPECT_EQ(errno, EAGAIN);
		EXPECT_EXIT(pids[0], 0);
		EXPECT_EXIT(pids[1], 1);
	}
}
