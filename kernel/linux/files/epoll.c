/*
 * epoll.c - epoll(7): many files watched at once, at a price that does not grow
 * with their number.
 *
 * poll(2) asks each file in each call.  An epoll instance keeps one item for
 * each file that it watches, which is told by the file's pollhead when
 * something has happened there; the item then goes to the list of those that
 * are ready.  epoll_wait(2) asks only the files on that list:
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
 * Which files are watched, and what becomes of an item whose file is closed, is
 * epoll_items.c's business; the system calls are in epoll_calls.c.
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
#include "uaccess.h"

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

void epoll_item_forget(struct epoll_item *item)
{
	spin_lock(&item->epoll->lock);
	ready_remove(item);
	spin_unlock(&item->epoll->lock);
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

/* While an item was off the list to be asked, a thread may have found the list
 * empty, and gone to sleep: what is left is for such a one. */
static void wake_another(struct epoll *ep)
{
	spin_lock(&ep->lock);
	if (!list_empty(&ep->ready))
		waitq_wake(&ep->waiters, 1);
	spin_unlock(&ep->lock);
}

void epoll_item_alert(struct epoll_item *item)
{
	struct epoll *ep = item->epoll;

	spin_lock(&ep->lock);
	if (epoll_item_is_armed(item)) {
		ready_add(item, false);
		waitq_wake(&ep->waiters, 1);
	}
	spin_unlock(&ep->lock);
	poll_notify(&ep->pollhead);
}

/* ---- waiting ---- */

/* A one-shot item wants nothing more. */
static void item_disarm(struct epoll_item *item)
{
	spin_lock(&item->epoll->lock);
	item->events &= EPOLL_MODES;
	spin_unlock(&item->epoll->lock);
}

/* Reports one item, if its file is ready.  1, 0, -EFAULT; needs the mutex. */
static int item_report(struct epoll_item *item, uintptr_t to)
{
	struct epoll_event event = {epoll_item_ask(item), item->data};

	if (!event.events)
		return 0;
	if (put_user(event, to)) {
		ready_put_back(item, true);
		return -EFAULT;
	}
	if (item->events & EPOLLONESHOT)
		item_disarm(item);
	else if (!(item->events & EPOLLET))
		ready_put_back(item, false);
	return 1;
}

/* Each item that is on the list now is looked at once, at most.  Under the
 * mutex all who are ready are on it: see has_ready(). */
static long report_ready(struct epoll *ep, uintptr_t events, unsigned int max)
{
	unsigned int looks, count = 0;
	struct epoll_item *item;
	int result = 0;

	core_mutex_lock(&ep->mutex);
	looks = __atomic_load_n(&ep->ready_count, __ATOMIC_RELAXED);
	for (; looks > 0 && count < max; looks--) {
		item = ready_take(ep);
		if (!item)
			break;
		result = item_report(
			item, events + count * sizeof(struct epoll_event));
		if (result < 0)
			break;
		count += result;
	}
	wake_another(ep);
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
		result = report_ready(ep, events, max);
		if (result || deadline == 0 || error == -ETIMEDOUT)
			return result;
		if (error)
			return -EINTR;
		error = sleep_until_ready(ep, deadline);
	}
}

/* ---- an instance as a file ---- */

void epoll_put(struct epoll *ep)
{
	if (__atomic_sub_fetch(&ep->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	kfree(ep->by_fd);
	kfree(ep);
}

/* Is any of those on the list really ready?  The others leave it.  The mutex is
 * taken before any look at the list: else one might see it empty while another
 * thread has its only item in hand, and would not be told when that is back. */
static bool has_ready(struct epoll *ep)
{
	struct epoll_item *item;
	bool found = false;

	core_mutex_lock(&ep->mutex);
	while (!found && (item = ready_take(ep))) {
		found = epoll_item_ask(item);
		if (found)
			ready_put_back(item, true);
	}
	wake_another(ep);
	core_mutex_unlock(&ep->mutex);
	return found;
}

static unsigned int epoll_poll(struct file *f, struct pollhead **head)
{
	struct epoll *ep = f->object;

	*head = &ep->pollhead;
	return has_ready(ep) ? poll_with_normal(POLLIN) : 0;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->object;

	core_mutex_lock(&ep->mutex);
	for (unsigned int fd = 0; fd < ep->capacity; fd++)
		while (ep->by_fd[fd])
			epoll_item_destroy(ep->by_fd[fd]);
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
