/*
 * pthreads - what the C library builds on futex(2): mutex, condition variable,
 * reader-writer lock, barrier, semaphore, and their time-outs.
 */
#include "user_futex.h"
#include <pthread.h>
#include <semaphore.h>

#define THREADS 4
#define ROUNDS 50

static pthread_t threads[THREADS];

static void run_all(void *(*run)(void *))
{
	for (long i = 0; i < THREADS; i++)
		ASSERT(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		ASSERT(pthread_join(threads[i], NULL) == 0);
}

/* ---- mutex ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long balance;

static void *pay_in(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		long seen = balance;

		sched_yield();
		balance = seen + 1;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(mutex)
{
	run_all(pay_in);
	EXPECT_EQ(balance, THREADS * ROUNDS);
}

/* What kind of wait, and who ends it after a while: it must cost nothing. */
static void *unlock_later(void *arg)
{
	pthread_mutex_lock(&mutex);
	tap_reach("locked");
	tap_await("timed out");
	pause_ms(30);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

TEST(mutex_sleeps)
{
	struct timespec t = in_ns(now(CLOCK_REALTIME) + 10 * MS);
	long long cpu;

	ASSERT(pthread_create(&threads[0], NULL, unlock_later, NULL) == 0);
	tap_await("locked");
	cpu = cpu_time();
	EXPECT_EQ(pthread_mutex_timedlock(&mutex, &t), ETIMEDOUT);
	tap_reach("timed out");
	EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
	EXPECT_SLEPT(cpu, "pthread_mutex_lock()");
	pthread_mutex_unlock(&mutex);
	pthread_join(threads[0], NULL);
}

/* ---- condition variable ---- */

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn, waiting;

static void *take_turns(void *arg)
{
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < ROUNDS; i++) {
		while (turn % THREADS != (int)(long)arg)
			pthread_cond_wait(&changed, &mutex);
		turn++;
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

TEST(condition)
{
	run_all(take_turns);
	EXPECT_EQ(turn, THREADS * ROUNDS);
}

static void *wait_for_signal(void *arg)
{
	long long cpu = cpu_time();

	pthread_mutex_lock(&mutex);
	waiting++;
	while (!turn)
		pthread_cond_wait(&changed, &mutex);
	turn--;
	pthread_mutex_unlock(&mutex);
	EXPECT_SLEPT(cpu, "pthread_cond_wait()");
	return NULL;
}

TEST(condition_sleeps)
{
	for (int i = 0; i < THREADS; i++)
		ASSERT(pthread_create(&threads[i], NULL, wait_for_signal,
				      NULL) == 0);
	pause_ms(30);
	for (int i = 0; i < THREADS; i++) {
		pthread_mutex_lock(&mutex);
		turn++;
		pthread_mutex_unlock(&mutex);
		pthread_cond_signal(&changed);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(turn, 0);
	EXPECT_EQ(waiting, THREADS);
}

TEST(condition_times_out)
{
	long long start = now(CLOCK_REALTIME);
	struct timespec t = in_ns(start + 10 * MS);

	pthread_mutex_lock(&mutex);
	EXPECT_EQ(pthread_cond_timedwait(&changed, &mutex, &t), ETIMEDOUT);
	EXPECT(now(CLOCK_REALTIME) >= start + 10 * MS);
	pthread_mutex_unlock(&mutex);
}

/* ---- reader-writer lock ---- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile long debit, credit;

static void *keep_books(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if ((i + (long)arg) % 3 == 0) {
			pthread_rwlock_wrlock(&rwlock);
			debit++;
			sched_yield();
			credit++;
		} else {
			pthread_rwlock_rdlock(&rwlock);
			long seen = debit;

			sched_yield();
			EXPECT_EQ(credit, seen);
		}
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

TEST(rwlock)
{
	run_all(keep_books);
	EXPECT_EQ(debit, credit);
}

/* ---- barrier ---- */

static pthread_barrier_t barrier;
static int arrived, serial;

static void *meet(void *arg)
{
	for (int i = 1; i <= 10; i++) {
		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
		if (pthread_barrier_wait(&barrier) ==
		    PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
		EXPECT(__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) >=
		       i * THREADS);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

TEST(barrier)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	run_all(meet);
	EXPECT_EQ(serial, 10);
	EXPECT_EQ(arrived, 10 * THREADS);
}

/* ---- semaphore ---- */

static sem_t items, places;
static long made, used;

static void *make_or_use(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		if ((long)arg % 2) {
			sem_wait(&places);
			__atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
			sem_post(&items);
		} else {
			sem_wait(&items);
			__atomic_add_fetch(&used, 1, __ATOMIC_SEQ_CST);
			sem_post(&places);
		}
	return NULL;
}

TEST(semaphore)
{
	struct timespec t = in_ns(now(CLOCK_REALTIME) + 10 * MS);
	long long cpu;

	sem_init(&items, 0, 0);
	sem_init(&places, 0, 3);
	run_all(make_or_use);
	EXPECT_EQ(made, used);
	cpu = cpu_time();
	EXPECT_ERRNO(sem_timedwait(&items, &t), ETIMEDOUT);
	EXPECT_SLEPT(cpu, "sem_timedwait()");
}
