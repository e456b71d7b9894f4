/*
 * calls_sleep - system calls that wait are built on the wait queue: they cost
 * no CPU time either.
 */
#include "user_futex.h"
#include <poll.h>

TEST(wait_for_child)
{
	long long cpu;
	pid_t pid = tap_fork();

	if (pid == 0) {
		pause_ms(30);
		_exit(0);
	}
	cpu = cpu_time();
	EXPECT_EXIT(pid, 0);
	EXPECT_SLEPT(cpu, "waitpid() of a child that lives for 30 ms");
}

TEST(poll_of_nothing)
{
	long long cpu = cpu_time(), start = now(CLOCK_MONOTONIC);

	EXPECT_EQ(poll(NULL, 0, 30), 0);
	EXPECT(now(CLOCK_MONOTONIC) >= start + 30 * MS);
	EXPECT_SLEPT(cpu, "poll() for 30 ms");
}

TEST(many_wait_at_once)
{
	long long cpu = cpu_time();
	pid_t pids[8];

	for (int i = 0; i < 8; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			long long own = cpu_time();

			pause_ms(10 + i);
			EXPECT_SLEPT(own, "nanosleep()");
			tap_exit();
		}
	}
	for (int i = 0; i < 8; i++)
		EXPECT_EXIT(pids[i], 0);
	/* To start a process is work as well. */
	EXPECT(cpu_time() - cpu < 15 * MS);
}
