/*
 * sync.c - with priority inheritance: one lock for all mutexes, and one
 * function, refresh(), which works out anew what each thread of a chain
 * borrows, whatever has changed.  A semaphore goes below 0, by as many as
 * wait; the condition variable is a row of semaphores.
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

/* Below 0, it says how many wait. */
static int level(const struct semaphore *s)
{
	return (int)s->count;
}

int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
	int error = 0;

	spin_lock(&s->lock);
	s->count--;
	if (level(s) < 0)
		error = waitq_sleep_until(&s->waiters, &s->lock, deadline,
					  flags);
	if (error)
		s->count++;
	spin_unlock(&s->lock);
	return error;
}

bool lab_sem_try_down(struct semaphore *s)
{
	bool taken = false;

	spin_lock(&s->lock);
	if (level(s) > 0) {
		s->count--;
		taken = true;
	}
	spin_unlock(&s->lock);
	return taken;
}

void lab_sem_up(struct semaphore *s)
{
	spin_lock(&s->lock);
	if (level(s) < 0)
		waitq_wake(&s->waiters, 1);
	s->count++;
	spin_unlock(&s->lock);
}

/* ---- mutex ---- */

static struct spinlock mutexes = SPINLOCK_INIT("all mutexes");

void lab_mutex_init(struct mutex *m, const char *name)
{
	spin_init(&m->lock, name);
	waitq_init(&m->waiters, name);
	list_init(&m->link);
	m->owner = NULL;
}

static unsigned int wanted(struct thread *t)
{
	unsigned int priority = 0;
	struct waiter *w;
	struct mutex *m;

	list_for_each (m, &t->mutexes, link)
		list_for_each (w, &m->waiters.sleepers, link)
			if (thread_priority(w->thread) > priority)
				priority = thread_priority(w->thread);
	return priority;
}

/* From t on along the chain of who waits for whom. */
static void refresh(struct thread *t)
{
	while (t) {
		unsigned int before = thread_priority(t);

		thread_boost(t, wanted(t));
		if (thread_priority(t) == before)
			break;
		t = t->mutex_waited_for ? t->mutex_waited_for->owner : NULL;
	}
}

static void take(struct mutex *m, struct thread *t)
{
	m->owner = t;
	list_push_front(&t->mutexes, &m->link);
	t->mutex_waited_for = NULL;
}

/* The waiter is on the queue only after this; so lend by hand first. */
static void lend(struct mutex *m, unsigned int priority)
{
	while (m && m->owner && thread_priority(m->owner) < priority) {
		thread_boost(m->owner, priority);
		m = m->owner->mutex_waited_for;
	}
}

int lab_mutex_lock_until(struct mutex *m, uint64_t deadline)
{
	int result = 0;

	spin_lock(&mutexes);
	if (!m->owner) {
		take(m, current);
	} else if (m->owner == current) {
		result = -EDEADLK;
	} else {
		current->mutex_waited_for = m;
		lend(m, thread_priority(current));
		result = waitq_sleep_until(&m->waiters, &mutexes, deadline, 0);
		if (result) {
			current->mutex_waited_for = NULL;
			refresh(m->owner);
		}
	}
	spin_unlock(&mutexes);
	return result;
}

int lab_mutex_try_lock(struct mutex *m)
{
	bool is_free;

	spin_lock(&mutexes);
	is_free = !m->owner;
	if (is_free)
		take(m, current);
	spin_unlock(&mutexes);
	return is_free ? 0 : -EBUSY;
}

int lab_mutex_unlock(struct mutex *m)
{
	struct thread *next;

	spin_lock(&mutexes);
	if (m->owner != current) {
		spin_unlock(&mutexes);
		return -EPERM;
	}
	list_remove(&m->link);
	m->owner = NULL;
	next = waitq_first(&m->waiters);
	if (next) {
		take(m, next);
		waitq_wake(&m->waiters, 1);
		refresh(next);
	}
	refresh(current);
	spin_unlock(&mutexes);
	return 0;
}

/* ---- condition variable ---- */

struct place {
	struct list_head link;
	struct semaphore sem;
	bool signalled;
};

void lab_condition_init(struct condition *c, const char *name)
{
	spin_init(&c->lock, name);
	waitq_init(&c->waiters, name);
}

int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline)
{
	struct place place = {.signalled = false};
	int result;

	lab_sem_init(&place.sem, "condition", 0);
	spin_lock(&c->lock);
	list_push_back(&c->waiters.sleepers, &place.link);
	spin_unlock(&c->lock);
	result = mutex_unlock(m);
	if (!result)
		result = lab_sem_down_until(&place.sem, deadline, 0);
	spin_lock(&c->lock);
	if (place.signalled)
		result = 0;
	else
		list_remove(&place.link);
	spin_unlock(&c->lock);
	if (result != -EPERM)
		mutex_lock(m);
	return result;
}

static void signal(struct condition *c, unsigned int count)
{
	spin_lock(&c->lock);
	while (count-- && !list_empty(&c->waiters.sleepers)) {
		struct place *p =
			list_entry(list_pop_front(&c->waiters.sleepers),
				   struct place, link);

		p->signalled = true;
		lab_sem_up(&p->sem);
	}
	spin_unlock(&c->lock);
}

void lab_condition_signal(struct condition *c)
{
	signal(c, 1);
}

void lab_condition_broadcast(struct condition *c)
{
	signal(c, WAKE_ALL);
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
