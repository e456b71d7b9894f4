/*
 * epoll.c - epoll(7): many files watched at once, at a price that does not grow
 * with their number.
 *
 * poll(2) asks each file in each call.  An epoll instance keeps one item for
 * each file that it watches, which is told by the file's pollhead when
 * something has happened there; the item then goes to the list of those that
 *are ready. epoll_wait(2) asks only the files on that list:
 *
 *	pollhead A --- item 1 \
 *	pollhead B --- item 2  -> ready: item 2, item 3 -> epoll_wait()
 *	pollhead C --- item 3 /
 *
 * That an item is on the list means that it may be ready: a file is asked
 * before it is reported.  What happens to the item then is its mode.
 * Level-triggered, the usual one: it goes back to the end of the list, and
 * leaves it when the next call finds it not ready.  Edge-triggered: it comes
 * back when the file has something to tell again.  One-shot: when it is armed
 * anew by EPOLL_CTL_MOD.
 *
 * An instance is a file, and has a pollhead itself; so it may be watched by
 * another one.  Circles are refused.
 *
 * Items have no reference of their files, or none would ever be closed.  A file
 * knows the items instead (file->epolls), and when its last reference goes they
 * go first, under the mutex of the instance; so a file whose item is found
 * under that mutex is there.
 *
 * Locks, from the outside to the inside:
 *
 *	nesting_lock	one instance joins another: no other does meanwhile
 *	mutex		which items there are, what they want; an outer
 *			instance's before an inner one's
 *	items_lock	the lists of items that files have
 *	(a pollhead)
 *	lock		the ready list
 *
 * Source: Linux, epoll(7), epoll_ctl(2), epoll_wait(2).
 */
#include "epoll.h"
#include "errno.h"
#include "heap.h"
#include "poll.h"
#include "string.h"
#include "uaccess.h"

static struct spinlock items_lock = SPINLOCK_INIT("epoll items");

/* ---- the ready list ---- */

/* Needs the instance's lock. */
static void ready_add(struct epoll_item *item, bool first)
{
	struct epoll *ep = item->epoll;

	if (item->is_ready)
		return;
	item->is_ready = true;
	if (first)
		list_push_front(&ep->ready, &item->ready_link);
	else
		list_push_back(&ep->ready, &item->ready_link);
	ep->ready_count++;
}

static void ready_remove(struct epoll_item *item)
{
	if (!item->is_ready)
		return;
	item->is_ready = false;
	list_remove(&item->ready_link);
	item->epoll->ready_count--;
}

static void ready_put_back(struct epoll_item *item, bool first)
{
	spin_lock(&item->epoll->lock);
	ready_add(item, first);
	spin_unlock(&item->epoll->lock);
}

/* From before the look at the file on, a new event brings it back. */
static struct epoll_item *ready_take(struct epoll *ep)
{
	struct epoll_item *item = NULL;

	spin_lock(&ep->lock);
	if (!list_empty(&ep->ready)) {
		item = list_first(&ep->ready, struct epoll_item, ready_link);
		ready_remove(item);
	}
	spin_unlock(&ep->lock);
	return item;
}

static unsigned int ready_count(struct epoll *ep)
{
	return *(volatile unsigned int *)&ep->ready_count;
}

/* A one-shot item that has been reported wants nothing. */
static bool is_armed(const struct epoll_item *item)
{
	return item->events & ~EPOLL_MODES;
}

/* Something may have happened: any context. */
static void item_alert(struct epoll_item *item)
{
	struct epoll *ep = item->epoll;

	spin_lock(&ep->lock);
	if (is_armed(item)) {
		ready_add(item, false);
		waitq_wake(&ep->waiters, 1);
	}
	spin_unlock(&ep->lock);
	poll_notify(&ep->pollhead);
}

static void item_notified(struct poll_watcher *w)
{
	item_alert(container_of(w, struct epoll_item, watcher));
}

/* ---- items: all need the instance's mutex ---- */

/* What the file has now of what is wanted. */
static uint32_t item_ask(const struct epoll_item *item)
{
	struct pollhead *head;

	if (!is_armed(item))
		return 0;
	return item->file->ops->poll(item->file, &head) & item->events;
}

static struct epoll_item *item_find(const struct epoll *ep, unsigned int fd,
				    const struct file *f)
{
	struct epoll_item *item;

	item = fd < ep->capacity ? ep->by_fd[fd] : NULL;
	while (item && item->file != f)
		item = item->same_fd;
	return item;
}

