/*
 * cputime - whose time it was: the program's or the kernel's.
 *
 * How the time is split is an estimate that samples make (getrusage(2)), so
 * the tests run for as long as many samples take, and expect what is coarse.
 *
 * Needs kernel/linux: getrusage(2), times(2).
 */
#include "tap.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#define MS 1000l /* in microseconds */
#define RUN (200 * MS)

struct split {
	long user, system; /* microseconds */
};

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

static struct split used_by(int who)
{
	struct rusage usage;

	EXPECT_EQ(getrusage(who, &usage), 0);
	return (struct split){microseconds(usage.ru_utime),
			      microseconds(usage.ru_stime)};
}

static long total(struct split s)
{
	return s.user + s.system;
}

/* Looks at the time a few times only: that may be a wait for a lock. */
static void compute(void)
{
	while (total(used_by(RUSAGE_SELF)) < RUN)
		for (volatile int i = 0; i < 20000000; i++)
			;
}

/* As many zeros as the kernel can write meanwhile. */
static void let_kernel_work(void)
{
	static char zeros[1 << 20];
	int fd = open("/dev/zero", O_RDONLY);

	ASSERT(fd >= 0);
	while (total(used_by(RUSAGE_SELF)) < RUN)
		for (int i = 0; i < 8; i++)
			EXPECT_EQ(read(fd, zeros, sizeof(zeros)),
				  sizeof(zeros));
	close(fd);
}

TEST(computing_is_user_time)
{
	compute();

	struct split used = used_by(RUSAGE_SELF);

	fflush(stdout);
	EXPECT(used.user > used.system);
}

TEST(reading_is_system_time)
{
	let_kernel_work();

	struct split used = used_by(RUSAGE_SELF);

	EXPECT(used.system > used.user);
}

TEST(children_keep_their_split)
{
	struct tms ticks;
	pid_t pid = tap_fork();

	if (pid == 0) {
		let_kernel_work();
		_exit(0);
	}

	int status;
	struct rusage usage;

	EXPECT_EQ(wait4(pid, &status, 0, &usage), pid);
	EXPECT(microseconds(usage.ru_stime) > microseconds(usage.ru_utime));

	struct split children = used_by(RUSAGE_CHILDREN);

	EXPECT(children.system > children.user);
	EXPECT(times(&ticks) != -1);
	EXPECT(ticks.tms_cstime > ticks.tms_cutime);
}

/* Also when what seemed to be one turns out to be the other. */
TEST(neither_goes_back)
{
	static char zeros[1 << 16];
	int fd = open("/dev/zero", O_RDONLY);
	struct split last = {0, 0}, now;

	do {
		now = used_by(RUSAGE_SELF);
		EXPECT(now.user >= last.user);
		EXPECT(now.system >= last.system);
		last = now;
		if (now.system % 20000 < 10000)
			read(fd, zeros, sizeof(zeros));
		else
			for (volatile int i = 0; i < 10000; i++)
				;
	} while (total(now) < RUN);
	close(fd);
}

static void *thread_computes(void *arg)
{
	for (volatile int i = 0; i < 10000000; i++)
		;
	EXPECT(total(used_by(RUSAGE_THREAD)) >= 0);
	EXPECT(total(used_by(RUSAGE_THREAD)) <= total(used_by(RUSAGE_SELF)));
	return arg;
}

/* The clock of the process counts threads that run and those that are gone. */
TEST(threads_add_up)
{
	pthread_t threads[4];
	struct split before = used_by(RUSAGE_SELF), after;
	struct timespec clock;

	for (int i = 0; i < 4; i++)
		ASSERT(!pthread_create(&threads[i], NULL, thread_computes,
				       NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	after = used_by(RUSAGE_SELF);
	EXPECT(total(after) > total(before));
	EXPECT_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock), 0);
	EXPECT(clock.tv_sec * 1000000 + clock.tv_nsec / 1000 >=
	       total(after) - 20 * MS);
}
