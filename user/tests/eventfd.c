/*
 * eventfd - a counter as a file: who waits, who does not, and who is woken.
 *
 * Needs kernel/linux: eventfd(2).
 */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

static uint64_t take(int fd)
{
	uint64_t value = 0;

	EXPECT_EQ(read(fd, &value, 8), 8);
	return value;
}

static void add(int fd, uint64_t value)
{
	EXPECT_EQ(write(fd, &value, 8), 8);
}

static int events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	poll(&p, 1, 0);
	return p.revents;
}

TEST(it_counts)
{
	int fd = eventfd(3, EFD_NONBLOCK);
	uint64_t value;

	EXPECT_EQ(events(fd), POLLIN | POLLOUT);
	EXPECT_EQ(take(fd), 3);
	EXPECT_EQ(events(fd), POLLOUT);
	EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
	add(fd, 5);
	add(fd, 7);
	EXPECT_EQ(take(fd), 12);
}

TEST(as_a_semaphore)
{
	int fd = eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);
	uint64_t value;

	add(fd, 1);
	EXPECT_EQ(take(fd), 1);
	EXPECT_EQ(take(fd), 1);
	EXPECT_EQ(take(fd), 1);
	EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
}

TEST(it_can_be_full)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t two = 2, most = UINT64_MAX - 1;

	add(fd, most - 1);
	EXPECT_EQ(events(fd), POLLIN | POLLOUT);
	EXPECT_ERRNO(write(fd, &two, 8), EAGAIN);
	add(fd, 1);
	EXPECT_EQ(events(fd), POLLIN);
	EXPECT_EQ(take(fd), most);
}

TEST(errors)
{
	int fd = eventfd(1, EFD_NONBLOCK);
	uint64_t value = UINT64_MAX;
	struct stat st;

	EXPECT_ERRNO(write(fd, &value, 8), EINVAL);
	EXPECT_ERRNO(write(fd, &value, 4), EINVAL);
	EXPECT_ERRNO(read(fd, &value, 4), EINVAL);
	EXPECT_ERRNO(write(fd, tap_nowhere, 8), EFAULT);
	EXPECT_ERRNO(read(fd, tap_nowhere, 8), EFAULT);
	EXPECT_ERRNO(eventfd(0, 1 << 20), EINVAL);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_mode & 0777, 0600);
	EXPECT_EQ(fcntl(eventfd(0, EFD_CLOEXEC), F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(fd, F_GETFD), 0);
}

enum { ROUNDS = 1000 };

static int ping, pong;

static void *answer(void *arg)
{
	for (int i = 1; i <= ROUNDS; i++) {
		EXPECT_EQ(take(ping), i);
		add(pong, i);
	}
	return NULL;
}

/* Each waits for the other, in read(2) and in poll(2). */
TEST(threads_wake_each_other)
{
	struct pollfd p = {.events = POLLIN};
	pthread_t thread;

	ping = eventfd(0, 0);
	p.fd = pong = eventfd(0, 0);
	ASSERT(pthread_create(&thread, NULL, answer, NULL) == 0);
	for (int i = 1; i <= ROUNDS; i++) {
		add(ping, i);
		if (i % 2)
			EXPECT_EQ(poll(&p, 1, -1), 1);
		EXPECT_EQ(take(pong), i);
	}
	pthread_join(thread, NULL);
}

TEST(processes_share_it)
{
	int fd = eventfd(0, 0);
	pid_t pid = tap_fork();

	if (pid == 0) {
		add(fd, 9);
		tap_exit();
	}
	EXPECT_EQ(take(fd), 9);
	EXPECT_EXIT(pid, 0);
}

static void *fill(void *arg)
{
	add(ping, 10); /* waits */
	return NULL;
}

TEST(a_writer_waits_for_room)
{
	pthread_t thread;
	uint64_t sum;

	ping = eventfd(0, 0);
	add(ping, UINT64_MAX - 1);
	ASSERT(pthread_create(&thread, NULL, fill, NULL) == 0);
	sum = take(ping);
	EXPECT_EQ(sum, UINT64_MAX - 1);
	EXPECT_EQ(take(ping), 10);
	pthread_join(thread, NULL);
}

/* A second piece is no reason to wait. */
TEST(read_in_pieces)
{
	uint64_t values[2] = {0, 0};
	struct iovec iov[2] = {{&values[0], 8}, {&values[1], 8}};
	int fd = eventfd(5, 0);

	EXPECT_EQ(readv(fd, iov, 2), 8);
	EXPECT_EQ(values[0], 5);
}
