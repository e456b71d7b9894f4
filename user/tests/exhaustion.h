/*
 * exhaustion.h - for tests that take all of the machine's memory: a process
 * eats until it is refused or killed, then all must be there again, and the
 * system go on.
 */
#ifndef EXHAUSTION_H
#define EXHAUSTION_H

#include "tap.h"
#include <signal.h>
#include <sys/sysinfo.h>
#include <time.h>

#define MIB (1l << 20)
#define PAGE 4096

static inline long free_memory(void)
{
	struct sysinfo info;

	ASSERT(sysinfo(&info) == 0);
	return info.freeram * info.mem_unit;
}

/* For tests that take long where there is much. */
static inline void need_little_memory(void)
{
	if (free_memory() > 40 * MIB)
		SKIP("only with 32 MiB of memory");
}

/* It got an error, or was killed by the kernel, which had no other way. */
static inline void expect_end(int status)
{
	if (status != 0 &&
	    !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		TAP_FAIL("expected exit status 0 or SIGKILL, got %s",
			 tap_status_text(status));
}

/* Orphans that were killed take a moment to go: so many looks, at most. */
enum { LOOKS = 20000 };

static inline void expect_all_back(long before)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	for (int i = 0; i < LOOKS && free_memory() < before - MIB; i++)
		nanosleep(&moment, NULL);
	EXPECT(free_memory() >= before - MIB);
}

static inline void run(void (*eat)(void))
{
	long before = free_memory();
	pid_t pid = tap_fork();
	int status;

	if (pid == 0) {
		setpgid(0, 0);
		eat();
	}
	ASSERT(waitpid(pid, &status, 0) == pid);
	expect_end(status);
	kill(-pid, SIGKILL);
	unlink("big");
	nftw("names", tap_remove, 8, FTW_DEPTH | FTW_PHYS);
	expect_all_back(before);
	/* The system goes on. */
	pid = tap_fork();
	if (pid == 0)
		_exit(7);
	EXPECT_EXIT(pid, 7);
}

#endif