/* Room for a descriptor's items. */
static int reserve(struct epoll *ep, unsigned int fd)
{
	unsigned int capacity = MAX(ep->capacity, 16u);
	struct epoll_item **by_fd;

	while (capacity <= fd)
		capacity *= 2;
	if (capacity == ep->capacity)
		return 0;
	by_fd = kzalloc(capacity * sizeof(struct epoll_item *));
	if (!by_fd)
		return -ENOMEM;
	if (ep->by_fd)
		memcpy(by_fd, ep->by_fd, ep->capacity * sizeof(*by_fd));
	kfree(ep->by_fd);
	ep->by_fd = by_fd;
	ep->capacity = capacity;
	return 0;
}

static void item_link(struct epoll_item *item)
{
	struct epoll_item **chain = &item->epoll->by_fd[item->fd];

	item->same_fd = *chain;
	*chain = item;
	spin_lock(&items_lock);
	item->same_file = item->file->epolls;
	item->file->epolls = item;
	spin_unlock(&items_lock);
}

static void item_unlink(struct epoll_item *item)
{
	struct epoll_item **link = &item->epoll->by_fd[item->fd];

	while (*link != item)
		link = &(*link)->same_fd;
	*link = item->same_fd;
	spin_lock(&items_lock);
	link = &item->file->epolls;
	while (*link != item)
		link = &(*link)->same_file;
	*link = item->same_file;
	spin_unlock(&items_lock);
}

