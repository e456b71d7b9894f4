/*
 * sync.c - lab 3: condition and reader-writer lock are lines of threads, each
 * with a semaphore of its own to wait for (Birrell, "Implementing Condition
 * Variables with Semaphores", 2003).
 *
 * The semaphore lies on the stack of who waits.  It is raised under the lock of
 * the line, which the sleeper takes before it returns: so the other is done
 * with it by then.
 */
#include "sync.h"
#include "errno.h"

/* ---- semaphore ---- */

static bool take(struct semaphore *s)
{
	if (s->count == 0)
		return false;
	s->count--;
	return true;
}

void lab_sem_init(struct semaphore *s, const char *name, unsigned int count)
{
	*s = (struct semaphore){.name = name, .count = count};
	spin_init(&s->lock, name);
	waitq_init(&s->waiters, name);
}

int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
	int result = 0;

	spin_lock(&s->lock);
	if (!take(s))
		result = waitq_sleep_until(&s->waiters, &s->lock, deadline,
					   flags);
	spin_unlock(&s->lock);
	return result;
}

bool lab_sem_try_down(struct semaphore *s)
{
	spin_lock(&s->lock);
	bool taken = take(s);
	spin_unlock(&s->lock);
	return taken;
}

void lab_sem_up(struct semaphore *s)
{
	spin_lock(&s->lock);
	s->count += 1 - waitq_wake(&s->waiters, 1);
	spin_unlock(&s->lock);
}

/* ---- mutex ---- */

static struct spinlock family = SPINLOCK_INIT("mutexes");

/* Computes anew what t is lent, and so on along the chain while that changes
 * something.  `extra` is the priority of one who is not on a queue yet. */
static void lend(struct thread *t, unsigned int extra)
{
	while (t) {
		unsigned int before = thread_priority(t), most = extra;
		struct waiter *w;
		struct mutex *m;

		list_for_each (m, &t->mutexes, link)
			list_for_each (w, &m->waiters.sleepers, link)
				most = MAX(most, thread_priority(w->thread));
		thread_boost(t, most);
		if (thread_priority(t) == before)
			return;
		t = t->mutex_waited_for ? t->mutex_waited_for->owner : NULL;
	}
}

static void give(struct mutex *m, struct thread *t)
{
	if (m->owner)
		list_remove(&m->link);
	m->owner = t;
	if (t) {
		t->mutex_waited_for = NULL;
		list_push_front(&t->mutexes, &m->link);
	}
}

void lab_mutex_init(struct mutex *m, const char *name)
{
	m->name = name;
	m->owner = NULL;
	list_init(&m->link);
	waitq_init(&m->waiters, name);
}

int lab_mutex_lock_until(struct mutex *m, uint64_t deadline)
{
	struct thread *me = current;
	int result = 0;

	spin_lock(&family);
	if (m->owner == me) {
		result = -EDEADLK;
	} else if (!m->owner) {
		give(m, me);
	} else {
		me->mutex_waited_for = m;
		lend(m->owner, thread_priority(me));
		result = waitq_sleep_until(&m->waiters, &family, deadline, 0);
		if (result) {
			me->mutex_waited_for = NULL;
			lend(m->owner, 0);
		}
	}
	spin_unlock(&family);
	return result;
}

int lab_mutex_try_lock(struct mutex *m)
{
	int result = 0;

	spin_lock(&family);
	if (m->owner)
		result = -EBUSY;
	else
		give(m, current);
	spin_unlock(&family);
	return result;
}

int lab_mutex_unlock(struct mutex *m)
{
	struct thread *next;

	spin_lock(&family);
	if (m->owner != current) {
		spin_unlock(&family);
		return -EPERM;
	}
	next = waitq_first(&m->waiters);
	give(m, next);
	waitq_wake(&m->waiters, 1);
	lend(next, 0);
	lend(current, 0);
	spin_unlock(&family);
	return 0;
}

/* ---- lines of threads ---- */

struct place {
	struct list_head link; /* empty: out of the line */
	struct thread *thread;
	bool writes;
	struct semaphore go;
};

