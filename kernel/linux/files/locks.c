/*
 * locks.c - locks that programs put on files: fcntl(2) and flock(2).
 *
 * They are advisory: nobody is kept from reading or writing, but programs that
 * ask for the same lock are kept apart.  Three calls make them, and differ in
 * what they cover and in who owns them, which is: when they end.
 *
 *	fcntl(F_SETLK)		a range	  the process; ends when it closes any
 *					  of its descriptors of this file
 *	fcntl(F_OFD_SETLK)	a range	  the struct file; ends with it
 *	flock()			the file  the struct file; ends with it
 *
 * The first two see each other; flock() is a world of its own.
 *
 * A file has a list of records, each of which says: this owner has this range
 * in this way.  Ranges of one owner never overlap, and those of one type never
 * touch, since they are joined.  A new lock cuts what its owner had there:
 *
 *	read		|---------------------|
 *	+ write		        |-----|
 *	=		| read  |write| read  |
 *
 * Who has to wait sleeps until a record of the file has gone, and looks again.
 * Before that it follows the chain: whom do I wait for, and whom does that one
 * wait for?  Coming back to oneself would be a deadlock, and gives -EDEADLK.
 * Only processes are followed: a struct file can be in several ones.
 *
 * A process is known by its table of descriptors, which goes where the rule of
 * closing needs it to.  lock guards all records and waiters; a file's
 * struct file_locks is made by the first call that needs it, and goes with the
 * last record, when no call is using it.
 *
 * Sources: fcntl(2), "Advisory record locking" and "Open file description
 * locks"; flock(2).
 */
#include "locks.h"

#include "errno.h"
#include "heap.h"
#include "spinlock.h"
#include "waitq.h"

struct file_locks {
	unsigned int users; /* calls under way */
	struct list_head records;
	struct waitq changed;
};

/* Somebody who waits; lies on the stack of the one. */
struct lock_waiter {
	struct list_head link;
	const struct file_locks *locks;
	const struct lock_record *wanted;
};

static struct spinlock lock = SPINLOCK_INIT("file locks");

static struct list_head waiters = LIST_INIT(waiters); /* needs lock */
static unsigned int waiter_count;

/* ---- records: need lock ---- */

static bool records_overlap(const struct lock_record *a,
			    const struct lock_record *b)
{
	return a->start <= b->last && b->start <= a->last;
}

/* ... or lie side by side. */
static bool records_touch(const struct lock_record *a,
			  const struct lock_record *b)
{
	return a->start <= b->last + 1 && b->start <= a->last + 1;
}

static bool same_owner(const struct lock_record *a, const struct lock_record *b)
{
	return a->kind == b->kind && a->owner == b->owner;
}

static bool in_the_way(const struct lock_record *r,
		       const struct lock_record *wanted)
{
	return r->kind == wanted->kind && r->owner != wanted->owner &&
	       (r->type == F_WRLCK || wanted->type == F_WRLCK) &&
	       records_overlap(r, wanted);
}

/* The first by place that is in the way, or NULL. */
static const struct lock_record *find_conflict(const struct file_locks *locks,
					       const struct lock_record *wanted)
{
	const struct lock_record *r, *first = NULL;

	list_for_each (r, &locks->records, link)
		if (in_the_way(r, wanted) &&
		    (!first || r->start < first->start))
			first = r;
	return first;
}

static void record_end(struct lock_record *r)
{
	list_remove(&r->link);
	kfree(r);
}

/* A wanted lock may need two records: its own, and one for what is left of an
 * old one behind it. */
struct spares {
	struct lock_record *own, *rest;
};

/* Takes the range of `cut` out of r. */
static void record_cut(struct lock_record *r, const struct lock_record *cut,
		       struct spares *spares)
{
	bool before = r->start < cut->start;
	bool after = r->last > cut->last;

	if (before && after) {
		*spares->rest = *r;
		spares->rest->start = cut->last + 1;
		list_insert_after(&r->link, &spares->rest->link);
		spares->rest = NULL;
	}
	if (before)
		r->last = cut->start - 1;
	else if (after)
		r->start = cut->last + 1;
	else
		record_end(r);
}

/* Nobody is in the way: the range becomes what is wanted. */
static void range_set(struct file_locks *locks,
		      const struct lock_record *wanted, struct spares *spares)
{
	struct lock_record *own = spares->own, *r, *next;

	*own = *wanted;
	list_for_each_safe (r, next, &locks->records, link) {
		if (!same_owner(r, wanted))
			continue;
		if (r->type == wanted->type && records_touch(r, wanted)) {
			own->start = MIN(own->start, r->start);
			own->last = MAX(own->last, r->last);
			record_end(r);
		} else if (records_overlap(r, wanted)) {
			record_cut(r, wanted, spares);
		}
	}
	if (wanted->type != F_UNLCK) {
		list_push_back(&locks->records, &own->link);
		spares->own = NULL;
	}
	waitq_wake(&locks->changed, WAKE_ALL);
}

/* ---- waiting: needs lock ---- */

