/*
 * eventfd.c - eventfd(2): a counter that is a file.
 *
 * write(2) adds to it, and waits while the sum would not fit; read(2) takes all
 * of it, or one with EFD_SEMAPHORE, and waits while it is 0.  A program that
 * sits in poll(2) or epoll_wait(2) can so be woken by another thread.
 *
 * The lock guards the counter.  It is taken, and given back if the copy to the
 * program fails: nothing is lost, and no spinlock is held while copying.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "poll.h"
#include "syscall.h"
#include "uaccess.h"

#define EFD_SEMAPHORE 1u

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	bool semaphore; /* set once */

	struct spinlock lock;
	/* Needs lock. */
	uint64_t count;
	struct waitq changed;
	struct pollhead pollhead;
};

/* Needs the lock; there is room. */
static void eventfd_add(struct eventfd *e, uint64_t value)
{
	e->count += value;
	waitq_wake(&e->changed, WAKE_ALL);
	poll_notify(&e->pollhead);
}

/* Needs the lock, and gives it up.  0, -EAGAIN, -ERESTARTSYS. */
static int wait_for_change(struct eventfd *e, const struct file *f)
{
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return waitq_sleep_until(&e->changed, &e->lock, WAIT_FOREVER,
				 WAIT_INTERRUPTIBLE);
}

static int eventfd_take(struct eventfd *e, const struct file *f,
			uint64_t *value)
{
	int error = 0;

	spin_lock(&e->lock);
	while (e->count == 0 && !error)
		error = wait_for_change(e, f);
	if (!error) {
		*value = e->semaphore ? 1 : e->count;
		eventfd_add(e, -*value);
	}
	spin_unlock(&e->lock);
	return error;
}

/* Another may have written meanwhile: what does not fit is then lost. */
static void give_back(struct eventfd *e, uint64_t value)
{
	spin_lock(&e->lock);
	eventfd_add(e, MIN(value, COUNT_MAX - e->count));
	spin_unlock(&e->lock);
}

static long eventfd_read(struct file *f, uintptr_t buf, size_t len,
			 uint64_t *pos)
{
	struct eventfd *e = f->object;
	uint64_t value;
	int error;

	if (len < sizeof(value))
		return -EINVAL;
	error = eventfd_take(e, f, &value);
	if (error)
		return error;
	if (put_user(value, buf)) {
		give_back(e, value);
		return -EFAULT;
	}
	return sizeof(value);
}

static long eventfd_write(struct file *f, uintptr_t buf, size_t len,
			  uint64_t *pos)
{
	struct eventfd *e = f->object;
	uint64_t value;
	int error = 0;

	if (len < sizeof(value))
		return -EINVAL;
	if (get_user(value, buf))
		return -EFAULT;
	if (value > COUNT_MAX)
		return -EINVAL;
	spin_lock(&e->lock);
	while (value > COUNT_MAX - e->count && !error)
		error = wait_for_change(e, f);
	if (!error)
		eventfd_add(e, value);
	spin_unlock(&e->lock);
	return error ? error : (long)sizeof(value);
}

static unsigned int eventfd_poll(struct file *f, struct pollhead **head)
{
	struct eventfd *e = f->object;
	uint64_t count = *(volatile uint64_t *)&e->count;

	*head = &e->pollhead;
	return (count > 0 ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void eventfd_release(struct file *f)
{
	kfree(f->object);
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
};

/* ---- the system calls ---- */

static struct file *eventfd_create(uint64_t count, unsigned int flags)
{
	struct eventfd *e = kmalloc(sizeof(*e));
	struct file *f;

	if (!e)
		return NULL;
	f = file_create(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK));
	if (!f) {
		kfree(e);
		return NULL;
	}
	e->semaphore = flags & EFD_SEMAPHORE;
	e->count = count;
	spin_init(&e->lock, "eventfd");
	waitq_init(&e->changed, "eventfd");
	pollhead_init(&e->pollhead);
	f->object = e;
	return f;
}

static long eventfd_open(uint32_t count, unsigned int flags)
{
	struct file *f;
	long fd;

	if (flags & ~(EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	f = eventfd_create(count, flags);
	if (!f)
		return -ENOMEM;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_eventfd(unsigned int count)
{
	return eventfd_open(count, 0);
}

long sys_eventfd2(unsigned int count, int flags)
{
	return eventfd_open(count, flags);
}