/* The line's lock is held, except by who joins a line that is its own. */
static void join(struct waitq *line, struct place *p, bool writes)
{
	p->thread = current;
	p->writes = writes;
	lab_sem_init(&p->go, line->name, 0);
	list_push_back(&line->sleepers, &p->link);
}

static struct place *first(struct waitq *line)
{
	if (list_empty(&line->sleepers))
		return NULL;
	return list_first(&line->sleepers, struct place, link);
}

static void let_go(struct place *p)
{
	list_remove(&p->link);
	lab_sem_up(&p->go);
}

/* ---- condition ---- */

void lab_condition_init(struct condition *c, const char *name)
{
	c->name = name;
	spin_init(&c->lock, name);
	waitq_init(&c->waiters, name);
}

int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline)
{
	struct place me;
	int result;

	/* Whether it is us, no other thread can change. */
	if (m->owner != current)
		return -EPERM;
	spin_lock(&c->lock);
	join(&c->waiters, &me, false);
	spin_unlock(&c->lock);
	mutex_unlock(m);
	result = lab_sem_down_until(&me.go, deadline, 0);
	spin_lock(&c->lock);
	if (list_empty(&me.link))
		result = 0;
	else
		list_remove(&me.link);
	spin_unlock(&c->lock);
	mutex_lock(m);
	return result;
}

void lab_condition_signal(struct condition *c)
{
	spin_lock(&c->lock);
	if (first(&c->waiters))
		let_go(first(&c->waiters));
	spin_unlock(&c->lock);
}

void lab_condition_broadcast(struct condition *c)
{
	spin_lock(&c->lock);
	while (first(&c->waiters))
		let_go(first(&c->waiters));
	spin_unlock(&c->lock);
}

/* ---- reader-writer lock: one line for both, in read_waiters ---- */

void lab_rwlock_init(struct rwlock *l, const char *name)
{
	*l = (struct rwlock){.name = name};
	spin_init(&l->lock, name);
	waitq_init(&l->read_waiters, name);
	waitq_init(&l->write_waiters, name);
}

static void admit(struct rwlock *l, struct place *p)
{
	if (p->writes)
		l->writer = p->thread;
	else
		l->readers++;
	let_go(p);
}

/* Nobody holds it.  Behind a writer all readers of the line go, wherever they
 * stand; else the first, who is a writer. */
static void next_in_line(struct rwlock *l, bool behind_writer)
{
	struct place *p, *tmp;

	if (behind_writer)
		list_for_each_safe (p, tmp, &l->read_waiters.sleepers, link)
			if (!p->writes)
				admit(l, p);
	p = first(&l->read_waiters);
	if (l->readers == 0 && p)
		admit(l, p);
}

static int enter(struct rwlock *l, bool writes)
{
	bool free;

	spin_lock(&l->lock);
	if (l->writer == current) {
		spin_unlock(&l->lock);
		return -EDEADLK;
	}
	if (writes)
		free = !l->writer && l->readers == 0;
	else
		free = !l->writer && !first(&l->read_waiters);
	if (free && writes) {
		l->writer = current;
	} else if (free) {
		l->readers++;
	} else {
		struct place me;

		join(&l->read_waiters, &me, writes);
		spin_unlock(&l->lock);
		lab_sem_down_until(&me.go, WAIT_FOREVER, 0);
		spin_lock(&l->lock);
	}
	spin_unlock(&l->lock);
	return 0;
}

int lab_rwlock_read_lock(struct rwlock *l)
{
	return enter(l, false);
}

int lab_rwlock_write_lock(struct rwlock *l)
{
	return enter(l, true);
}

int lab_rwlock_read_unlock(struct rwlock *l)
{
	int result = 0;

	spin_lock(&l->lock);
	if (l->readers == 0) {
		result = -EPERM;
	} else {
		l->readers--;
		if (l->readers == 0)
			next_in_line(l, false);
	}
	spin_unlock(&l->lock);
	return result;
}

int lab_rwlock_write_unlock(struct rwlock *l)
{
	int result = 0;

	spin_lock(&l->lock);
	if (l->writer != current) {
		result = -EPERM;
	} else {
		l->writer = NULL;
		next_in_line(l, true);
	}
	spin_unlock(&l->lock);
	return result;
}
