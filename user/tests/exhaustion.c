/*
 * exhaustion - all of the machine's memory, wanted by programs without limits:
 * they get ENOMEM or are killed, and the system goes on.
 *
 * Not for Linux: it would take all the memory of your machine.
 */
#include "tap.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#define MIB (1l << 20)

static void eat_by_mmap(void)
{
	char *p;

	while ((p = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
		memset(p, 1, MIB);
	_exit(errno == ENOMEM ? 0 : 1);
}

static void eat_by_file(void)
{
	static char block[65536];
	int fd = open("big", O_CREAT | O_WRONLY, 0600);

	while (write(fd, block, sizeof(block)) > 0)
		;
	_exit(errno == ENOSPC || errno == ENOMEM ? 0 : 1);
}

static void eat_by_fork(void)
{
	pid_t pid;

	while ((pid = fork()) > 0)
		;
	if (pid == 0)
		tap_await("never");
	_exit(errno == EAGAIN || errno == ENOMEM ? 0 : 1);
}

static long free_memory(void)
{
	struct sysinfo info;

	ASSERT(sysinfo(&info) == 0);
	return info.freeram * info.mem_unit;
}

static void run(void (*eat)(void))
{
	long before = free_memory();
	pid_t pid = tap_fork();
	int status;

	if (pid == 0) {
		setpgid(0, 0);
		eat();
	}
	ASSERT(waitpid(pid, &status, 0) == pid);
	EXPECT(status == 0 ||
	       (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL ||
					WTERMSIG(status) == SIGSEGV ||
					WTERMSIG(status) == SIGBUS)));
	kill(-pid, SIGKILL);
	unlink("big");
	/* Orphans that were killed take a moment to go. */
	for (int i = 0; i < 100000 && free_memory() < before - MIB; i++)
		sched_yield();
	EXPECT(free_memory() >= before - MIB);
}

TEST(by_mmap)
{
	run(eat_by_mmap);
}

TEST(by_a_file)
{
	run(eat_by_file);
}

TEST(by_processes)
{
	run(eat_by_fork);
}

TEST(by_several_at_once)
{
	pid_t pids[4];
	int status;

	for (int i = 0; i < 4; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			eat_by_mmap();
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
}
