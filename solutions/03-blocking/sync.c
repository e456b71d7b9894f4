/*
 * sync.c - lab 3: semaphore, mutex, condition variable, reader-writer lock.
 *
 * Each is a few numbers under a spinlock, and a wait queue for those whom the
 * numbers do not let in:
 *
 *	semaphore	down waits while the count is 0
 *	mutex		lock waits while there is an owner
 *	rwlock		readers wait for a writer, a writer for everybody
 *
 * Who is next is said in sync.h: first come, first served.
 *
 * A condition variable has no number.  Between the signal and the return of who
 * waited, others may have had the mutex; that is why its callers look at their
 * condition again, in a loop.
 *
 * Challenge: a mutex lends its owner the priority of those who wait for it.
 *
 *	high  -- waits for -->  mutex A, owned by  -->  low
 *	low   -- waits for -->  mutex B, owned by  -->  lowest
 *
 * Here both owners shall run with high's priority, or a thread in the middle
 * could keep all three waiting.
 */
#include "sync.h"

#include "errno.h"
#ifdef SOLUTION

/*
 * All of these follow one rule: what is given back is not put down for whoever
 * comes along, but handed to the thread that has waited longest, by the thread
 * that gives it back:
 *
 *	sem_up		somebody waits: wake it, and the count stays
 *	mutex_unlock	somebody waits: make it the owner, and wake it
 *	rwlock unlock	readers or a writer wait: count them in, and wake them
 *
 * So a thread that is woken has what it waited for, and need not look again;
 * nobody can overtake it between its wake-up and its return to a CPU; and as
 * long as somebody waits, nothing is free: that is what makes the tests below
 * so short.  It rests on lab_waitq_sleep_until() to return 0 if, and only if,
 * waitq_wake() has chosen this thread: one that gives up was given nothing.  (A
 * condition variable has nothing to hand over.)
 *
 * Challenge: a chain leads through several mutexes, in any order; a lock for
 * each of them could not be taken without a deadlock of their own.  So one
 * spinlock, `owners`, guards all mutexes: who owns which, who waits, and what
 * is borrowed.  It is held for a few dozen instructions.
 */
static struct spinlock owners = SPINLOCK_INIT("mutex owners");
#endif

/* ---- semaphore ---- */

void lab_sem_init(struct semaphore *s, const char *name, unsigned int count)
{
#ifdef SOLUTION
	spin_init(&s->lock, name);
	waitq_init(&s->waiters, name);
	s->count = count;
#else
	/* TODO(lab 3.2): make the semaphore. */
#endif
}

int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
#ifdef SOLUTION
	int error = 0;

	spin_lock(&s->lock);
	if (s->count > 0)
		s->count--;
	else
		error = waitq_sleep_until(&s->waiters, &s->lock, deadline,
					  flags);
	spin_unlock(&s->lock);
	return error;
#else
	/* TODO(lab 3.2): take one, or wait for one. */
	return -ENOSYS;
#endif
}

bool lab_sem_try_down(struct semaphore *s)
{
#ifdef SOLUTION
	bool taken;

	spin_lock(&s->lock);
	taken = s->count > 0;
	if (taken)
		s->count--;
	spin_unlock(&s->lock);
	return taken;
#else
	/* TODO(lab 3.2): take one if there is one. */
	return false;
#endif
}

void lab_sem_up(struct semaphore *s)
{
#ifdef SOLUTION
	spin_lock(&s->lock);
	if (waitq_wake(&s->waiters, 1) == 0)
		s->count++;
	spin_unlock(&s->lock);
#else
	/* TODO(lab 3.2): add one. */
#endif
}

/* ---- mutex ---- */
#ifdef SOLUTION

/* All of these need `owners`. */

static void own(struct mutex *m, struct thread *t)
{
	m->owner = t;
	list_push_back(&t->mutexes, &m->link);
}
#endif
#ifdef SOLUTION /* challenge */

