/*
 * pollcost - what it costs a program to wait for input.
 *
 * It waits half a second in each of four ways, and says which share of a CPU
 * that took: ask again and again, ask now and then, or wait by read(2) or poll(2)
 * on /dev/input.  Before lab 3 a wait inside the kernel is a loop that asks, too;
 * from then on it costs nothing.  Do not type meanwhile.
 */
#include "signalbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define WAIT_MS 500

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

/* ---- four ways to wait: each until the time is over ---- */

static void ask_always(double until)
{
	struct sb_event e;

	while (now(CLOCK_MONOTONIC) < until)
		input_poll_event(&e);
}

static void ask_each_10_ms(double until)
{
	struct sb_event e;

	while (now(CLOCK_MONOTONIC) < until) {
		input_poll_event(&e);
		pause_ms(10);
	}
}

static void wait_by_poll(double until)
{
	struct pollfd fd = { open("/dev/input", O_RDONLY), POLLIN, 0 };

	poll(&fd, 1, WAIT_MS);
	close(fd.fd);
}

/* A child reads, as that has no time limit, and is killed. */
static void wait_by_read(double until)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open("/dev/input", O_RDONLY);
		struct sb_event e;

		_exit(read(fd, &e, sizeof(e)) < 0);
	}
	pause_ms(WAIT_MS);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const struct way {
	const char *name;
	void (*wait)(double until);
} ways[] = {
	{ "asks all the time", ask_always },
	{ "asks each 10 ms", ask_each_10_ms },
	{ "poll(2) on /dev/input", wait_by_poll },
	{ "read(2) of /dev/input", wait_by_read },
};

/* CPU time of this process and of children that it has waited for, s. */
static double used(void)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return own.ru_utime.tv_sec + own.ru_stime.tv_sec +
	       children.ru_utime.tv_sec + children.ru_stime.tv_sec +
	       (own.ru_utime.tv_usec + own.ru_stime.tv_usec +
		children.ru_utime.tv_usec + children.ru_stime.tv_usec) /
		       1e6;
}

int main(void)
{
	printf("waiting by               share of a CPU\n");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		double began = now(CLOCK_MONOTONIC), before = used();

		ways[i].wait(began + WAIT_MS / 1000.0);
		printf("%-24s %5.1f %%\n", ways[i].name,
		       100 * (used() - before) /
			       (now(CLOCK_MONOTONIC) - began));
	}
	return 0;
}