int epoll_add(struct epoll *ep, struct file *f, unsigned int fd,
	      const struct epoll_event *event)
{
	struct pollhead *head = NULL;
	struct epoll_item *item;

	if (item_find(ep, fd, f))
		return -EEXIST;
	item = reserve(ep, fd) ? NULL : kzalloc(sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->epoll = ep;
	item->file = f;
	item->fd = fd;
	item->watcher.notify = item_notified;
	item->events = event->events | POLLERR | POLLHUP;
	item->data = event->data;
	item_link(item);
	f->ops->poll(f, &head);
	poll_watch(&item->watcher, head);
	if (item_ask(item))
		item_alert(item);
	return 0;
}

int epoll_modify(struct epoll *ep, struct file *f, unsigned int fd,
		 const struct epoll_event *event)
{
	struct epoll_item *item = item_find(ep, fd, f);

	if (!item)
		return -ENOENT;
	spin_lock(&ep->lock);
	item->events = event->events | POLLERR | POLLHUP;
	item->data = event->data;
	spin_unlock(&ep->lock);
	if (item_ask(item))
		item_alert(item);
	return 0;
}

static void item_destroy(struct epoll_item *item)
{
	poll_unwatch(&item->watcher);
	spin_lock(&item->epoll->lock);
	ready_remove(item);
	spin_unlock(&item->epoll->lock);
	item_unlink(item);
	kfree(item);
}

int epoll_remove(struct epoll *ep, struct file *f, unsigned int fd)
{
	struct epoll_item *item = item_find(ep, fd, f);

	if (!item)
		return -ENOENT;
	item_destroy(item);
	return 0;
}

/* ---- who watches a file ---- */

unsigned int epoll_watchers(const struct file *f)
{
	unsigned int count = 0;

	spin_lock(&items_lock);
	for (const struct epoll_item *i = f->epolls; i; i = i->same_file)
		count++;
	spin_unlock(&items_lock);
	return count;
}

/* Recursive: chains are short.  Needs items_lock. */
static unsigned int levels_above(const struct epoll *ep)
{
	unsigned int most = 0;

	for (const struct epoll_item *i = ep->file->epolls; i; i = i->same_file)
		most = MAX(most, levels_above(i->epoll));
	return most + 1;
}

unsigned int epoll_levels_above(const struct epoll *ep)
{
	unsigned int levels;

	spin_lock(&items_lock);
	levels = levels_above(ep);
	spin_unlock(&items_lock);
	return levels;
}

/* ---- files that are closed ---- */

static void epoll_put(struct epoll *ep)
{
	if (__atomic_sub_fetch(&ep->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	kfree(ep->by_fd);
	kfree(ep);
}

/* An instance that watches the file, with a reference, or NULL. */
static struct epoll *watcher_of(const struct file *f)
{
	struct epoll *ep = NULL;

	spin_lock(&items_lock);
	if (f->epolls) {
		ep = f->epolls->epoll;
		__atomic_fetch_add(&ep->refs, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&items_lock);
	return ep;
}

/* The instance's first item for this file, or NULL; needs its mutex. */
static struct epoll_item *item_of(const struct epoll *ep, const struct file *f)
{
	struct epoll_item *item;

	spin_lock(&items_lock);
	item = f->epolls;
	while (item && item->epoll != ep)
		item = item->same_file;
	spin_unlock(&items_lock);
	return item;
}

void epoll_file_closed(struct file *f)
{
	struct epoll_item *item;
	struct epoll *ep;

	while ((ep = watcher_of(f))) {
		core_mutex_lock(&ep->mutex);
		while ((item = item_of(ep, f)))
			item_destroy(item);
		core_mutex_unlock(&ep->mutex);
		epoll_put(ep);
	}
}

/* ---- waiting ---- */

/* Reports one item, if its file is ready.  1, 0, -EFAULT; needs the mutex. */
static int report(struct epoll_item *item, uintptr_t to)
{
	struct epoll_event event = {item_ask(item), item->data};

	if (!event.events)
		return 0;
	if (put_user(event, to)) {
		ready_put_back(item, true);
		return -EFAULT;
	}
	if (item->events & EPOLLONESHOT)
		item->events &= EPOLL_MODES;
	else if (!(item->events & EPOLLET))
		ready_put_back(item, false);
	return 1;
}

/* Each item that is on the list now is looked at once, at most. */
static long report_ready(struct epoll *ep, uintptr_t events, unsigned int max)
{
	unsigned int looks, count = 0;
	struct epoll_item *item;
	int result = 0;

	core_mutex_lock(&ep->mutex);
	for (looks = ready_count(ep); looks > 0 && count < max; looks--) {
		item = ready_take(ep);
		if (!item)
			break;
		result = report(item,
				events + count * sizeof(struct epoll_event));
		if (result < 0)
			break;
		count += result;
	}
	/* What is left is for another thread that waits. */
	spin_lock(&ep->lock);
	if (count > 0 && !list_empty(&ep->ready))
		waitq_wake(&ep->waiters, 1);
	spin_unlock(&ep->lock);
	core_mutex_unlock(&ep->mutex);
	return count > 0 ? (long)count : result;
}

static int sleep_until_ready(struct epoll *ep, uint64_t deadline)
{
	int error = 0;

	spin_lock(&ep->lock);
	while (list_empty(&ep->ready) && !error)
		error = waitq_sleep_until(&ep->waiters, &ep->lock, deadline,
					  WAIT_INTERRUPTIBLE | WAIT_OUTSIDE);
	spin_unlock(&ep->lock);
	return error;
}

long epoll_wait_events(struct epoll *ep, uintptr_t events, unsigned int max,
		       uint64_t deadline)
{
	long result;
	int error = 0;

	for (;;) {
		result = ready_count(ep) ? report_ready(ep, events, max) : 0;
		if (result || deadline == 0 || error == -ETIMEDOUT)
			return result;
		if (error)
			return -EINTR;
		error = sleep_until_ready(ep, deadline);
	}
}

/* ---- an instance as a file ---- */

/* Is any of those on the list really ready?  The others leave it. */
static bool has_ready(struct epoll *ep)
{
	struct epoll_item *item;
	bool found = false;

	core_mutex_lock(&ep->mutex);
	while (!found && (item = ready_take(ep))) {
		found = item_ask(item);
		if (found)
			ready_put_back(item, true);
	}
	core_mutex_unlock(&ep->mutex);
	return found;
}

static unsigned int epoll_poll(struct file *f, struct pollhead **head)
{
	struct epoll *ep = f->object;

	*head = &ep->pollhead;
	return ready_count(ep) && has_ready(ep) ? poll_with_normal(POLLIN) : 0;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->object;

	core_mutex_lock(&ep->mutex);
	for (unsigned int fd = 0; fd < ep->capacity; fd++)
		while (ep->by_fd[fd])
			item_destroy(ep->by_fd[fd]);
	core_mutex_unlock(&ep->mutex);
	epoll_put(ep);
}

const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.release = epoll_release,
};

struct file *epoll_file_create(void)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	struct file *f;

	if (!ep)
		return NULL;
	f = file_create(&epoll_ops, O_RDWR);
	if (!f) {
		kfree(ep);
		return NULL;
	}
	ep->refs = 1;
	ep->file = f;
	core_mutex_init(&ep->mutex, "epoll");
	spin_init(&ep->lock, "epoll");
	list_init(&ep->ready);
	waitq_init(&ep->waiters, "epoll");
	pollhead_init(&ep->pollhead);
	f->object = ep;
	return f;
}
