/*
 * poll - poll(2) and select(2) on what is always ready, and their time-outs.
 *
 * Needs kernel/linux: select(2), ppoll(2).
 */
#include "tap.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

TEST(a_file_is_always_ready)
{
	int fd = open("f", O_CREAT | O_RDWR, 0666);
	struct pollfd p[] = {
		{.fd = fd, .events = POLLIN | POLLOUT | POLLPRI},
		{.fd = -1, .events = POLLIN, .revents = 77},
		{.fd = 200, .events = POLLIN},
		{.fd = fd},
	};

	EXPECT_EQ(poll(p, 4, -1), 2);
	EXPECT_EQ(p[0].revents, POLLIN | POLLOUT);
	EXPECT_EQ(p[1].revents, 0);
	EXPECT_EQ(p[2].revents, POLLNVAL);
	EXPECT_EQ(p[3].revents, 0);
	EXPECT_EQ(p[0].events, POLLIN | POLLOUT | POLLPRI);
}

TEST(time_passes)
{
	struct pollfd p = {.fd = -1};
	struct timespec t = {0, 20000000};
	struct timeval v = {0, 20000};
	long start = now_ms();

	EXPECT_EQ(poll(NULL, 0, 20), 0);
	EXPECT_EQ(poll(&p, 1, 20), 0);
	EXPECT_EQ(ppoll(&p, 1, &t, NULL), 0);
	EXPECT_EQ(select(0, NULL, NULL, NULL, &v), 0);
	EXPECT_EQ(pselect(0, NULL, NULL, NULL, &t, NULL), 0);
	EXPECT(now_ms() - start >= 99);
	EXPECT_EQ(poll(&p, 1, 0), 0);
}

TEST(errors)
{
	struct pollfd p = {.fd = -1};
	struct timespec bad = {0, 1000000000}, negative = {-1, 0};

	EXPECT_ERRNO(ppoll(&p, 1, &bad, NULL), EINVAL);
	EXPECT_ERRNO(ppoll(&p, 1, &negative, NULL), EINVAL);
	EXPECT_ERRNO(poll((struct pollfd *)8, 1, 0), EFAULT);
	EXPECT_ERRNO(poll(&p, 1 << 30, 0), EINVAL);
	EXPECT_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
}

TEST(select_on_files)
{
	int a = open("a", O_CREAT | O_RDWR, 0666), b = dup2(a, 70);
	fd_set r, w, e;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(a, &r);
	FD_SET(b, &r);
	FD_SET(b, &w);
	FD_SET(b, &e);
	EXPECT_EQ(select(71, &r, &w, &e, NULL), 3);
	EXPECT(FD_ISSET(a, &r) && FD_ISSET(b, &r) && FD_ISSET(b, &w));
	EXPECT(!FD_ISSET(b, &e) && !FD_ISSET(a, &w));
	EXPECT_EQ(select(70, &r, &w, NULL, NULL), 1);
	FD_SET(90, &r);
	EXPECT_ERRNO(select(91, &r, NULL, NULL, NULL), EBADF);
}

/* More than one page of them. */
TEST(many)
{
	static struct pollfd p[1000];
	int fd = open("f", O_CREAT | O_RDWR, 0666);

	for (int i = 0; i < 1000; i++)
		p[i] = (struct pollfd){.fd = i % 3 ? -1 : fd, .events = POLLIN};
	EXPECT_EQ(poll(p, 1000, 1000), 334);
	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(p[i].revents, i % 3 ? 0 : POLLIN);
}

/* A signal that has waited for the mask of the call does not wait on. */
TEST(a_mask_lets_a_signal_through)
{
	pid_t pid = tap_fork();
	sigset_t set;

	if (pid == 0) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGUSR1);
		sigemptyset(&set);
		ppoll(NULL, 0, NULL, &set);
		tap_exit();
	}
	EXPECT_KILLED(pid, SIGUSR1);
}

TEST(more_than_a_second_of_microseconds)
{
	struct timeval t = {.tv_sec = 0, .tv_usec = 1000001};
	int fd = open("/dev/null", O_RDONLY);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	EXPECT_EQ(syscall(SYS_select, fd + 1, &set, NULL, NULL, &t), 1);
}
