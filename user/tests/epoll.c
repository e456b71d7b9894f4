/*
 * epoll - many files watched at once: what is reported when, in each mode, and
 * what leaves by itself.
 *
 * Needs kernel/linux: epoll(7).
 */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#define EPOLL_PWAIT2 441

static int watch(int ep, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int rewatch(int ep, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static void add(int fd, uint64_t value)
{
	EXPECT_EQ(write(fd, &value, 8), 8);
}

static void drain(int fd)
{
	uint64_t value;

	EXPECT_EQ(read(fd, &value, 8), 8);
}

/* What is ready now: the number of the only descriptor, 0 for none, or -count
 * of more. */
static int ready(int ep)
{
	struct epoll_event e[8];
	int n = epoll_wait(ep, e, 8, 0);

	return n == 1 ? e[0].data.fd : -n;
}

/* ---- modes ---- */

TEST(level)
{
	int ep = epoll_create1(0), a = eventfd(0, 0), b = eventfd(0, 0);

	EXPECT_EQ(watch(ep, a, EPOLLIN), 0);
	EXPECT_EQ(watch(ep, b, EPOLLIN), 0);
	EXPECT_EQ(ready(ep), 0);
	add(a, 1);
	EXPECT_EQ(ready(ep), a);
	EXPECT_EQ(ready(ep), a);
	add(b, 1);
	EXPECT_EQ(ready(ep), -2);
	drain(a);
	EXPECT_EQ(ready(ep), b);
	drain(b);
	EXPECT_EQ(ready(ep), 0);
}

TEST(edge)
{
	int ep = epoll_create1(0), a = eventfd(1, 0);

	EXPECT_EQ(watch(ep, a, EPOLLIN | EPOLLET), 0);
	EXPECT_EQ(ready(ep), a);
	EXPECT_EQ(ready(ep), 0);
	add(a, 1);
	EXPECT_EQ(ready(ep), a);
	EXPECT_EQ(ready(ep), 0);
	EXPECT_EQ(rewatch(ep, a, EPOLLIN | EPOLLET), 0);
	EXPECT_EQ(ready(ep), a);
	drain(a);
	EXPECT_EQ(ready(ep), 0);
}

TEST(one_shot)
{
	int ep = epoll_create1(0), a = eventfd(1, 0);

	EXPECT_EQ(watch(ep, a, EPOLLIN | EPOLLONESHOT), 0);
	EXPECT_EQ(ready(ep), a);
	add(a, 1);
	EXPECT_EQ(ready(ep), 0);
	EXPECT_EQ(rewatch(ep, a, EPOLLIN | EPOLLONESHOT), 0);
	EXPECT_EQ(ready(ep), a);
	EXPECT_EQ(ready(ep), 0);
}

TEST(what_is_wanted_can_change)
{
	int ep = epoll_create1(0), a = eventfd(1, 0);
	struct epoll_event e = {.events = EPOLLOUT, .data.u64 = 1ull << 40};

	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, a, &e), 0);
	EXPECT_EQ(epoll_wait(ep, &e, 1, -1), 1);
	EXPECT_EQ(e.events, EPOLLOUT);
	EXPECT_EQ(e.data.u64, 1ull << 40);
	EXPECT_EQ(rewatch(ep, a, EPOLLIN | EPOLLOUT), 0);
	EXPECT_EQ(epoll_wait(ep, &e, 1, -1), 1);
	EXPECT_EQ(e.events, EPOLLIN | EPOLLOUT);
	EXPECT_EQ(rewatch(ep, a, 0), 0);
	EXPECT_EQ(ready(ep), 0);
	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, a, NULL), 0);
	EXPECT_ERRNO(rewatch(ep, a, EPOLLIN), ENOENT);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_DEL, a, NULL), ENOENT);
}

/* A small array: each has its turn. */
TEST(all_have_their_turn)
{
	int ep = epoll_create1(0), seen[5] = {0}, fd[5];
	struct epoll_event e;

	for (int i = 0; i < 5; i++) {
		fd[i] = eventfd(1, 0);
		EXPECT_EQ(watch(ep, fd[i], EPOLLIN), 0);
	}
	for (int i = 0; i < 50; i++) {
		ASSERT(epoll_wait(ep, &e, 1, -1) == 1);
		for (int k = 0; k < 5; k++)
			seen[k] += fd[k] == e.data.fd;
	}
	for (int k = 0; k < 5; k++)
		EXPECT_EQ(seen[k], 10);
}

/* ---- what leaves ---- */

TEST(a_closed_file_leaves)
{
	int ep = epoll_create1(0), a = eventfd(1, 0), copy = dup(a);

	EXPECT_EQ(watch(ep, a, EPOLLIN), 0);
	EXPECT_ERRNO(watch(ep, a, EPOLLIN), EEXIST);
	EXPECT_EQ(watch(ep, copy, EPOLLIN), 0);
	EXPECT_EQ(ready(ep), -2);
	close(a);
	/* The file is still open, by its other name. */
	EXPECT_EQ(ready(ep), -2);

	int b = eventfd(0, 0);

	EXPECT_EQ(b, a);
	EXPECT_EQ(watch(ep, b, EPOLLIN), 0);
	close(copy);
	EXPECT_EQ(ready(ep), 0);
	add(b, 1);
	EXPECT_EQ(ready(ep), b);
}

TEST(the_instance_goes_first)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), a = eventfd(0, 0);

	EXPECT_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(watch(ep, a, EPOLLIN), 0);
	close(ep);
	add(a, 1);
	ep = epoll_create(1);
	EXPECT_EQ(watch(ep, a, EPOLLIN), 0);
	EXPECT_EQ(ready(ep), a);
}

/* ---- nesting ---- */

