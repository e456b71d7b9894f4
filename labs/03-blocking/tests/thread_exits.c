/*
 * thread_exits - who waits for a thread's end sleeps, and is woken: the kernel
 * clears the word that clone(2) named, and wakes who waits on it.
 */
#include "user_futex.h"
#include <pthread.h>

static volatile uint32_t alive, go;

/* It is not the C library's, so it uses nothing of it. */
static int wait_for_go(void *arg)
{
	while (!go)
		sched_yield();
	return 0;
}

TEST(exit_clears_the_word)
{
	static char stack[16384] __attribute__((aligned(16)));
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	long result = 0;

	alive = 1;
	go = 0;
	ASSERT(clone(wait_for_go, stack + sizeof(stack), flags, NULL, NULL,
		     NULL, &alive) > 0);
	go = 1;
	while (alive == 1 && result == 0)
		/* The kernel's wake-up is not private. */
		result = syscall(SYS_futex, &alive, FUTEX_WAIT, 1, NULL);
	EXPECT(result == 0 || errno == EAGAIN);
	EXPECT_EQ(alive, 0);
}

static pthread_t threads[8];

static void *rest(void *arg)
{
	pause_ms(30);
	return arg;
}

TEST(join_sleeps)
{
	void *result = NULL;
	pthread_t thread;
	long long cpu = cpu_time();

	ASSERT(pthread_create(&thread, NULL, rest, threads) == 0);
	ASSERT(pthread_join(thread, &result) == 0);
	EXPECT(result == threads);
	EXPECT_SLEPT(cpu, "pthread_join() of a thread that lives for 30 ms");
}

TEST(joins_in_any_order)
{
	for (long i = 0; i < 8; i++)
		ASSERT(pthread_create(&threads[i], NULL, rest, (void *)i) == 0);
	for (long i = 7; i >= 0; i--) {
		void *result = NULL;

		EXPECT_EQ(pthread_join(threads[i], &result), 0);
		EXPECT_EQ((long)result, i);
	}
}
