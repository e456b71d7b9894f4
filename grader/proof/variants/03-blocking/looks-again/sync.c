/*
 * sync.c - nothing is handed over: what is given back is free, and the one that
 * is first in the line looks again.  It keeps its place until it has got what
 * it waits for, and newcomers look whether there is a line.  No priority
 * inheritance.
 */
#include "sync.h"

#include "errno.h"

/* ---- a line: who waits stands in it, and sleeps on a queue of its own ---- */

struct place {
	struct list_head link;
	struct waitq call;
};

/* All of these need the lock of the line. */

static void line_call_first(struct waitq *line)
{
	struct list_head *first = &line->sleepers;

	if (!list_empty(first))
		waitq_wake(&list_entry(first->next, struct place, link)->call,
			   1);
}

/* May the one at this place, or a newcomer (NULL), take what is free? */
static bool line_is_first(struct waitq *line, const struct place *p)
{
	const struct list_head *first = &line->sleepers;

	return p ? first->next == &p->link : list_empty(first);
}

/* ---- semaphore ---- */

void lab_sem_init(struct semaphore *s, const char *name, unsigned int count)
{
	spin_init(&s->lock, name);
	waitq_init(&s->waiters, name);
	s->count = count;
}

static int sem_line_up(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
	struct place p;
	int error = 0;

	waitq_init(&p.call, "semaphore");
	list_push_back(&s->waiters.sleepers, &p.link);
	while (!error && (s->count == 0 || !line_is_first(&s->waiters, &p)))
		error = waitq_sleep_until(&p.call, &s->lock, deadline, flags);
	list_remove(&p.link);
	if (!error)
		s->count--;
	if (s->count > 0)
		line_call_first(&s->waiters);
	return error;
}

int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
	int error = 0;

	spin_lock(&s->lock);
	if (s->count > 0 && line_is_first(&s->waiters, NULL))
		s->count--;
	else
		error = sem_line_up(s, deadline, flags);
	spin_unlock(&s->lock);
	return error;
}

bool lab_sem_try_down(struct semaphore *s)
{
	bool taken = false;

	spin_lock(&s->lock);
	if (s->count > 0 && line_is_first(&s->waiters, NULL)) {
		s->count--;
		taken = true;
	}
	spin_unlock(&s->lock);
	return taken;
}

void lab_sem_up(struct semaphore *s)
{
	spin_lock(&s->lock);
	s->count++;
	line_call_first(&s->waiters);
	spin_unlock(&s->lock);
}

/* ---- mutex ---- */

void lab_mutex_init(struct mutex *m, const char *name)
{
	spin_init(&m->lock, name);
	waitq_init(&m->waiters, name);
	m->owner = NULL;
}

static int mutex_line_up(struct mutex *m, uint64_t deadline)
{
	struct place p;
	int error = 0;

	waitq_init(&p.call, "mutex");
	list_push_back(&m->waiters.sleepers, &p.link);
	while (!error && (m->owner || !line_is_first(&m->waiters, &p)))
		error = waitq_sleep_until(&p.call, &m->lock, deadline, 0);
	list_remove(&p.link);
	if (!error)
		m->owner = current;
	if (!m->owner)
		line_call_first(&m->waiters);
	return error;
}

int lab_mutex_lock_until(struct mutex *m, uint64_t deadline)
{
	int error = 0;

	spin_lock(&m->lock);
	if (m->owner == current)
		error = -EDEADLK;
	else if (m->owner || !line_is_first(&m->waiters, NULL))
		error = mutex_line_up(m, deadline);
	else
		m->owner = current;
	spin_unlock(&m->lock);
	return error;
}

int lab_mutex_try_lock(struct mutex *m)
{
	bool taken;

	spin_lock(&m->lock);
	taken = m->owner || !line_is_first(&m->waiters, NULL);
	if (!taken)
		m->owner = current;
	spin_unlock(&m->lock);
	return taken ? -EBUSY : 0;
}

int lab_mutex_unlock(struct mutex *m)
{
	bool mine;

	spin_lock(&m->lock);
	mine = m->owner == current;
	if (mine) {
		m->owner = NULL;
		line_call_first(&m->waiters);
	}
	spin_unlock(&m->lock);
	return mine ? 0 : -EPERM;
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
	int result = -EPERM;

	spin_lock(&c->lock);
	if (mutex_unlock(m) == 0)
		result = waitq_sleep_until(&c->waiters, &c->lock, deadline, 0);
	spin_unlock(&c->lock);
	if (result != -EPERM)
		mutex_lock(m);
	return result;
}

static void condition_wake(struct condition *c, unsigned int count)
{
	spin_lock(&c->lock);
	waitq_wake(&c->waiters, count);
	spin_unlock(&c->lock);
}

void lab_condition_signal(struct condition *c)
{
	condition_wake(c, 1);
}

void lab_condition_broadcast(struct condition *c)
{
	condition_wake(c, WAKE_ALL);
}

/* ---- reader-writer lock: who is woken has been counted in ---- */

void lab_rwlock_init(struct rwlock *l, const char *name)
{
	spin_init(&l->lock, name);
	waitq_init(&l->read_waiters, name);
	waitq_init(&l->write_waiters, name);
	l->readers = 0;
	l->writer = NULL;
}

static void next_writer(struct rwlock *l)
{
	l->writer = waitq_first(&l->write_waiters);
	waitq_wake(&l->write_waiters, 1);
}

int lab_rwlock_read_lock(struct rwlock *l)
{
	if (l->writer == current)
		return -EDEADLK;
	spin_lock(&l->lock);
	if (!l->writer && !waitq_has_sleepers(&l->write_waiters))
		l->readers++;
	else
		waitq_sleep_until(&l->read_waiters, &l->lock, WAIT_FOREVER, 0);
	spin_unlock(&l->lock);
	return 0;
}

int lab_rwlock_write_lock(struct rwlock *l)
{
	if (l->writer == current)
		return -EDEADLK;
	spin_lock(&l->lock);
	if (!l->writer && !l->readers)
		l->writer = current;
	else
		waitq_sleep_until(&l->write_waiters, &l->lock, WAIT_FOREVER, 0);
	spin_unlock(&l->lock);
	return 0;
}

int lab_rwlock_read_unlock(struct rwlock *l)
{
	int error = -EPERM;

	spin_lock(&l->lock);
	if (l->readers) {
		error = 0;
		l->readers--;
		if (!l->readers)
			next_writer(l);
	}
	spin_unlock(&l->lock);
	return error;
}

int lab_rwlock_write_unlock(struct rwlock *l)
{
	if (l->writer != current)
		return -EPERM;
	spin_lock(&l->lock);
	l->writer = NULL;
	l->readers = waitq_wake(&l->read_waiters, WAKE_ALL);
	if (!l->readers)
		next_writer(l);
	spin_unlock(&l->lock);
	return 0;
}
