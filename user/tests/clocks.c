/*
 * clocks - telling the time and letting it pass, and what machine this is.
 *
 * Needs kernel/linux: clock_getres(2), clock_nanosleep(2).
 */
#include "tap.h"
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>

#define MS 1000000l

static long long now(clockid_t clock)
{
	struct timespec t = {0, -1};

	EXPECT_EQ(clock_gettime(clock, &t), 0);
	EXPECT(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

TEST(clocks_go_forward)
{
	const clockid_t clocks[] = {
		CLOCK_REALTIME,           CLOCK_MONOTONIC,
		CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW,      CLOCK_BOOTTIME,
	};
	struct timespec t;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		long long before = now(clocks[i]), after;

		for (int n = 0; n < 1000; n++) {
			after = now(clocks[i]);
			EXPECT(after >= before);
			before = after;
		}
		EXPECT_EQ(clock_getres(clocks[i], &t), 0);
		EXPECT_EQ(t.tv_sec, 0);
	}
	EXPECT_ERRNO(syscall(SYS_clock_gettime, 99, &t), EINVAL);
	EXPECT_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8), EFAULT);
}

/* All forms of the time of day agree, and it is after 2019. */
TEST(time_of_day)
{
	struct timeval v;
	time_t first = time(NULL), last;
	long long fine, coarse;

	EXPECT_EQ(gettimeofday(&v, NULL), 0);
	fine = now(CLOCK_REALTIME) / 1000000000;
	coarse = now(CLOCK_REALTIME_COARSE) / 1000000000;
	last = time(NULL);
	EXPECT(first > 1546300800);
	EXPECT(first <= v.tv_sec && v.tv_sec <= fine && fine <= last);
	EXPECT(first - 1 <= coarse && coarse <= last);
}

TEST(sleep)
{
	struct timespec t = {0, 30 * MS};
	long long start = now(CLOCK_MONOTONIC), until;

	EXPECT_EQ(nanosleep(&t, NULL), 0);
	EXPECT(now(CLOCK_MONOTONIC) - start >= 30 * MS);
	EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL), 0);
	EXPECT(now(CLOCK_MONOTONIC) - start >= 60 * MS);
	until = now(CLOCK_MONOTONIC) + 30 * MS;
	t = (struct timespec){until / 1000000000, until % 1000000000};
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	EXPECT(now(CLOCK_MONOTONIC) >= until);
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	until = now(CLOCK_REALTIME) + 30 * MS;
	t = (struct timespec){until / 1000000000, until % 1000000000};
	EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
	EXPECT(now(CLOCK_REALTIME) >= until);
	t = (struct timespec){0, 1000000000};
	EXPECT_ERRNO(nanosleep(&t, NULL), EINVAL);
	t = (struct timespec){-1, 0};
	EXPECT_ERRNO(nanosleep(&t, NULL), EINVAL);
	EXPECT_ERRNO(nanosleep((void *)8, NULL), EFAULT);
}

/* The time asleep is not CPU time; the time in a loop is. */
TEST(cpu_time)
{
	long long start = now(CLOCK_PROCESS_CPUTIME_ID), thread;
	clockid_t clock;

	while (now(CLOCK_PROCESS_CPUTIME_ID) - start < 5 * MS)
		;
	thread = now(CLOCK_THREAD_CPUTIME_ID);
	EXPECT(thread >= 5 * MS);
	EXPECT(now(CLOCK_PROCESS_CPUTIME_ID) >= thread);
	EXPECT_EQ(clock_getcpuclockid(0, &clock), 0);
	EXPECT(now(clock) >= thread);
}

TEST(names)
{
	struct utsname u;

	EXPECT_EQ(uname(&u), 0);
	EXPECT_STR(u.sysname, "Linux");
	EXPECT_STR(u.machine, "x86_64");
	EXPECT(u.release[0] >= '3');
	EXPECT_ERRNO(uname((void *)8), EFAULT);
	EXPECT_ERRNO(sethostname("x", 65), geteuid() == 0 ? EINVAL : EPERM);
}

TEST(system_information)
{
	struct sysinfo info;

	EXPECT_EQ(sysinfo(&info), 0);
	EXPECT(info.totalram > 0 && info.freeram <= info.totalram);
	EXPECT(info.procs > 0);
	EXPECT(info.mem_unit > 0);
}
