/*
 * pty.c - pseudo-terminals: /dev/ptmx, and /dev/pts.
 *
 * A terminal at whose other end is a program instead of a device: a terminal
 * emulator, a network login, a test.  Who opens /dev/ptmx gets the other end of
 * a new one, the master; its number N is asked for by TIOCGPTN, and the
 * terminal is /dev/pts/N.
 *
 *	program <- read --- ring of the terminal <- tty_input() -- write <-
 * master program -- write -> tty_output() -> ring `sent` ---------- read ->
 * master
 *
 * Either end waits when the ring on its way is full.  When the master is closed
 * the terminal hangs up; when nobody has the terminal open any more, the master
 * reads -EIO, after what was sent before.
 *
 * ptys_lock, a mutex, guards the table, and who has which end open.  Everything
 * else is guarded by the terminal's lock.
 *
 * Source: Linux, pty(7), ptmx(4).
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "poll.h"
#include "stat.h"
#include "string.h"
#include "text.h"
#include "tty.h"
#include "uaccess.h"

#define MAX_PTYS 64
#define SENT_RING 4096
#define PIECE 256
#define TTY_GROUP 5 /* "tty" in /etc/group */

struct pty {
	struct tty tty; /* its files are those of both ends */
	int number;

	/* Needs ptys_lock. */
	bool has_master;
	bool locked; /* unlockpt(3) has not been called yet */

	/* Needs tty.lock. */
	bool left; /* nobody has the terminal open any more */
	struct waitq master_readers;
	struct pollhead master_pollhead;
	unsigned int taken, sent_count; /* bytes, ever */
	char sent[SENT_RING];
};

static struct core_mutex ptys_lock;
static struct pty *ptys[MAX_PTYS]; /* needs ptys_lock */
static struct inode *pts;          /* /dev/pts, a reference */

