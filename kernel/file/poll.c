/*
 * poll.c - poll(2), ppoll(2), and the engine that select(2) uses as well.
 *
 * At first each file is simply asked.  When one is ready, or the caller does
 * not want to wait, that is all: one call a file, no memory, no list.
 *
 * Else the caller becomes a poller of every file's pollhead, asks again (since
 * something may have happened before it was on the lists), and sleeps until one
 * of them calls poll_notify(), or until the deadline; then it asks all anew.
 *
 *	pollhead A  <->  watch 0 \
 *	pollhead B  <->  watch 1  ->  poller: woken, and its wait queue
 *	pollhead C  <->  watch 2 /
 *
 * Others watch pollheads as well: epoll_items.c.  A watch needs the lock of its
 * pollhead; `woken` and the queue need the poller's.  The order of locks: the
 * object, its pollhead, the poller.
 */
#include "poll.h"
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"

#define FEW 16 /* so many need no memory from the heap */

struct poller {
	struct spinlock lock;
	struct waitq waitq;
	bool woken; /* needs lock */
};

struct watch {
	struct poll_watcher watcher;
	struct poller *poller;
	struct file *file; /* a reference */
};

/* ---- pollheads ---- */

void pollhead_init(struct pollhead *head)
{
	spin_init(&head->lock, "pollhead");
	list_init(&head->watchers);
}

/*
 * Mostly nobody polls, which is seen without the lock.  The fence keeps the
 * change of the object's state before the look at the list (SDM 3A, 8.2.3.4);
 * a poller does the reverse: it joins the list, and then looks at the state,
 * with a fence between, for some objects are looked at without a lock.
 */
void poll_notify(struct pollhead *head)
{
	struct poll_watcher *w;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&head->watchers))
		return;
	spin_lock(&head->lock);
	list_for_each (w, &head->watchers, link)
		w->notify(w);
	spin_unlock(&head->lock);
}

