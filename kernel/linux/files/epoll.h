/*
 * epoll.h - the engine of epoll(7), for its system calls.
 */
#ifndef EPOLL_H
#define EPOLL_H

#include "fs.h"
#include "spinlock.h"
#include "types.h"
#include "waitq.h"

#define EPOLLEXCLUSIVE (1u << 28) /* a hint, which we do not take */
#define EPOLLWAKEUP (1u << 29)    /* no power is saved here */
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)

/* Bits that are no events. */
#define EPOLL_MODES (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

struct epoll_event { /* as in epoll_ctl(2) */
	uint32_t events;
	uint64_t data;
} __attribute__((packed)); /* so it is on x86-64 */

struct epoll_item {
	/* Set once. */
	struct epoll *epoll;
	struct file *file; /* no reference */
	unsigned int fd;   /* as which it was added */

	struct poll_watcher watcher;

	/* Needs epoll->mutex. */
	struct epoll_item *same_fd; /* another file with that number */
	uint64_t data;
	uint32_t events; /* also needs epoll->lock, to be changed */

	struct epoll_item *same_file; /* needs items_lock */

	/* Needs epoll->lock. */
	struct list_head ready_link;
	bool is_ready; /* is it on the list? */
};

struct epoll {
	unsigned int refs; /* atomic */
	struct file *file; /* set once; no reference */

	/* Of the search for circles; needs nesting_lock. */
	unsigned int search, levels;

	struct core_mutex mutex;
	/* Needs mutex. */
	unsigned int capacity;
	struct epoll_item **by_fd; /* [capacity], lists by same_fd */

	struct spinlock lock;
	/* Needs lock. */
	struct list_head ready;
	unsigned int ready_count;
	struct waitq waiters;
	struct pollhead pollhead;
};

extern const struct file_ops epoll_ops;

/* With one reference; NULL: out of memory. */
struct file *epoll_file_create(void);

/* ---- epoll_items.c ---- */

/* Need ep->mutex.  -EEXIST, -ENOENT, -ENOMEM. */
int epoll_add(struct epoll *ep, struct file *f, unsigned int fd,
	      const struct epoll_event *event);
int epoll_modify(struct epoll *ep, struct file *f, unsigned int fd,
		 const struct epoll_event *event);
int epoll_remove(struct epoll *ep, struct file *f, unsigned int fd);

/* How many instances watch this file; and the most of them, itself counted, in
 * a chain that ends at this instance. */
unsigned int epoll_watchers(const struct file *f);
unsigned int epoll_levels_above(const struct epoll *ep);

/* Need the instance's mutex: the end of an item; and what its file has now of
 * what is wanted. */
void epoll_item_destroy(struct epoll_item *item);
uint32_t epoll_item_ask(const struct epoll_item *item);

/* ---- epoll.c ---- */

/* A one-shot item that has been reported wants nothing. */
static inline bool epoll_item_is_armed(const struct epoll_item *item)
{
	return item->events & ~EPOLL_MODES;
}

/* Something may have happened to its file; any context. */
void epoll_item_alert(struct epoll_item *item);

/* It leaves the list of those that may be ready. */
void epoll_item_forget(struct epoll_item *item);

/* Gives a reference back. */
void epoll_put(struct epoll *ep);

/* How many events went to the program, at most max; 0 at the deadline
 * (time_ns(); 0: at once).  -EINTR, -EFAULT.  Sleeps. */
long epoll_wait_events(struct epoll *ep, uintptr_t events, unsigned int max,
		       uint64_t deadline);

#endif
