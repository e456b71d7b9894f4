/*
 * sync.c - the given side of lab 3's semaphore, mutex, condition and rwlock.
 *
 * Each call comes through here, and then goes to the student's function: so it
 * is known which thread waits for what and which one holds it, whatever that
 * function does (waitfor.h).  Only the thread that has a lock can give it back,
 * but a semaphore has no holder, and a condition neither.
 */
#include "sync.h"

#include "waitfor.h"

/* ---- semaphore ---- */

void sem_init(struct semaphore *s, const char *name, unsigned int count)
{
	s->name = name;
	lab_sem_init(s, name, count);
}

static int sem_wait(struct semaphore *s, uint64_t deadline, unsigned int flags,
		    uintptr_t call_site)
{
	struct wait_record outer;
	int error;

	assert_may_wait(NULL, call_site);
	outer = wait_begin(WAIT_SEMAPHORE, s, s->name, call_site);
	error = lab_sem_down_until(s, deadline, flags);
	wait_end(outer);
	return error;
}

int sem_down_until(struct semaphore *s, uint64_t deadline, unsigned int flags)
{
	return sem_wait(s, deadline, flags, CALL_SITE);
}

void sem_down(struct semaphore *s)
{
	sem_wait(s, WAIT_FOREVER, 0, CALL_SITE);
}

bool sem_try_down(struct semaphore *s)
{
	return lab_sem_try_down(s);
}

void sem_up(struct semaphore *s)
{
	lab_sem_up(s);
}

/* ---- mutex ---- */

void mutex_init(struct mutex *m, const char *name)
{
	wait_forget(m);
	m->name = name;
	lab_mutex_init(m, name);
}

static int mutex_wait(struct mutex *m, uint64_t deadline, uintptr_t call_site)
{
	struct wait_record outer;
	int error;

	assert_may_wait(NULL, call_site);
	outer = wait_begin(WAIT_MUTEX, m, m->name, call_site);
	error = lab_mutex_lock_until(m, deadline);
	wait_end(outer);
	if (!error)
		hold_begin(WAIT_MUTEX, m, m->name, call_site);
	return error;
}

int mutex_lock_until(struct mutex *m, uint64_t deadline)
{
	return mutex_wait(m, deadline, CALL_SITE);
}

int mutex_lock(struct mutex *m)
{
	return mutex_wait(m, WAIT_FOREVER, CALL_SITE);
}

int mutex_try_lock(struct mutex *m)
{
	int error = lab_mutex_try_lock(m);

	if (!error)
		hold_begin(WAIT_MUTEX, m, m->name, CALL_SITE);
	return error;
}

/* The record goes first: afterwards another thread may own the mutex.  Nothing
 * happens to the record of a caller that does not own it. */
int mutex_unlock(struct mutex *m)
{
	hold_end(m);
	return lab_mutex_unlock(m);
}

/* ---- condition variable ---- */

void condition_init(struct condition *c, const char *name)
{
	c->name = name;
	lab_condition_init(c, name);
}

static int condition_sleep(struct condition *c, struct mutex *m,
			   uint64_t deadline, uintptr_t call_site)
{
	struct wait_record outer;
	int error;

	assert_may_wait(NULL, call_site);
	outer = wait_begin(WAIT_CONDITION, c, c->name, call_site);
	error = lab_condition_wait_until(c, m, deadline);
	wait_end(outer);
	return error;
}

int condition_wait_until(struct condition *c, struct mutex *m,
			 uint64_t deadline)
{
	return condition_sleep(c, m, deadline, CALL_SITE);
}

int condition_wait(struct condition *c, struct mutex *m)
{
	return condition_sleep(c, m, WAIT_FOREVER, CALL_SITE);
}

void condition_signal(struct condition *c)
{
	lab_condition_signal(c);
}

void condition_broadcast(struct condition *c)
{
	lab_condition_broadcast(c);
}

/* ---- reader-writer lock ---- */

void rwlock_init(struct rwlock *l, const char *name)
{
	wait_forget(l);
	l->name = name;
	lab_rwlock_init(l, name);
}

static int rwlock_wait(struct rwlock *l, enum wait_kind kind,
		       int (*lock)(struct rwlock *l), uintptr_t call_site)
{
	struct wait_record outer;
	int error;

	assert_may_wait(NULL, call_site);
	outer = wait_begin(kind, l, l->name, call_site);
	error = lock(l);
	wait_end(outer);
	if (!error)
		hold_begin(kind, l, l->name, call_site);
	return error;
}

int rwlock_read_lock(struct rwlock *l)
{
	return rwlock_wait(l, WAIT_READ_LOCK, lab_rwlock_read_lock, CALL_SITE);
}

int rwlock_write_lock(struct rwlock *l)
{
	return rwlock_wait(l, WAIT_WRITE_LOCK, lab_rwlock_write_lock,
			   CALL_SITE);
}

int rwlock_read_unlock(struct rwlock *l)
{
	hold_end(l);
	return lab_rwlock_read_unlock(l);
}

int rwlock_write_unlock(struct rwlock *l)
{
	hold_end(l);
	return lab_rwlock_write_unlock(l);
}