void poll_watch(struct poll_watcher *w, struct pollhead *head)
{
	w->head = head;
	if (!head)
		return;
	spin_lock(&head->lock);
	list_push_back(&head->watchers, &w->link);
	spin_unlock(&head->lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void poll_unwatch(struct poll_watcher *w)
{
	if (!w->head)
		return;
	spin_lock(&w->head->lock);
	list_remove(&w->link);
	spin_unlock(&w->head->lock);
}

/* ---- asking ---- */

/* A file that cannot say is always ready: poll(2) on a regular file. */
static inline unsigned int file_poll(struct file *f, struct pollhead **head)
{
	if (f->ops->poll)
		return f->ops->poll(f, head);
	return f->flags & O_PATH ? POLLNVAL
				 : poll_with_normal(POLLIN | POLLOUT);
}

static inline unsigned int wanted(const struct pollfd *p, unsigned int events)
{
	return events & ((uint16_t)p->events | POLLERR | POLLHUP | POLLNVAL);
}

static inline unsigned int file_ask(const struct pollfd *p, struct file *f)
{
	struct pollhead *head;

	return f ? wanted(p, file_poll(f, &head)) : POLLNVAL;
}

/* Each file once, without waiting: how many are ready.  This loop is what
 * poll(2) costs for each descriptor, so it does no more than it must. */
static unsigned int ask_private(struct pollfd *fds, unsigned int count,
				const struct fdtable *t)
{
	struct file *const *files = t->files;
	unsigned int capacity = t->capacity, ready = 0;

	for (struct pollfd *p = fds; p < fds + count; p++) {
		unsigned int fd = p->fd, events = 0;

		if (likely(fd < capacity))
			events = file_ask(p, files[fd]);
		else if (p->fd >= 0)
			events = POLLNVAL;
		p->revents = events;
		ready += events != 0;
	}
	return ready;
}

/* The same, when another thread may close a file meanwhile. */
static unsigned int ask_shared(struct pollfd *fds, unsigned int count)
{
	unsigned int ready = 0;

	for (struct pollfd *p = fds; p < fds + count; p++) {
		struct file *f = p->fd < 0 ? NULL : fd_get(p->fd);

		p->revents = p->fd < 0 ? 0 : file_ask(p, f);
		ready += p->revents != 0;
		if (f)
			file_put(f);
	}
	return ready;
}

static unsigned int ask_once(struct pollfd *fds, unsigned int count)
{
	const struct fdtable *t = current->proc->files;

	return fd_table_is_private(t) ? ask_private(fds, count, t)
				      : ask_shared(fds, count);
}

/* The same for files that are watched. */
static unsigned int ask_watched(struct pollfd *fds, unsigned int count,
				const struct watch *watches)
{
	unsigned int ready = 0;

	for (unsigned int i = 0; i < count; i++) {
		fds[i].revents =
			fds[i].fd < 0 ? 0 : file_ask(&fds[i], watches[i].file);
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* ---- waiting ---- */

static void poller_wake(struct poll_watcher *watcher)
{
	struct poller *p = container_of(watcher, struct watch, watcher)->poller;

	spin_lock(&p->lock);
	p->woken = true;
	waitq_wake(&p->waitq, 1);
	spin_unlock(&p->lock);
}

static void watch_end(struct watch *w)
{
	poll_unwatch(&w->watcher);
	if (w->file)
		file_put(w->file);
}

static int poller_sleep(struct poller *p, uint64_t deadline)
{
	int error = 0;

	spin_lock(&p->lock);
	while (!p->woken && !error)
		error = waitq_sleep_until(&p->waitq, &p->lock, deadline,
					  WAIT_INTERRUPTIBLE | WAIT_OUTSIDE);
	p->woken = false;
	spin_unlock(&p->lock);
	return error;
}

static void watch_all(struct pollfd *fds, unsigned int count,
		      struct watch *watches, struct poller *poller)
{
	for (unsigned int i = 0; i < count; i++) {
		struct pollhead *head = NULL;

		watches[i].file = fds[i].fd < 0 ? NULL : fd_get(fds[i].fd);
		if (watches[i].file)
			file_poll(watches[i].file, &head);
		watches[i].poller = poller;
		watches[i].watcher.notify = poller_wake;
		poll_watch(&watches[i].watcher, head);
	}
}

/* How many are ready; 0 at the deadline; -EINTR. */
static long wait_for_any(struct pollfd *fds, unsigned int count,
			 struct watch *watches, uint64_t deadline)
{
	struct poller poller = {.woken = false};
	unsigned int ready;
	int error = 0;

	spin_init(&poller.lock, "poller");
	waitq_init(&poller.waitq, "poll");
	watch_all(fds, count, watches, &poller);
	while ((ready = ask_watched(fds, count, watches)) == 0 && !error)
		error = poller_sleep(&poller, deadline);
	for (unsigned int i = 0; i < count; i++)
		watch_end(&watches[i]);
	if (ready)
		return ready;
	return error == -ETIMEDOUT ? 0 : -EINTR;
}

long poll_files(struct pollfd *fds, unsigned int count, uint64_t deadline)
{
	struct watch few[FEW], *watches = few;
	unsigned int ready = ask_once(fds, count);
	long result;

	if (ready || deadline == 0)
		return ready;
	if (count > FEW)
		watches = kmalloc(count * sizeof(*watches));
	if (!watches)
		return -ENOMEM;
	result = wait_for_any(fds, count, watches, deadline);
	if (watches != few)
		kfree(watches);
	return result;
}

/* ---- the system calls ---- */

long poll_user(uintptr_t list, uint64_t count, uint64_t deadline)
{
	struct pollfd few[FEW], *fds = few;
	size_t size = count * sizeof(*fds);
	long result;

	if (count > fd_limit())
		return -EINVAL;
	if (count > FEW)
		fds = kmalloc(size);
	if (!fds)
		return -ENOMEM;
	result = copy_from_user(fds, list, size);
	if (!result)
		result = poll_files(fds, count, deadline);
	if (result >= 0 && copy_to_user(list, fds, size))
		result = -EFAULT;
	if (fds != few)
		kfree(fds);
	return result;
}

/* A time-out in milliseconds; a negative one means for ever. */
long sys_poll(uintptr_t fds, unsigned int nfds, int timeout)
{
	uint64_t deadline = 0;

	if (timeout < 0)
		deadline = WAIT_FOREVER;
	else if (timeout > 0)
		deadline = time_ns() + timeout * NSEC_PER_MSEC;
	return poll_user(fds, nfds, deadline);
}
