/*
 * epoll_items.c - which files an epoll instance watches: its items, and
 * how they come and go.
 *
 * An item belongs to two lists.  The instance finds it by its descriptor, in
 * by_fd, where several may have the same number: a file that was closed under
 * its number may live on under another one.  The file finds it by file->epolls:
 *
 *	instance	by_fd[5] -> item -> item	same_fd
 *	file		epolls   -> item -> item	same_file
 *
 * Items have no reference of their files, or none would ever be closed.  When a
 * file's last reference goes its items go first, under the mutex of their
 * instance; so a file whose item is found under that mutex is there.
 *
 * All functions need the instance's mutex but those that begin with a file; for
 * the order of locks see epoll.c.
 */
#include "epoll.h"
#include "errno.h"
#include "heap.h"
#include "poll.h"
#include "string.h"

static struct spinlock items_lock = SPINLOCK_INIT("epoll items");

static void item_notified(struct poll_watcher *w)
{
	epoll_item_alert(container_of(w, struct epoll_item, watcher));
}

uint32_t epoll_item_ask(const struct epoll_item *item)
{
	struct pollhead *head;

	if (!epoll_item_is_armed(item))
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
static int items_reserve(struct epoll *ep, unsigned int fd)
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
	item = items_reserve(ep, fd) ? NULL : kzalloc(sizeof(*item));
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
	if (epoll_item_ask(item))
		epoll_item_alert(item);
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
	if (epoll_item_ask(item))
		epoll_item_alert(item);
	return 0;
}

void epoll_item_destroy(struct epoll_item *item)
{
	poll_unwatch(&item->watcher);
	epoll_item_forget(item);
	item_unlink(item);
	kfree(item);
}

int epoll_remove(struct epoll *ep, struct file *f, unsigned int fd)
{
	struct epoll_item *item = item_find(ep, fd, f);

	if (!item)
		return -ENOENT;
	epoll_item_destroy(item);
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

/* The file has no references any more. */
static void file_closed(struct file *f)
{
	struct epoll_item *item;
	struct epoll *ep;

	while ((ep = watcher_of(f))) {
		core_mutex_lock(&ep->mutex);
		while ((item = item_of(ep, f)))
			epoll_item_destroy(item);
		core_mutex_unlock(&ep->mutex);
		epoll_put(ep);
	}
}

TABLE_ROW(file_hooks, struct file_hook){.file_closed = file_closed};