static struct pty *pty_of(const struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* ---- the terminal's device ---- */

static void wake_master(struct pty *pty)
{
	waitq_wake(&pty->master_readers, WAKE_ALL);
	poll_notify(&pty->master_pollhead);
}

static size_t pty_room(const struct tty *tty)
{
	const struct pty *pty = pty_of(tty);

	return SENT_RING - (pty->sent_count - pty->taken);
}

/* There is room: the terminal has asked. */
static void pty_send(struct tty *tty, const char *bytes, size_t len)
{
	struct pty *pty = pty_of(tty);

	while (len-- > 0)
		pty->sent[pty->sent_count++ % SENT_RING] = *bytes++;
	wake_master(pty);
}

static void pty_free(struct pty *pty)
{
	tty_destroy(&pty->tty);
	kfree(pty);
}

/* Needs ptys_lock. */
static void file_closed(struct pty *pty)
{
	unsigned int files =
		__atomic_sub_fetch(&pty->tty.files, 1, __ATOMIC_RELAXED);

	if (files == 0) {
		pty_free(pty);
	} else if (files == 1 && pty->has_master) {
		spin_lock(&pty->tty.lock);
		pty->left = true;
		wake_master(pty);
		spin_unlock(&pty->tty.lock);
	}
}

static void pty_file_closed(struct tty *tty)
{
	core_mutex_lock(&ptys_lock);
	file_closed(pty_of(tty));
	core_mutex_unlock(&ptys_lock);
}

static const struct tty_device pty_device = {
	.send = pty_send,
	.room = pty_room,
	.file_closed = pty_file_closed,
};

/* ---- the master: reading ---- */

static int wait_for_sent(struct pty *pty, bool nonblock)
{
	int error = 0;

	spin_lock(&pty->tty.lock);
	while (pty->taken == pty->sent_count && !error) {
		if (pty->left)
			error = -EIO;
		else if (nonblock)
			error = -EAGAIN;
		else
			error = waitq_sleep_until(&pty->master_readers,
						  &pty->tty.lock, WAIT_FOREVER,
						  WAIT_INTERRUPTIBLE);
	}
	spin_unlock(&pty->tty.lock);
	return error;
}

/* What comes next, without taking it away. */
static size_t peek_sent(struct pty *pty, char *bytes, size_t max)
{
	size_t len = 0;

	spin_lock(&pty->tty.lock);
	for (unsigned int at = pty->taken; at != pty->sent_count && len < max;
	     at++)
		bytes[len++] = pty->sent[at % SENT_RING];
	spin_unlock(&pty->tty.lock);
	return len;
}

static void take_sent(struct pty *pty, size_t count)
{
	spin_lock(&pty->tty.lock);
	pty->taken += count;
	tty_wake_writers(&pty->tty);
	spin_unlock(&pty->tty.lock);
}

/* Needs the file's lock.  0: another reader was faster. */
static long read_sent(struct pty *pty, uintptr_t buf, size_t len)
{
	char bytes[PIECE];
	size_t done = 0, n, copied;

	do {
		n = peek_sent(pty, bytes, MIN(len - done, sizeof(bytes)));
		copied = copy_to_user_partial(buf + done, bytes, n);
		take_sent(pty, copied);
		done += copied;
		if (copied < n)
			return done ? (long)done : -EFAULT;
	} while (n > 0 && done < len);
	return done;
}

static long master_read(struct file *f, uintptr_t buf, size_t len,
			uint64_t *pos)
{
	long result = 0;

	(void)pos;
	while (len > 0 && result == 0) {
		result = wait_for_sent(f->object, f->flags & O_NONBLOCK);
		if (result)
			break;
		core_mutex_lock(&f->lock);
		result = read_sent(f->object, buf, len);
		core_mutex_unlock(&f->lock);
	}
	return result;
}

/* ---- the master: writing ---- */

/* Until the terminal takes a byte. */
static int wait_for_room(struct tty *tty, bool nonblock)
{
	int error = 0;

	spin_lock(&tty->lock);
	while (tty_input_room(tty) == 0 && !error)
		error = nonblock ? -EAGAIN
				 : waitq_sleep_until(&tty->feeders, &tty->lock,
						     WAIT_FOREVER,
						     WAIT_INTERRUPTIBLE);
	spin_unlock(&tty->lock);
	return error;
}

static long feed(struct tty *tty, const char *bytes, size_t len, bool nonblock)
{
	for (size_t i = 0; i < len; i++) {
		int error = wait_for_room(tty, nonblock);

		if (error)
			return i ? (long)i : error;
		tty_input(tty, bytes[i]);
	}
	return len;
}

static long master_write(struct file *f, uintptr_t buf, size_t len,
			 uint64_t *pos)
{
	struct pty *pty = f->object;
	char bytes[PIECE];
	size_t done = 0;
	long n = 0;

	(void)pos;
	while (done < len) {
		size_t want = MIN(len - done, sizeof(bytes));
		size_t copied = copy_from_user_partial(bytes, buf + done, want);

		n = copied ? feed(&pty->tty, bytes, copied,
				  f->flags & O_NONBLOCK)
			   : -EFAULT;
		if (n > 0)
			done += n;
		if (n < (long)copied)
			break;
	}
	return done ? (long)done : n;
}

/* ---- the master: the rest ---- */

static unsigned int master_poll(struct file *f, struct pollhead **head)
{
	struct pty *pty = f->object;
	unsigned int events = 0;

	*head = &pty->master_pollhead;
	spin_lock(&pty->tty.lock);
	if (pty->taken != pty->sent_count)
		events |= POLLIN;
	if (tty_input_room(&pty->tty) > 0)
		events |= POLLOUT;
	if (pty->left)
		events |= POLLHUP;
	spin_unlock(&pty->tty.lock);
	return poll_with_normal(events);
}

static long set_locked(struct pty *pty, uintptr_t arg)
{
	int locked;

	if (get_user(locked, arg))
		return -EFAULT;
	core_mutex_lock(&ptys_lock);
	pty->locked = locked;
	core_mutex_unlock(&ptys_lock);
	return 0;
}

static long master_ioctl(struct file *f, unsigned int request, uintptr_t arg)
{
	struct pty *pty = f->object;
	int number = pty->number;

	switch (request) {
	case TIOCGPTN:
		return put_user(number, arg);
	case TIOCSPTLCK:
		return set_locked(pty, arg);
	case TIOCGPTLCK:
		number = pty->locked;
		return put_user(number, arg);
	case FIONREAD:
		number = pty->sent_count - pty->taken;
		return put_user(number, arg);
	case TIOCGPGRP:
		number = pty->tty.foreground;
		return put_user(number, arg);
	case TIOCGSID:
		number = pty->tty.session;
		return number ? put_user(number, arg) : -ENOTTY;
	default:
		return tty_ioctl_shared(&pty->tty, request, arg);
	}
}

static void name_of(int number, char *name, size_t size)
{
	snprintf(name, size, "%d", number);
}

static void name_remove(int number)
{
	struct inode *inode = NULL;
	char name[8];

	name_of(number, name, sizeof(name));
	core_mutex_lock(&fs_lock);
	if (dir_find(pts, name, strlen(name)))
		inode = dir_remove(pts, name, strlen(name));
	core_mutex_unlock(&fs_lock);
	if (inode)
		inode_put(inode);
}

static void master_release(struct file *f)
{
	struct pty *pty = f->object;

	name_remove(pty->number);
	tty_hang_up(&pty->tty);
	core_mutex_lock(&ptys_lock);
	ptys[pty->number] = NULL;
	pty->has_master = false;
	file_closed(pty);
	core_mutex_unlock(&ptys_lock);
}

static const struct file_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};

