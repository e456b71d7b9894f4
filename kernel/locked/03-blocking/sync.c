/*
 * sync.c - semaphore, mutex, condition variable and reader-writer lock, before
 * lab 3 is unlocked: each looks again and again.
 *
 * There is no queue, and a wake-up reaches nobody.  So nothing can be handed to
 * a waiter: all that it can do is to find the number right some time, and be
 * the first to do so.  Who came first is not served first, and with bad luck
 * one is never served at all.
 *
 * A signal is not remembered, and so cannot be seen by who looks later.  A wait
 * for a condition therefore just returns, as if there had been one: callers
 * look at what they wait for, and wait again.
 */
#include "sync.h"

#include "errno.h"

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
	(void)c;
}

void lab_condition_broadcast(struct condition *c)
{
	(void)c;
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
