/*
 * sync.c - the semaphore is the one thing that waits; the others are made of
 * semaphores on the stacks of those that wait.  No priority inheritance.
 */
#include "sync.h"

#include "errno.h"

/* Who waits for a mutex, condition or rwlock. */
struct seat {
	struct list_head link;
	struct semaphore sem;
	struct thread *thread;
	bool taken; /* off the list, and sem is up */
};

static void seat_init(struct seat *s, struct list_head *queue, const char *name)
{
	lab_sem_init(&s->sem, name, 0);
	s->thread = current;
	s->taken = false;
	list_push_back(queue, &s->link);
}

/* Needs the queue's lock. */
static struct seat *seat_call(struct list_head *queue)
{
	struct seat *s;

	if (list_empty(queue))
		return NULL;
	s = list_entry(list_pop_front(queue), struct seat, link);
	s->taken = true;
	return s;
}

/* Called with the lock, and returns without it. */
static int seat_wait(struct seat *s, struct spinlock *lock, uint64_t deadline)
{
	int error;

	spin_unlock(lock);
	error = lab_sem_down_until(&s->sem, deadline, 0);
	if (!error)
		return 0;
	spin_lock(lock);
	if (!s->taken)
		list_remove(&s->link);
	spin_unlock(lock);
	if (!s->taken)
		return error;
	lab_sem_down_until(&s->sem, WAIT_FOREVER, 0);
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
	if (s->count == 0)
		error = waitq_sleep_until(&s->waiters, &s->lock, deadline,
					  flags);
	else
		s->count--;
	spin_unlock(&s->lock);
	return error;
}

bool lab_sem_try_down(struct semaphore *s)
{
	unsigned int before;

	spin_lock(&s->lock);
	before = s->count;
	s->count -= before > 0;
	spin_unlock(&s->lock);
	return before > 0;
}

void lab_sem_up(struct semaphore *s)
{
	spin_lock(&s->lock);
	s->count += 1 - waitq_wake(&s->waiters, 1);
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
	struct seat seat;

	spin_lock(&m->lock);
	if (m->owner && m->owner != current) {
		seat_init(&seat, &m->waiters.sleepers, "mutex");
		return seat_wait(&seat, &m->lock, deadline);
	}
	if (m->owner) {
		spin_unlock(&m->lock);
		return -EDEADLK;
	}
	m->owner = current;
	spin_unlock(&m->lock);
	return 0;
}

int lab_mutex_try_lock(struct mutex *m)
{
	int result = 0;

	spin_lock(&m->lock);
	if (m->owner)
		result = -EBUSY;
	else
		m->owner = current;
	spin_unlock(&m->lock);
	return result;
}

int lab_mutex_unlock(struct mutex *m)
{
	struct seat *next;

	spin_lock(&m->lock);
	if (m->owner != current) {
		spin_unlock(&m->lock);
		return -EPERM;
	}
	next = seat_call(&m->waiters.sleepers);
	m->owner = next ? next->thread : NULL;
	if (next)
		lab_sem_up(&next->sem);
	spin_unlock(&m->lock);
	return 0;
}

/* ---- condition variable ---- */

void lab_condition_init(struct condition *c, const char *name)
{
	spin_init(&c->lock, name);
	waitq_init(&c->waiters, name);
}

int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline)
{
	struct seat seat;
	int result;

	if (m->owner != current)
		return -EPERM;
	spin_lock(&c->lock);
	seat_init(&seat, &c->waiters.sleepers, "condition");
	spin_unlock(&c->lock);
	mutex_unlock(m);
	spin_lock(&c->lock);
	result = seat_wait(&seat, &c->lock, deadline);
	mutex_lock(m);
	return result;
}

void lab_condition_signal(struct condition *c)
{
	struct seat *seat;

	spin_lock(&c->lock);
	seat = seat_call(&c->waiters.sleepers);
	if (seat)
		lab_sem_up(&seat->sem);
	spin_unlock(&c->lock);
}

void lab_condition_broadcast(struct condition *c)
{
	struct seat *seat;

	spin_lock(&c->lock);
	while ((seat = seat_call(&c->waiters.sleepers)) != NULL)
		lab_sem_up(&seat->sem);
	spin_unlock(&c->lock);
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

static void let_writer_in(struct rwlock *l)
{
	struct seat *next = seat_call(&l->write_waiters.sleepers);

	if (!next)
		return;
	l->writer = next->thread;
	lab_sem_up(&next->sem);
}

int lab_rwlock_read_lock(struct rwlock *l)
{
	struct seat seat;
	bool waits;

	spin_lock(&l->lock);
	if (l->writer == current) {
		spin_unlock(&l->lock);
		return -EDEADLK;
	}
	waits = l->writer || !list_empty(&l->write_waiters.sleepers);
	if (waits) {
		seat_init(&seat, &l->read_waiters.sleepers, "reader");
		return seat_wait(&seat, &l->lock, WAIT_FOREVER);
	}
	l->readers++;
	spin_unlock(&l->lock);
	return 0;
}

int lab_rwlock_write_lock(struct rwlock *l)
{
	struct seat seat;
	int result = 0;

	spin_lock(&l->lock);
	if (l->writer == current) {
		result = -EDEADLK;
	} else if (l->writer || l->readers) {
		seat_init(&seat, &l->write_waiters.sleepers, "writer");
		return seat_wait(&seat, &l->lock, WAIT_FOREVER);
	} else {
		l->writer = current;
	}
	spin_unlock(&l->lock);
	return result;
}

int lab_rwlock_read_unlock(struct rwlock *l)
{
	int result = -EPERM;

	spin_lock(&l->lock);
	if (l->readers) {
		result = 0;
		if (--l->readers == 0)
			let_writer_in(l);
	}
	spin_unlock(&l->lock);
	return result;
}

int lab_rwlock_write_unlock(struct rwlock *l)
{
	struct seat *reader;

	spin_lock(&l->lock);
	if (l->writer != current) {
		spin_unlock(&l->lock);
		return -EPERM;
	}
	l->writer = NULL;
	while ((reader = seat_call(&l->read_waiters.sleepers)) != NULL) {
		l->readers++;
		lab_sem_up(&reader->sem);
	}
	if (!l->readers)
		let_writer_in(l);
	spin_unlock(&l->lock);
	return 0;
}
