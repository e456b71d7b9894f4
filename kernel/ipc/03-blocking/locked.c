/*
 * locked.c - waiting, before lab 3 is unlocked: a yield loop.
 *
 * Nobody is ever put to sleep.  A waiter gives up its lock, lets others run,
 * takes the lock again and returns, as if it had been woken for no reason; its
 * caller looks at the condition again.  That is correct, and takes all the time
 * that the CPU has.  What it waits for may be done by another CPU.  Under
 * icount, where one CPU after the other has its turn, PAUSE ends ours.
 *
 * What is built on waiting has no queue either, and a wake-up reaches nobody.
 * So nothing can be handed to a waiter: it can only find the number right some
 * time, and be the first to do so.  The first to come need not be served first,
 * and with bad luck a waiter is never served at all.
 *
 * FUTEX_WAIT looks whether the word still has the value, lets others run, and
 * returns 0; futex(2) allows that, so every caller looks again.  Since nobody
 * sleeps, FUTEX_WAKE finds nobody.
 */
#include "futex.h"
#include "sync.h"
#include "waitq.h"

#include "errno.h"
#include "thread.h"
#include "time.h"
#include "uaccess.h"
#include "x86.h"

/* ---- the wait queue ---- */

int lab_waitq_sleep_until(struct waitq *wq, struct spinlock *lock,
			  uint64_t deadline, unsigned int flags)
{
	if ((flags & WAIT_INTERRUPTIBLE) && wait_interrupted())
		return -ERESTARTSYS;
	if (deadline != WAIT_FOREVER && time_ns() >= deadline)
		return -ETIMEDOUT;
	spin_unlock(lock);
	thread_yield();
	cpu_relax();
	spin_lock(lock);
	return 0;
}

unsigned int lab_waitq_wake(struct waitq *wq, unsigned int count)
{
	return 0;
}

/* ---- semaphore ---- */

void lab_sem_init(struct semaphore *s, const char *name, unsigned int count)
{
	spin_init(&s->lock, name);
	waitq_init(&s->waiters, name);
	s->count = count;
}

int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
	int error = 0;

	spin_lock(&s->lock);
	while (s->count == 0 && !error)
		error = waitq_sleep_until(&s->waiters, &s->lock, deadline,
					  flags);
	if (!error)
		s->count--;
	spin_unlock(&s->lock);
	return error;
}

bool lab_sem_try_down(struct semaphore *s)
{
	bool taken;

	spin_lock(&s->lock);
	taken = s->count > 0;
	if (taken)
		s->count--;
	spin_unlock(&s->lock);
	return taken;
}

void lab_sem_up(struct semaphore *s)
{
	spin_lock(&s->lock);
	s->count++;
	spin_unlock(&s->lock);
}

/* ---- mutex ---- */

void lab_mutex_init(struct mutex *m, const char *name)
{
	spin_init(&m->lock, name);
	waitq_init(&m->waiters, name);
	m->owner = NULL;
}

int lab_mutex_lock_until(struct mutex *m, uint64_t deadline)
{
	int error = 0;

	spin_lock(&m->lock);
	if (m->owner == current)
		error = -EDEADLK;
	while (m->owner && !error)
		error = waitq_sleep_until(&m->waiters, &m->lock, deadline, 0);
	if (!error)
		m->owner = current;
	spin_unlock(&m->lock);
	return error;
}

int lab_mutex_try_lock(struct mutex *m)
{
	int error = -EBUSY;

	spin_lock(&m->lock);
	if (!m->owner) {
		m->owner = current;
		error = 0;
	}
	spin_unlock(&m->lock);
	return error;
}

int lab_mutex_unlock(struct mutex *m)
{
	int error = -EPERM;

	spin_lock(&m->lock);
	if (m->owner == current) {
		m->owner = NULL;
		error = 0;
	}
	spin_unlock(&m->lock);
	return error;
}

/* ---- condition variable: any return is allowed, since callers loop ---- */

void lab_condition_init(struct condition *c, const char *name)
{
	spin_init(&c->lock, name);
	waitq_init(&c->waiters, name);
}

int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline)
{
	int error = mutex_unlock(m);

	if (error)
		return error;
	spin_lock(&c->lock);
	error = waitq_sleep_until(&c->waiters, &c->lock, deadline, 0);
	spin_unlock(&c->lock);
	mutex_lock(m);
	return error;
}

void lab_condition_signal(struct condition *c)
{
}

void lab_condition_broadcast(struct condition *c)
{
}

/* ---- reader-writer lock ---- */

void lab_rwlock_init(struct rwlock *l, const char *name)
{
	spin_init(&l->lock, name);
	waitq_init(&l->read_waiters, name);
	waitq_init(&l->write_waiters, name);
	l->readers = 0;
	l->writer = NULL;
}

int lab_rwlock_read_lock(struct rwlock *l)
{
	int error = 0;

	spin_lock(&l->lock);
	if (l->writer == current)
		error = -EDEADLK;
	while (l->writer && !error)
		error = waitq_sleep_until(&l->read_waiters, &l->lock,
					  WAIT_FOREVER, 0);
	if (!error)
		l->readers++;
	spin_unlock(&l->lock);
	return error;
}

int lab_rwlock_write_lock(struct rwlock *l)
{
	int error = 0;

	spin_lock(&l->lock);
	if (l->writer == current)
		error = -EDEADLK;
	while ((l->writer || l->readers > 0) && !error)
		error = waitq_sleep_until(&l->write_waiters, &l->lock,
					  WAIT_FOREVER, 0);
	if (!error)
		l->writer = current;
	spin_unlock(&l->lock);
	return error;
}

int lab_rwlock_read_unlock(struct rwlock *l)
{
	int error = -EPERM;

	spin_lock(&l->lock);
	if (l->readers > 0) {
		l->readers--;
		error = 0;
	}
	spin_unlock(&l->lock);
	return error;
}

int lab_rwlock_write_unlock(struct rwlock *l)
{
	int error = -EPERM;

	spin_lock(&l->lock);
	if (l->writer == current) {
		l->writer = NULL;
		error = 0;
	}
	spin_unlock(&l->lock);
	return error;
}

/* ---- futex ---- */

/* 0 when the word has this value, else -EAGAIN, -EFAULT. */
static int compare_word(uintptr_t uaddr, uint32_t value)
{
	uint32_t now;
	int error = user_load32(uaddr, &now);

	if (error)
		return error;
	return now == value ? 0 : -EAGAIN;
}

void lab_futex_init(void)
{
}

int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline)
{
	int error = compare_word(uaddr, value);

	if (error)
		return error;
	if (deadline != WAIT_FOREVER && time_ns() >= deadline)
		return -ETIMEDOUT;
	thread_yield();
	return wait_interrupted() ? -ERESTARTSYS : 0;
}

long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset)
{
	return 0;
}

long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare)
{
	return compare ? compare_word(compare->uaddr, compare->expected) : 0;
}
