/*
 * epoll_calls.c - the system calls of epoll(7); the engine is epoll.c.
 *
 * They check what the program has given.  And they keep instances from watching
 * one another in a circle, in which an event would go round for ever: before
 * one joins another, everything below it is searched.
 */
#include "epoll.h"
#include "errno.h"
#include "fd_table.h"
#include "init.h"
#include "poll.h"
#include "poll_timeout.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"

enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL, EPOLL_CTL_MOD };

#define MAX_LEVELS 5    /* instances in a chain */
#define MAX_WATCHERS 10 /* instances that watch the same one */
#define MAX_EVENTS (INT32_MAX / sizeof(struct epoll_event))

static struct core_mutex nesting_lock;

static void epoll_init(void)
{
	core_mutex_init(&nesting_lock, "epoll nesting");
}

INIT(INIT_PARTS, epoll_init);

static struct epoll *epoll_of(const struct file *f)
{
	return f->ops == &epoll_ops ? f->object : NULL;
}

/* ---- making one ---- */

static long epoll_open(unsigned int flags)
{
	struct file *f;
	long fd;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	f = epoll_file_create();
	if (!f)
		return -ENOMEM;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* The size is a hint from old times. */
long sys_epoll_create(int size)
{
	return size > 0 ? epoll_open(0) : -EINVAL;
}

long sys_epoll_create1(int flags)
{
	return epoll_open(flags);
}

/* ---- circles ---- */

/*
 * The most instances in a chain that begins at `ep`; MAX_LEVELS + 1 when there
 * are more, or `outer` is among them.  An instance that many watch is searched
 * once.  Needs nesting_lock; recursive, as deep as chains may be.
 */
static unsigned int levels_below(struct epoll *ep, const struct epoll *outer,
				 unsigned int search)
{
	unsigned int most = 0;

	if (ep == outer)
		return MAX_LEVELS + 1;
	if (ep->search == search)
		return ep->levels;
	core_mutex_lock(&ep->mutex);
	for (unsigned int fd = 0; fd < ep->capacity; fd++) {
		const struct epoll_item *item = ep->by_fd[fd];

		for (; item; item = item->same_fd)
			if (epoll_of(item->file))
				most = MAX(most,
					   levels_below(epoll_of(item->file),
							outer, search));
	}
	core_mutex_unlock(&ep->mutex);
	ep->search = search;
	ep->levels = MIN(most, MAX_LEVELS + 0u) + 1;
	return ep->levels;
}

/* Needs nesting_lock.  -ELOOP: a circle, or too deep; -EINVAL: an event would
 * go too many ways. */
static int may_join(const struct epoll *ep, const struct file *f)
{
	static unsigned int searches;

	if (epoll_watchers(f) >= MAX_WATCHERS)
		return -EINVAL;
	if (epoll_levels_above(ep) + levels_below(epoll_of(f), ep, ++searches) >
	    MAX_LEVELS)
		return -ELOOP;
	return 0;
}

/* ---- epoll_ctl ---- */

static int item_change(struct epoll *ep, int op, struct file *f,
		       unsigned int fd, const struct epoll_event *event)
{
	int error;

	core_mutex_lock(&ep->mutex);
	if (op == EPOLL_CTL_ADD)
		error = epoll_add(ep, f, fd, event);
	else if (op == EPOLL_CTL_MOD)
		error = epoll_modify(ep, f, fd, event);
	else
		error = epoll_remove(ep, f, fd);
	core_mutex_unlock(&ep->mutex);
	return error;
}

static int item_add(struct epoll *ep, struct file *f, unsigned int fd,
		    const struct epoll_event *event)
{
	int error;

	core_mutex_lock(&nesting_lock);
	error = may_join(ep, f);
	if (!error)
		error = item_change(ep, EPOLL_CTL_ADD, f, fd, event);
	core_mutex_unlock(&nesting_lock);
	return error;
}

static int epoll_control(struct file *epf, int op, struct file *f,
			 unsigned int fd, const struct epoll_event *event)
{
	struct epoll *ep = epoll_of(epf);

	if (f->flags & O_PATH)
		return -EBADF; /* a place, and no file */
	if (!f->ops->poll)
		return -EPERM; /* it is always ready */
	if (!ep || epf == f || op < EPOLL_CTL_ADD || op > EPOLL_CTL_MOD)
		return -EINVAL;
	if (op == EPOLL_CTL_MOD && (event->events & EPOLLEXCLUSIVE))
		return -EINVAL;
	if (op == EPOLL_CTL_ADD && epoll_of(f))
		return item_add(ep, f, fd, event);
	return item_change(ep, op, f, fd, event);
}

long sys_epoll_ctl(int epfd, int op, int fd, uintptr_t event_addr)
{
	struct epoll_event event = {0};
	struct file *epf, *file;
	long result = -EBADF;

	if (op != EPOLL_CTL_DEL && get_user(event, event_addr))
		return -EFAULT;
	epf = fd_get(epfd);
	file = fd_get(fd);
	if (epf && file)
		result = epoll_control(epf, op, file, fd, &event);
	if (file)
		file_put(file);
	if (epf)
		file_put(epf);
	return result;
}

/* ---- epoll_wait ---- */

static long wait_for(int fd, uintptr_t events, int max, uint64_t deadline)
{
	struct file *f = fd_get(fd);
	long result = -EINVAL;

	if (!f)
		return -EBADF;
	if (epoll_of(f) && max > 0 && (unsigned int)max <= MAX_EVENTS)
		result = epoll_wait_events(f->object, events, max, deadline);
	file_put(f);
	return result;
}

/* Milliseconds; a negative number means for ever. */
static uint64_t deadline_after(int timeout)
{
	if (timeout < 0)
		return WAIT_FOREVER;
	return timeout ? time_ns() + timeout * NSEC_PER_MSEC : 0;
}

long sys_epoll_wait(int epfd, uintptr_t events, int max, int timeout)
{
	return wait_for(epfd, events, max, deadline_after(timeout));
}

long sys_epoll_pwait(int epfd, uintptr_t events, int max, int timeout,
		     uintptr_t mask, size_t mask_size)
{
	uint64_t old_mask;
	long result = poll_mask_begin(mask, mask_size, &old_mask);

	if (result)
		return result;
	result = wait_for(epfd, events, max, deadline_after(timeout));
	poll_mask_end(old_mask);
	return result;
}

/* The same with a struct timespec. */
long sys_epoll_pwait2(int epfd, uintptr_t events, int max,
		      uintptr_t timeout_addr, uintptr_t mask, size_t mask_size)
{
	struct poll_timeout timeout;
	uint64_t old_mask;
	long result = poll_timeout_read(&timeout, timeout_addr, 1);

	if (!result)
		result = poll_mask_begin(mask, mask_size, &old_mask);
	if (result)
		return result;
	result = wait_for(epfd, events, max, timeout.deadline);
	poll_mask_end(old_mask);
	return result;
}