/* The highest priority among those who wait for what t owns; 0: nobody. */
static unsigned int priority_lent_to(const struct thread *t)
{
	unsigned int highest = 0;
	struct waiter *w;
	struct mutex *m;

	list_for_each (m, &t->mutexes, link)
		list_for_each (w, &m->waiters.sleepers, link)
			highest = MAX(highest, thread_priority(w->thread));
	return highest;
}

static void loan_settle(struct thread *t)
{
	thread_boost(t, priority_lent_to(t));
}

/* Somebody with this priority begins to wait for m.  The chain ends with a
 * thread that does not wait for a mutex, or runs with that priority already:
 * then so do those behind it. */
static void chain_raise(struct mutex *m, unsigned int priority)
{
	for (; m && thread_priority(m->owner) < priority;
	     m = m->owner->mutex_waited_for)
		thread_boost(m->owner, priority);
}

/* Somebody has given up waiting for m.  It ends where nothing changes. */
static void chain_lower(struct mutex *m)
{
	unsigned int before;

	for (; m; m = m->owner->mutex_waited_for) {
		before = thread_priority(m->owner);
		loan_settle(m->owner);
		if (thread_priority(m->owner) == before)
			break;
	}
}
#endif
#ifdef SOLUTION

static int wait_for(struct mutex *m, uint64_t deadline)
{
	struct thread *self = current;
	int error;

	self->mutex_waited_for = m;
	chain_raise(m, thread_priority(self));
	error = waitq_sleep_until(&m->waiters, &owners, deadline, 0);
	if (error) {
		self->mutex_waited_for = NULL;
		chain_lower(m);
	}
	return error;
}

/* To the thread that waits longest, if there is one.  An owner that runs with
 * priority 0 was lent none, so no waiter has any: that is the usual case, in
 * which nobody needs to go through all waiters. */
static void hand_over(struct mutex *m, struct thread *owner)
{
	struct thread *next = waitq_first(&m->waiters);

	list_remove(&m->link);
	m->owner = NULL;
	if (next) {
		own(m, next);
		next->mutex_waited_for = NULL;
		waitq_wake(&m->waiters, 1);
	}
	if (thread_priority(owner) == 0)
		return;
	if (next)
		loan_settle(next);
	loan_settle(owner);
}
#endif

void lab_mutex_init(struct mutex *m, const char *name)
{
#ifdef SOLUTION
	waitq_init(&m->waiters, name);
	m->owner = NULL;
	list_init(&m->link);
#else
	/* TODO(lab 3.2): make the mutex. */
#endif
}

int lab_mutex_lock_until(struct mutex *m, uint64_t deadline)
{
#ifdef SOLUTION
	int error = 0;

	spin_lock(&owners);
	if (!m->owner)
		own(m, current);
	else if (m->owner == current)
		error = -EDEADLK;
	else
		error = wait_for(m, deadline);
	spin_unlock(&owners);
	return error;
#else
	/* TODO(lab 3.2): become the owner, or wait for that.  The challenge:
	 * lend the owner this thread's priority meanwhile. */
	return -ENOSYS;
#endif
}

int lab_mutex_try_lock(struct mutex *m)
{
#ifdef SOLUTION
	int error = -EBUSY;

	spin_lock(&owners);
	if (!m->owner) {
		own(m, current);
		error = 0;
	}
	spin_unlock(&owners);
	return error;
#else
	/* TODO(lab 3.2): become the owner if there is none. */
	return -ENOSYS;
#endif
}

int lab_mutex_unlock(struct mutex *m)
{
#ifdef SOLUTION
	int error = -EPERM;

	spin_lock(&owners);
	if (m->owner == current) {
		hand_over(m, current);
		error = 0;
	}
	spin_unlock(&owners);
	return error;
#else
	/* TODO(lab 3.2): give the mutex to who waits longest, or to nobody. The
	 * challenge: what was borrowed for it goes back. */
	return -ENOSYS;
#endif
}

/* ---- condition variable ---- */

void lab_condition_init(struct condition *c, const char *name)
{
#ifdef SOLUTION
	spin_init(&c->lock, name);
	waitq_init(&c->waiters, name);
#else
	/* TODO(lab 3.2): make the condition variable. */
#endif
}