TEST(one_watches_another)
{
	int outer = epoll_create1(0), inner = epoll_create1(0);
	int a = eventfd(0, 0);
	struct pollfd p = {.fd = outer, .events = POLLIN};

	EXPECT_EQ(watch(inner, a, EPOLLIN), 0);
	EXPECT_EQ(watch(outer, inner, EPOLLIN), 0);
	EXPECT_EQ(ready(outer), 0);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	add(a, 1);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(ready(outer), inner);
	EXPECT_EQ(ready(inner), a);
	drain(a);
	EXPECT_EQ(ready(outer), 0);
	close(a);
	EXPECT_ERRNO(watch(inner, outer, EPOLLIN), ELOOP);
	EXPECT_ERRNO(watch(inner, inner, EPOLLIN), EINVAL);
}

TEST(not_too_deep)
{
	int chain[10], n = 1;

	for (int i = 0; i < 10; i++)
		chain[i] = epoll_create1(0);
	while (n < 10 && watch(chain[n], chain[n - 1], EPOLLIN) == 0)
		n++;
	EXPECT_EQ(errno, ELOOP);
	EXPECT_EQ(n, 5);
}

/* ---- waiting ---- */

static int shared_ep, shared_fd;

static void *adder(void *arg)
{
	tap_await("waits");
	add(shared_fd, 1);
	return arg;
}

TEST(a_waiter_is_woken)
{
	struct epoll_event e;
	pthread_t thread;

	shared_ep = epoll_create1(0);
	shared_fd = eventfd(0, 0);
	EXPECT_EQ(watch(shared_ep, shared_fd, EPOLLIN), 0);
	ASSERT(pthread_create(&thread, NULL, adder, NULL) == 0);
	tap_reach("waits");
	EXPECT_EQ(epoll_wait(shared_ep, &e, 1, -1), 1);
	EXPECT_EQ(e.data.fd, shared_fd);
	pthread_join(thread, NULL);
}

enum { WORKERS = 4, PIECES = 400 };

static int done;

/* Takes a piece of work at a time; the last one is for all. */
static void *worker(void *arg)
{
	struct epoll_event e;
	uint64_t value;

	while (epoll_wait(shared_ep, &e, 1, -1) == 1) {
		if (read(e.data.fd, &value, 8) != 8)
			continue; /* another was faster */
		if (__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST) > PIECES)
			break;
	}
	return arg;
}

TEST(many_threads_wait)
{
	pthread_t threads[WORKERS];

	shared_ep = epoll_create1(0);
	shared_fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
	EXPECT_EQ(watch(shared_ep, shared_fd, EPOLLIN), 0);
	for (int i = 0; i < WORKERS; i++)
		ASSERT(pthread_create(&threads[i], NULL, worker, NULL) == 0);
	for (int i = 0; i < PIECES; i++)
		add(shared_fd, 1);
	add(shared_fd, WORKERS);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(done, PIECES + WORKERS);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

TEST(time_passes)
{
	int ep = epoll_create1(0);
	struct timespec t = {0, 20000000};
	struct epoll_event e;
	long start = now_ms();

	EXPECT_EQ(epoll_wait(ep, &e, 1, 20), 0);
	EXPECT_EQ(epoll_pwait(ep, &e, 1, 20, NULL), 0);
	EXPECT_EQ(syscall(EPOLL_PWAIT2, ep, &e, 1, &t, NULL, 8), 0);
	EXPECT(now_ms() - start >= 59);
}

TEST(errors)
{
	int ep = epoll_create1(0), a = eventfd(1, 0);
	int file = open("file", O_CREAT | O_RDWR, 0666);
	struct epoll_event e;

	EXPECT_ERRNO(epoll_create1(1), EINVAL);
	EXPECT_ERRNO(watch(ep, file, EPOLLIN), EPERM);
	EXPECT_ERRNO(watch(ep, 200, EPOLLIN), EBADF);
	EXPECT_ERRNO(watch(ep, open("file", O_PATH), EPOLLIN), EBADF);
	EXPECT_ERRNO(watch(200, a, EPOLLIN), EBADF);
	EXPECT_ERRNO(watch(a, ep, EPOLLIN), EINVAL);
	EXPECT_ERRNO(epoll_ctl(ep, 9, a, &e), EINVAL);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, a, tap_nowhere), EFAULT);
	EXPECT_ERRNO(epoll_wait(ep, &e, 0, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(a, &e, 1, 0), EINVAL);
	EXPECT_EQ(watch(ep, a, EPOLLIN), 0);
	EXPECT_ERRNO(epoll_wait(ep, tap_nowhere, 1, 0), EFAULT);
	/* Nothing was lost. */
	EXPECT_EQ(ready(ep), a);
	EXPECT_ERRNO(read(ep, &e, sizeof(e)), EINVAL);
}

/* ---- many ---- */

enum { MANY = 900 };

TEST(many_files)
{
	static struct epoll_event e[MANY];
	static int fd[MANY];
	int ep = epoll_create1(0);

	for (int i = 0; i < MANY; i++) {
		fd[i] = eventfd(0, 0);
		ASSERT(fd[i] >= 0);
		EXPECT_EQ(watch(ep, fd[i], EPOLLIN), 0);
	}
	for (int round = 0; round < 100; round++) {
		int i = round * 7919 % MANY;

		add(fd[i], 1);
		EXPECT_EQ(ready(ep), fd[i]);
		drain(fd[i]);
	}
	EXPECT_EQ(ready(ep), 0);
	for (int i = 0; i < MANY; i += 3)
		add(fd[i], 1);
	EXPECT_EQ(epoll_wait(ep, e, MANY, 0), MANY / 3);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	EXPECT_EQ(ready(ep), 0);
}
