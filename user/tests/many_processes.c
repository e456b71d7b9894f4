/*
 * many_processes - 4,096 processes alive at once, and the last costs no more
 * than the first: on Signalbox, under -icount, a nanosecond is an instruction.
 *
 * Not for Linux: a machine's administrator may allow fewer.
 */
#include "tap.h"
#include <signal.h>
#include <sys/sysinfo.h>
#include <time.h>

#define PROCESSES 4096
#define BATCH 256

static pid_t pids[PROCESSES];

/* Our own time: that of the children is another matter. */
static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

/* Nanoseconds a process.  The children do nothing but live: each waits until
 * its turn to die, and would only burn time if it looked for itself. */
static long make_batch(int first)
{
	long before = now();

	for (int i = first; i < first + BATCH; i++) {
		pids[i] = fork();
		ASSERT(pids[i] >= 0);
		if (pids[i] == 0) {
			struct timespec forever = {1000000, 0};

			nanosleep(&forever, NULL);
			_exit(1);
		}
	}
	return (now() - before) / BATCH;
}

TEST(four_thousand_alive)
{
	struct sysinfo info;
	long first, last = 0;

	ASSERT(sysinfo(&info) == 0);
	if (info.totalram < 480ul << 20)
		SKIP("needs 512 MiB of memory");
	first = make_batch(0);
	for (int i = BATCH; i < PROCESSES; i += BATCH)
		last = make_batch(i);
	tap_print("# %ld ns to make a process at first, %ld ns at last\n",
		  first, last);
	ASSERT(sysinfo(&info) == 0);
	EXPECT(info.procs > PROCESSES);
	for (int i = 0; i < PROCESSES; i++)
		EXPECT_EQ(kill(pids[i], SIGKILL), 0);
	for (int i = 0; i < PROCESSES; i++)
		EXPECT_KILLED(pids[i], SIGKILL);
}
