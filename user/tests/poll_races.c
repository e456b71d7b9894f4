/*
 * poll_races - who waits for files while others ask them, too.
 *
 * To ask a file takes a moment, in which an epoll instance has it in hand and
 * not on its list.  Whoever comes in that moment must neither be told that
 * nothing is ready, nor sleep on.  All that is asked for here is ready all the
 * time, or will be: so a call that runs into its time-out has missed it.
 *
 * Needs kernel/linux: epoll(7), eventfd(2).
 */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { ROUNDS = 200, PATIENCE = 5000 /* ms */ };

/* An instance with an event that never goes, level-triggered. */
static int always_ready(void)
{
	int ep = epoll_create1(0), fd = eventfd(1, 0);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	ASSERT(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	return ep;
}

static bool over;

static bool is_over(void)
{
	return __atomic_load_n(&over, __ATOMIC_ACQUIRE);
}

/* Runs `other` on the instance in a second thread as long as each round, in
 * this one, finds it ready. */
static void against(void *(*other)(void *), int ep, int (*round)(int ep))
{
	pthread_t thread;
	int found = 1;

	over = false;
	ASSERT(pthread_create(&thread, NULL, other, &ep) == 0);
	for (int i = 0; i < ROUNDS && found == 1; i++)
		found = round(ep);
	EXPECT_EQ(found, 1);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

static int poll_now(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0);
}

static int poll_patiently(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, PATIENCE);
}

static int wait_now(int ep)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, 0);
}

static int wait_patiently(int ep)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, PATIENCE);
}

static void *keep_polling(void *ep)
{
	int found = 1;

	while (!is_over() && found == 1)
		found = poll_now(*(int *)ep);
	EXPECT_EQ(found, 1);
	return NULL;
}

static void *keep_waiting(void *ep)
{
	int found = 1;

	while (!is_over() && found == 1)
		found = wait_now(*(int *)ep);
	EXPECT_EQ(found, 1);
	return NULL;
}

TEST(a_waiter_while_another_polls)
{
	against(keep_polling, always_ready(), wait_patiently);
}

TEST(a_poller_while_another_waits)
{
	against(keep_waiting, always_ready(), poll_patiently);
}

TEST(two_waiters)
{
	against(keep_waiting, always_ready(), wait_patiently);
}

TEST(two_pollers)
{
	against(keep_polling, always_ready(), poll_patiently);
}

static int inner;

static void *keep_waiting_inside(void *ep)
{
	return keep_waiting(&inner);
}

/* The outer one asks the inner one, which another asks as well. */
TEST(an_instance_that_is_watched)
{
	int outer = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	inner = always_ready();
	ASSERT(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e) == 0);
	against(keep_waiting_inside, outer, wait_patiently);
}

/* ---- a question and an answer ---- */

static int question, answer;

static void *answerer(void *arg)
{
	uint64_t value;

	for (int i = 0; i < ROUNDS; i++) {
		if (poll_patiently(question) != 1 ||
		    read(question, &value, 8) != 8)
			return arg;
		EXPECT_EQ(write(answer, &value, 8), 8);
	}
	return NULL;
}

/* What is looked at without a lock is not missed: each side sleeps until the
 * other has written, which may be just when it goes to sleep. */
TEST(there_and_back)
{
	uint64_t value = 1;
	pthread_t thread;
	void *failed;
	int found = 1;

	question = eventfd(0, 0);
	answer = eventfd(0, 0);
	ASSERT(pthread_create(&thread, NULL, answerer, &value) == 0);
	for (int i = 0; i < ROUNDS && found == 1; i++) {
		EXPECT_EQ(write(question, &value, 8), 8);
		found = poll_patiently(answer);
		if (found == 1)
			EXPECT_EQ(read(answer, &value, 8), 8);
	}
	EXPECT_EQ(found, 1);
	pthread_join(thread, &failed);
	EXPECT(!failed);
}
