/*
 * threads - POSIX threads: creating and joining them, thread-local storage,
 * and what the C library makes of futexes.
 */
#include "tap.h"
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

#define THREADS 64

static pthread_t threads[THREADS];

static void start_all(void *(*run)(void *))
{
	for (long i = 0; i < THREADS; i++)
		ASSERT(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
}

static void *join(int i)
{
	void *result = NULL;

	EXPECT_EQ(pthread_join(threads[i], &result), 0);
	return result;
}

/* ---- creating and joining ---- */

static void *square(void *arg)
{
	return (void *)((long)arg * (long)arg);
}

TEST(sixty_four)
{
	start_all(square);
	for (long i = 0; i < THREADS; i++)
		EXPECT_EQ((long)join(i), i * i);
}

TEST(one_after_the_other)
{
	for (long i = 0; i < 300; i++) {
		ASSERT(pthread_create(&threads[0], NULL, square, (void *)i) ==
		       0);
		EXPECT_EQ((long)join(0), i * i);
	}
}

static void *own_ids(void *arg)
{
	EXPECT(syscall(SYS_gettid) != getpid());
	return (void *)(long)getpid();
}

TEST(one_process)
{
	start_all(own_ids);
	for (int i = 0; i < THREADS; i++)
		EXPECT_EQ((long)join(i), getpid());
	EXPECT_EQ(syscall(SYS_gettid), getpid());
}

static int flag;

static void *set_flag(void *arg)
{
	__atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
	return NULL;
}

TEST(detached)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ASSERT(pthread_create(&threads[0], &attr, set_flag, NULL) == 0);
	while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
		sched_yield();
}

/* ---- thread-local storage ---- */

static __thread long local = 7;
static __thread char local_bss[4096];

static void *use_local(void *arg)
{
	EXPECT_EQ(local, 7);
	for (size_t i = 0; i < sizeof(local_bss); i++)
		EXPECT_EQ(local_bss[i], 0);
	local = (long)arg;
	memset(local_bss, (long)arg, sizeof(local_bss));
	errno = (long)arg;
	sched_yield();
	EXPECT_EQ(errno, (long)arg);
	EXPECT_EQ(local_bss[100], (char)(long)arg);
	return (void *)local;
}

TEST(local_storage)
{
	start_all(use_local);
	for (long i = 0; i < THREADS; i++)
		EXPECT_EQ((long)join(i), i);
	EXPECT_EQ(local, 7);
}

static void *use_floats(void *arg)
{
	double x = (long)arg, sum = 0;

	for (int i = 0; i < 1000; i++) {
		sum += x;
		if (i % 10 == 0)
			sched_yield();
	}
	EXPECT(sum == x * 1000);
	return NULL;
}

TEST(floating_point_registers)
{
	start_all(use_floats);
	for (int i = 0; i < THREADS; i++)
		join(i);
}

/* ---- locks, conditions, barriers ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&mutex);
		long seen = counter;

		if (i % 25 == 0)
			sched_yield();
		counter = seen + 1;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(mutex_excludes)
{
	start_all(count);
	for (int i = 0; i < THREADS; i++)
		join(i);
	EXPECT_EQ(counter, THREADS * 100);
}

/* Each waits for its turn: the counter's value. */
static void *in_turn(void *arg)
{
	pthread_mutex_lock(&mutex);
	while (counter != (long)arg)
		pthread_cond_wait(&changed, &mutex);
	counter++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

TEST(condition_variable)
{
	start_all(in_turn);
	for (int i = 0; i < THREADS; i++)
		join(i);
	EXPECT_EQ(counter, THREADS);
}

static pthread_barrier_t barrier;

static void *meet(void *arg)
{
	__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
	pthread_barrier_wait(&barrier);
	EXPECT_EQ(__atomic_load_n(&counter, __ATOMIC_RELAXED), THREADS);
	return NULL;
}

TEST(barrier_holds_back)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	start_all(meet);
	for (int i = 0; i < THREADS; i++)
		join(i);
}

static sem_t tokens;

static void *take_and_give(void *arg)
{
	for (int i = 0; i < 10; i++) {
		sem_wait(&tokens);
		EXPECT(__atomic_add_fetch(&counter, 1, __ATOMIC_ACQ_REL) <= 3);
		sched_yield();
		__atomic_sub_fetch(&counter, 1, __ATOMIC_ACQ_REL);
		sem_post(&tokens);
	}
	return NULL;
}

TEST(semaphore_admits_three)
{
	sem_init(&tokens, 0, 3);
	start_all(take_and_give);
	for (int i = 0; i < THREADS; i++)
		join(i);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_once(void)
{
	counter++;
}

static void *call_once(void *arg)
{
	pthread_once(&once, count_once);
	return arg;
}

TEST(once_only)
{
	start_all(call_once);
	for (int i = 0; i < THREADS; i++)
		join(i);
	EXPECT_EQ(counter, 1);
}