/* ---- opening ---- */

static int name_make(struct pty *pty)
{
	struct inode *inode = inode_create(S_IFCHR | 0620);
	char name[8];
	int error;

	if (!inode)
		return -ENOMEM;
	inode->gid = TTY_GROUP;
	inode->rdev = pty->tty.number;
	name_of(pty->number, name, sizeof(name));
	core_mutex_lock(&fs_lock);
	error = dir_add(pts, name, strlen(name), inode);
	core_mutex_unlock(&fs_lock);
	inode_put(inode);
	return error;
}

static void pty_init(struct pty *pty, int number)
{
	tty_init(&pty->tty, "pty", DEVICE(PTS_MAJOR, number), &pty_device);
	pty->number = number;
	pty->tty.files = 1; /* the master's */
	pty->has_master = pty->locked = true;
	pty->left = false;
	waitq_init(&pty->master_readers, "pty master");
	pollhead_init(&pty->master_pollhead);
	pty->taken = pty->sent_count = 0;
}

/* Puts it into the table; its number, or -ENOSPC. */
static int number_take(struct pty *pty)
{
	int number = 0;

	core_mutex_lock(&ptys_lock);
	while (number < MAX_PTYS && ptys[number])
		number++;
	if (number < MAX_PTYS) {
		pty_init(pty, number);
		ptys[number] = pty;
	}
	core_mutex_unlock(&ptys_lock);
	return number < MAX_PTYS ? number : -ENOSPC;
}

int ptmx_open(struct file *f, unsigned int minor, bool acquire)
{
	struct pty *pty = kmalloc(sizeof(*pty));
	int error;

	(void)minor;
	(void)acquire;
	if (!pty)
		return -ENOMEM;
	error = number_take(pty);
	if (error < 0) {
		kfree(pty);
		return error;
	}
	f->ops = &master_ops;
	f->object = pty;
	return name_make(pty); /* an error closes f */
}

/* With one more file; NULL: there is none, or nobody may open it yet. */
static struct pty *pty_find(unsigned int number)
{
	struct pty *pty;

	core_mutex_lock(&ptys_lock);
	pty = number < MAX_PTYS ? ptys[number] : NULL;
	if (pty && pty->locked)
		pty = NULL;
	if (pty) {
		tty_count_file(&pty->tty);
		spin_lock(&pty->tty.lock);
		pty->left = false;
		spin_unlock(&pty->tty.lock);
	}
	core_mutex_unlock(&ptys_lock);
	return pty;
}

int pts_open(struct file *f, unsigned int minor, bool acquire)
{
	struct pty *pty = pty_find(minor);

	if (!pty)
		return -EIO;
	tty_attach(f, &pty->tty);
	if (acquire)
		tty_acquire(&pty->tty);
	return 0;
}

void pty_start(struct inode *directory)
{
	core_mutex_init(&ptys_lock, "pseudo-terminals");
	pts = inode_get(directory);
}
