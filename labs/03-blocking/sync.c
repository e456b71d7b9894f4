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

/* ---- semaphore ---- */

void lab_sem_init(struct semaphore *s, const char *name, unsigned int count)
{
	/* TODO(lab 3.2): make the semaphore. */
}

int lab_sem_down_until(struct semaphore *s, uint64_t deadline,
		       unsigned int flags)
{
	/* TODO(lab 3.2): take one, or wait for one. */
	return -ENOSYS;
}

bool lab_sem_try_down(struct semaphore *s)
{
	/* TODO(lab 3.2): take one if there is one. */
	return false;
}

void lab_sem_up(struct semaphore *s)
{
	/* TODO(lab 3.2): add one. */
}

/* ---- mutex ---- */

void lab_mutex_init(struct mutex *m, const char *name)
{
	/* TODO(lab 3.2): make the mutex. */
}

int lab_mutex_lock_until(struct mutex *m, uint64_t deadline)
{
	/* TODO(lab 3.2): become the owner, or wait for that.  The challenge:
	 * lend the owner this thread's priority meanwhile. */
	return -ENOSYS;
}

int lab_mutex_try_lock(struct mutex *m)
{
	/* TODO(lab 3.2): become the owner if there is none. */
	return -ENOSYS;
}

int lab_mutex_unlock(struct mutex *m)
{
	/* TODO(lab 3.2): give the mutex to who waits longest, or to nobody. The
	 * challenge: what was borrowed for it goes back. */
	return -ENOSYS;
}

/* ---- condition variable ---- */

void lab_condition_init(struct condition *c, const char *name)
{
	/* TODO(lab 3.2): make the condition variable. */
}

int lab_condition_wait_until(struct condition *c, struct mutex *m,
			     uint64_t deadline)
{
	/* TODO(lab 3.2): give back the mutex and wait for a signal, as one;
	 * then take the mutex again. */
	return -ENOSYS;
}

void lab_condition_signal(struct condition *c)
{
	/* TODO(lab 3.2): wake the thread that waits longest. */
}

void lab_condition_broadcast(struct condition *c)
{
	/* TODO(lab 3.2): wake all that wait. */
}

/* ---- reader-writer lock ---- */

void lab_rwlock_init(struct rwlock *l, const char *name)
{
	/* TODO(lab 3.2): make the lock. */
}

int lab_rwlock_read_lock(struct rwlock *l)
{
	/* TODO(lab 3.2): join the readers; behind a writer that waits. */
	return -ENOSYS;
}

int lab_rwlock_write_lock(struct rwlock *l)
{
	/* TODO(lab 3.2): become the writer, when nobody else holds it. */
	return -ENOSYS;
}

int lab_rwlock_read_unlock(struct rwlock *l)
{
	/* TODO(lab 3.2): the last reader lets a writer in. */
	return -ENOSYS;
}

int lab_rwlock_write_unlock(struct rwlock *l)
{
	/* TODO(lab 3.2): all readers that wait go next; else a writer. */
	return -ENOSYS;
}
