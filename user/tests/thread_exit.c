/*
 * thread_exit - how threads and their process end: exit_group(2), execve(2)
 * and faults end all of them, exit(2) only one.
 */
#include "tap.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

#define BYSTANDERS 8

static void *run_forever(void *arg)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELEASE);
	for (;;)
		sched_yield();
	return NULL;
}

static void *wait_forever(void *arg)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELEASE);
	pthread_mutex_lock(&mutex);
	pthread_mutex_lock(&mutex);
	return NULL;
}

/* Threads that would never end by themselves: half run, half wait. */
static void start_bystanders(void)
{
	pthread_t thread;
	int started = 0;

	for (int i = 0; i < BYSTANDERS; i++)
		ASSERT(pthread_create(&thread, NULL,
				      i % 2 ? run_forever : wait_forever,
				      &started) == 0);
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < BYSTANDERS)
		sched_yield();
}

/* A child with bystanders, in which another thread than the first runs `end`.
 */
static pid_t child_in_which(void *(*end)(void *))
{
	pid_t pid = tap_fork();
	pthread_t thread;

	if (pid)
		return pid;
	start_bystanders();
	ASSERT(pthread_create(&thread, NULL, end, NULL) == 0);
	for (;;)
		sched_yield();
}

static void *call_exit(void *arg)
{
	_exit(13);
}

TEST(exit_group_from_a_thread)
{
	EXPECT_EXIT(child_in_which(call_exit), 13);
}

TEST(exit_group_from_the_first)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		start_bystanders();
		_exit(14);
	}
	EXPECT_EXIT(pid, 14);
}

static void *fault(void *arg)
{
	*(volatile int *)tap_nowhere = 1;
	return NULL;
}

TEST(fault_in_a_thread)
{
	EXPECT_KILLED(child_in_which(fault), SIGSEGV);
}

TEST(killed_from_outside)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		start_bystanders();
		tap_reach("running");
		tap_await("never");
	}
	tap_await("running");
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_KILLED(pid, SIGKILL);
}

HELPER(is_alone)
{
	return getpid() == syscall(SYS_gettid) && getpid() == atoi(argv[0])
		       ? 15
		       : 1;
}

static void *execute(void *arg)
{
	char pid[16];
	char *argv[] = {tap_program, "--helper", "is_alone", pid, NULL};

	snprintf(pid, sizeof(pid), "%d", getpid());
	execv(tap_program, argv);
	_exit(127);
}

TEST(exec_from_a_thread)
{
	EXPECT_EXIT(child_in_which(execute), 15);
}

/* ---- one thread at a time ---- */

/* The kernel clears it when the first thread has left: set_tid_address(2). */
static volatile int first_is_there = 1;

/* Ends by the call that arg is: exit(2) or exit_group(2). */
static void *outlive(void *arg)
{
	while (first_is_there)
		sched_yield();
	tap_await("go");
	syscall((long)arg, 16);
	return NULL;
}

static pid_t child_without_first_thread(long how_it_ends)
{
	pid_t pid = tap_fork();
	pthread_t thread;

	if (pid)
		return pid;
	syscall(SYS_set_tid_address, &first_is_there);
	ASSERT(pthread_create(&thread, NULL, outlive, (void *)how_it_ends) ==
	       0);
	tap_reach("first leaves");
	syscall(SYS_exit, 3);
	_exit(1);
}

TEST(process_outlives_its_first_thread)
{
	pid_t pid = child_without_first_thread(SYS_exit_group);

	tap_await("first leaves");
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	tap_reach("go");
	EXPECT_EXIT(pid, 16);
}

TEST(last_thread_ends_the_process)
{
	pid_t pid = child_without_first_thread(SYS_exit);

	tap_reach("go");
	EXPECT_EXIT(pid, 16);
}

static void *fork_and_join(void *arg)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		/* Only the thread that forked is there. */
		EXPECT_EQ(syscall(SYS_gettid), getpid());
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	return NULL;
}

TEST(fork_from_a_thread)
{
	pthread_t thread;

	start_bystanders();
	ASSERT(pthread_create(&thread, NULL, fork_and_join, NULL) == 0);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

static void *make_child(void *arg)
{
	*(pid_t *)arg = tap_fork();
	if (*(pid_t *)arg == 0)
		_exit(18);
	return NULL;
}

TEST(any_thread_may_wait_for_a_child)
{
	pthread_t thread;
	pid_t pid;

	ASSERT(pthread_create(&thread, NULL, make_child, &pid) == 0);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EXIT(pid, 18);
}
