/*
 * pty_master.c - the other end of a pseudo-terminal, as an open file.
 *
 * What is written to the master is typed at the terminal, byte by byte; what
 * programs write to the terminal is read from the master, out of the ring
 * `sent`.  A byte leaves that ring when it has been copied to the program, so a
 * bad pointer loses nothing; the file's lock keeps two readers apart meanwhile.
 *
 * Either call waits, for bytes or for room, under the terminal's lock.
 */
#include "errno.h"
#include "poll.h"
#include "pty.h"
#include "uaccess.h"

#define PIECE 256

/* ---- reading ---- */

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

/* ---- writing ---- */

static int wait_for_room(struct pty *pty)
{
	struct spinlock *lock = &pty->tty.lock;
	int error = 0;

	spin_lock(lock);
	while (tty_input_room(&pty->tty) == 0 && !error)
		error = waitq_sleep_until(&pty->master_writers, lock,
					  WAIT_FOREVER, WAIT_INTERRUPTIBLE);
	spin_unlock(lock);
	return error;
}

/* Another writer may take the room that this one has waited for. */
static int feed_byte(struct pty *pty, uint8_t c, bool nonblock)
{
	int error = 0;

	while (!error && !tty_try_input(&pty->tty, c))
		error = nonblock ? -EAGAIN : wait_for_room(pty);
	return error;
}

static long pty_feed(struct pty *pty, const char *bytes, size_t len,
		     bool nonblock)
{
	for (size_t i = 0; i < len; i++) {
		int error = feed_byte(pty, bytes[i], nonblock);

		if (error)
			return i ? (long)i : error;
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

	while (done < len) {
		size_t want = MIN(len - done, sizeof(bytes));
		size_t copied = copy_from_user_partial(bytes, buf + done, want);

		n = copied ? pty_feed(pty, bytes, copied, f->flags & O_NONBLOCK)
			   : -EFAULT;
		if (n > 0)
			done += n;
		if (n < (long)copied)
			break;
	}
	return done ? (long)done : n;
}

/* ---- the rest ---- */

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

static long master_ioctl(struct file *f, unsigned int request, uintptr_t arg)
{
	struct pty *pty = f->object;
	int number = pty->number;

	switch (request) {
	case TIOCGPTN:
		return put_user(number, arg);
	case TIOCSPTLCK:
		if (get_user(number, arg))
			return -EFAULT;
		pty_set_locked(pty, number);
		return 0;
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

static void master_release(struct file *f)
{
	pty_master_closed(f->object);
}

const struct file_ops pty_master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};