/* The lock that the owner of a record, a process, waits for, or NULL. */
static const struct lock_waiter *find_waiter(const struct lock_record *r)
{
	const struct lock_waiter *w;

	if (r->pid < 0)
		return NULL;
	list_for_each (w, &waiters, link)
		if (same_owner(w->wanted, r))
			return w;
	return NULL;
}

/* Does the chain of who waits for whom lead back to who wants this?  No chain
 * without a circle is longer than there are waiters. */
static bool would_deadlock(const struct lock_record *wanted,
			   const struct lock_record *conflict)
{
	if (wanted->pid < 0)
		return false;
	for (unsigned int i = 0; conflict && i <= waiter_count; i++) {
		const struct lock_waiter *w = find_waiter(conflict);

		if (same_owner(conflict, wanted))
			return true;
		conflict = w ? find_conflict(w->locks, w->wanted) : NULL;
	}
	return false;
}

/* Until nobody is in the way.  -EAGAIN, -EDEADLK, -ERESTARTSYS. */
static int wait_for_range(struct file_locks *locks,
			  const struct lock_record *wanted, bool wait)
{
	struct lock_waiter waiter = {.locks = locks, .wanted = wanted};
	const struct lock_record *conflict;
	int error = 0;

	while (!error && (conflict = find_conflict(locks, wanted))) {
		if (!wait)
			return -EAGAIN;
		if (would_deadlock(wanted, conflict))
			return -EDEADLK;
		list_push_back(&waiters, &waiter.link);
		waiter_count++;
		error = waitq_sleep_until(&locks->changed, &lock, WAIT_FOREVER,
					  WAIT_INTERRUPTIBLE);
		list_remove(&waiter.link);
		waiter_count--;
	}
	return error;
}

/* Another flock() of one's own ends before the wait: two who both want to turn
 * LOCK_SH into LOCK_EX would wait for ever (flock(2) says so). */
static void give_up_other_type(struct file_locks *locks,
			       const struct lock_record *wanted)
{
	struct lock_record *r, *next;

	list_for_each_safe (r, next, &locks->records, link)
		if (same_owner(r, wanted) && r->type != wanted->type) {
			record_end(r);
			waitq_wake(&locks->changed, WAKE_ALL);
		}
}

/* ---- on a file ---- */

/* Needs lock.  The file's, or else those given; NULL: neither. */
static struct file_locks *locks_use(struct inode *inode,
				    struct file_locks **new)
{
	if (!inode->locks && *new) {
		inode->locks = *new;
		*new = NULL;
		list_init(&inode->locks->records);
		waitq_init(&inode->locks->changed, "file lock");
		inode->locks->users = 0;
	}
	if (inode->locks)
		inode->locks->users++;
	return inode->locks;
}

/* Needs lock.  A file without locks needs nothing. */
static void locks_unuse(struct inode *inode)
{
	struct file_locks *locks = inode->locks;

	if (--locks->users > 0 || !list_empty(&locks->records))
		return;
	inode->locks = NULL;
	kfree(locks);
}

bool lock_find_conflict(const struct inode *inode, struct lock_record *wanted)
{
	const struct lock_record *r = NULL;

	spin_lock(&lock);
	if (inode->locks)
		r = find_conflict(inode->locks, wanted);
	if (r)
		*wanted = *r;
	spin_unlock(&lock);
	return r;
}

int lock_set(struct inode *inode, const struct lock_record *wanted, bool wait)
{
	struct spares spares = {kmalloc(sizeof(struct lock_record)),
				kmalloc(sizeof(struct lock_record))};
	struct file_locks *new = kmalloc(sizeof(*new)), *locks;
	int error = spares.own && spares.rest && new ? 0 : -ENOLCK;

	if (!error) {
		spin_lock(&lock);
		locks = locks_use(inode, &new);
		if (wanted->kind == LOCK_WHOLE)
			give_up_other_type(locks, wanted);
		if (wanted->type != F_UNLCK)
			error = wait_for_range(locks, wanted, wait);
		if (!error)
			range_set(locks, wanted, &spares);
		locks_unuse(inode);
		spin_unlock(&lock);
	}
	kfree(spares.own);
	kfree(spares.rest);
	kfree(new);
	return error;
}

void locks_release(struct inode *inode, const void *owner)
{
	struct file_locks *none = NULL, *locks;
	struct lock_record *r, *next;

	spin_lock(&lock);
	locks = locks_use(inode, &none);
	if (locks) {
		list_for_each_safe (r, next, &locks->records, link)
			if (r->owner == owner)
				record_end(r);
		waitq_wake(&locks->changed, WAKE_ALL);
		locks_unuse(inode);
	}
	spin_unlock(&lock);
}

static void descriptor_closed(struct file *f, const struct fdtable *t)
{
	locks_release(f->inode, t);
}

static void file_closed(struct file *f)
{
	if (f->inode && f->inode->locks)
		locks_release(f->inode, f);
}

TABLE_ROW(file_hooks, struct file_hook){.descriptor_closed = descriptor_closed,
					.file_closed = file_closed};