int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline)
{
#ifdef SOLUTION
	int error;

	/* A signal needs this lock: it comes before the mutex is given back, or
	 * when this thread is on the queue. */
	spin_lock(&c->lock);
	error = mutex_unlock(m);
	if (!error)
		error = waitq_sleep_until(&c->waiters, &c->lock, deadline, 0);
	spin_unlock(&c->lock);
	if (error != -EPERM)
		mutex_lock(m);
	return error;
#else
	/* TODO(lab 3.2): give back the mutex and wait for a signal, as one;
	 * then take the mutex again. */
	return -ENOSYS;
#endif
}

void lab_condition_signal(struct condition *c)
{
#ifdef SOLUTION
	spin_lock(&c->lock);
	waitq_wake(&c->waiters, 1);
	spin_unlock(&c->lock);
#else
	/* TODO(lab 3.2): wake the thread that waits longest. */
#endif
}

void lab_condition_broadcast(struct condition *c)
{
#ifdef SOLUTION
	spin_lock(&c->lock);
	waitq_wake(&c->waiters, WAKE_ALL);
	spin_unlock(&c->lock);
#else
	/* TODO(lab 3.2): wake all that wait. */
#endif
}

/* ---- reader-writer lock ---- */
#ifdef SOLUTION

/* Nobody holds the lock: the writer that waits longest gets it.  Needs l->lock.
 */
static void admit_writer(struct rwlock *l)
{
	l->writer = waitq_first(&l->write_waiters);
	waitq_wake(&l->write_waiters, 1);
}
#endif

void lab_rwlock_init(struct rwlock *l, const char *name)
{
#ifdef SOLUTION
	spin_init(&l->lock, name);
	waitq_init(&l->read_waiters, name);
	waitq_init(&l->write_waiters, name);
	l->readers = 0;
	l->writer = NULL;
#else
	/* TODO(lab 3.2): make the lock. */
#endif
}

int lab_rwlock_read_lock(struct rwlock *l)
{
#ifdef SOLUTION
	int error = 0;

	spin_lock(&l->lock);
	if (l->writer == current)
		error = -EDEADLK;
	else if (l->writer || waitq_has_sleepers(&l->write_waiters))
		waitq_sleep_until(&l->read_waiters, &l->lock, WAIT_FOREVER, 0);
	else
		l->readers++;
	spin_unlock(&l->lock);
	return error;
#else
	/* TODO(lab 3.2): join the readers; behind a writer that waits. */
	return -ENOSYS;
#endif
}

int lab_rwlock_write_lock(struct rwlock *l)
{
#ifdef SOLUTION
	int error = 0;

	spin_lock(&l->lock);
	if (l->writer == current)
		error = -EDEADLK;
	else if (l->writer || l->readers > 0)
		waitq_sleep_until(&l->write_waiters, &l->lock, WAIT_FOREVER, 0);
	else
		l->writer = current;
	spin_unlock(&l->lock);
	return error;
#else
	/* TODO(lab 3.2): become the writer, when nobody else holds it. */
	return -ENOSYS;
#endif
}

int lab_rwlock_read_unlock(struct rwlock *l)
{
#ifdef SOLUTION
	int error = 0;

	spin_lock(&l->lock);
	if (l->readers == 0)
		error = -EPERM;
	else if (--l->readers == 0)
		admit_writer(l);
	spin_unlock(&l->lock);
	return error;
#else
	/* TODO(lab 3.2): the last reader lets a writer in. */
	return -ENOSYS;
#endif
}

int lab_rwlock_write_unlock(struct rwlock *l)
{
#ifdef SOLUTION
	int error = -EPERM;

	spin_lock(&l->lock);
	if (l->writer == current) {
		l->readers = waitq_wake(&l->read_waiters, WAKE_ALL);
		l->writer = NULL;
		if (l->readers == 0)
			admit_writer(l);
		error = 0;
	}
	spin_unlock(&l->lock);
	return error;
#else
	/* TODO(lab 3.2): all readers that wait go next; else a writer. */
	return -ENOSYS;
#endif
}
