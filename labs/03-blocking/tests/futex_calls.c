/*
 * futex_calls - futex(2), operation by operation, as a program sees it.
 */
#include "user_futex.h"
#include <pthread.h>

#define MAX 4

static volatile uint32_t words[4];

/* A thread that waits once. */
struct waiter {
	pthread_t thread;
	volatile uint32_t *word;
	uint32_t value, bitset;
	volatile bool returned;
	long result;
	int error;
};

static void *wait_once(void *arg)
{
	struct waiter *w = arg;

	errno = 0;
	w->result = futex(w->word, FUTEX_WAIT_BITSET, w->value, NULL, NULL,
			  w->bitset);
	w->error = errno;
	w->returned = true;
	futex_awake = true;
	return NULL;
}

static void start(struct waiter *w, volatile uint32_t *word, uint32_t bitset)
{
	*w = (struct waiter){.word = word, .value = *word, .bitset = bitset};
	ASSERT(pthread_create(&w->thread, NULL, wait_once, w) == 0);
}

static void end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	EXPECT_EQ(w->result, 0);
}

/* ---- what is refused ---- */

TEST(errors)
{
	/* A number: a pointer to a word may not be odd, says C. */
	uintptr_t odd = (uintptr_t)words + 2;

	words[0] = 1;
	EXPECT_ERRNO(futex(words, FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
	EXPECT_ERRNO(syscall(SYS_futex, odd, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0,
			     NULL),
		     EINVAL);
	EXPECT_ERRNO(futex(words, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0), EINVAL);
	EXPECT_ERRNO(futex(words, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
	EXPECT_ERRNO(futex(tap_nowhere, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(
		futex_requeue(words, FUTEX_CMP_REQUEUE, 1, 1, words + 1, 2),
		EAGAIN);
	EXPECT_EQ(futex_wake(words, 1), 0);
}

/* ---- waking ---- */

TEST(wakes_in_order)
{
	struct waiter w[MAX];

	for (int i = 0; i < MAX; i++) {
		start(&w[i], &words[0], ~0u);
		ASSERT(gather(&words[0], &words[1], 1));
	}
	EXPECT_EQ(futex_wake(&words[1], 1), 1);
	end(&w[0]);
	EXPECT(!w[1].returned && !w[2].returned && !w[3].returned);
	EXPECT_EQ(futex_wake(&words[1], 2), 2);
	end(&w[1]);
	end(&w[2]);
	EXPECT(!w[3].returned);
	EXPECT_EQ(futex_wake(&words[1], INT_MAX), 1);
	end(&w[3]);
	EXPECT_EQ(futex_wake(&words[1], INT_MAX), 0);
}

TEST(bitsets)
{
	struct waiter one, two;

	start(&one, &words[0], 1);
	ASSERT(gather(&words[0], &words[1], 1));
	start(&two, &words[0], 2);
	ASSERT(gather(&words[0], &words[1], 1));
	EXPECT_EQ(futex(&words[1], FUTEX_WAKE_BITSET, 9, NULL, NULL, 4), 0);
	EXPECT_EQ(futex(&words[1], FUTEX_WAKE_BITSET, 9, NULL, NULL, 2), 1);
	end(&two);
	EXPECT(!one.returned);
	EXPECT_EQ(futex_wake(&words[1], 1), 1);
	end(&one);
}

TEST(requeue_compares)
{
	struct waiter w[3];

	for (int i = 0; i < 3; i++) {
		start(&w[i], &words[0], ~0u);
		ASSERT(gather(&words[0], &words[1], 1));
	}
	words[1] = 8;
	EXPECT_ERRNO(
		futex_requeue(&words[1], FUTEX_CMP_REQUEUE, 1, 1, &words[2], 7),
		EAGAIN);
	EXPECT_EQ(
		futex_requeue(&words[1], FUTEX_CMP_REQUEUE, 1, 1, &words[2], 8),
		2);
	end(&w[0]);
	EXPECT_EQ(futex_wake(&words[2], INT_MAX), 1);
	end(&w[1]);
	EXPECT_EQ(futex_wake(&words[1], INT_MAX), 1);
	end(&w[2]);
}

/* ---- until when ---- */

static void expect_times_out(int operation, clockid_t clock,
			     const struct timespec *time, long long earliest)
{
	long long cpu = cpu_time();

	EXPECT_ERRNO(futex(words, operation, words[0], time, NULL, ~0u),
		     ETIMEDOUT);
	EXPECT(now(clock) >= earliest);
	EXPECT_SLEPT(cpu, "FUTEX_WAIT with a time-out");
}

TEST(timeouts)
{
	long long start = now(CLOCK_MONOTONIC);
	struct timespec t = in_ns(10 * MS), past = {0, 0}, bad = {0, -1};

	expect_times_out(FUTEX_WAIT, CLOCK_MONOTONIC, &t, start + 10 * MS);
	start = now(CLOCK_MONOTONIC);
	t = in_ns(start + 10 * MS);
	expect_times_out(FUTEX_WAIT_BITSET, CLOCK_MONOTONIC, &t,
			 start + 10 * MS);
	start = now(CLOCK_REALTIME);
	t = in_ns(start + 10 * MS);
	expect_times_out(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME,
			 CLOCK_REALTIME, &t, start + 10 * MS);
	expect_times_out(FUTEX_WAIT_BITSET, CLOCK_MONOTONIC, &past, 0);
	EXPECT_ERRNO(futex(words, FUTEX_WAIT, words[0], &bad, NULL, 0), EINVAL);
}

/* ---- another process ---- */

/* A copy of the memory has the same addresses, and other words. */
TEST(processes_apart)
{
	struct waiter w;
	pid_t pid = tap_fork();

	if (pid == 0) {
		tap_await("asleep");
		_exit(futex_wake(&words[1], INT_MAX));
	}
	start(&w, &words[0], ~0u);
	ASSERT(gather(&words[0], &words[1], 1));
	tap_reach("asleep");
	EXPECT_EXIT(pid, 0);
	EXPECT(!w.returned);
	EXPECT_EQ(futex_wake(&words[1], 1), 1);
	end(&w);
}

/* Threads that sleep do not keep their process from being killed. */
TEST(killed_while_waiting)
{
	struct waiter w[MAX];
	pid_t pid = tap_fork();

	if (pid == 0) {
		for (int i = 0; i < MAX; i++)
			start(&w[i], &words[0], ~0u);
		if (!gather(&words[0], &words[1], MAX)) {
			tap_reach("asleep");
			_exit(1);
		}
		tap_reach("asleep");
		futex(&words[2], FUTEX_WAIT, words[2], NULL, NULL, 0);
		_exit(2);
	}
	tap_await("asleep");
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}
