/*
 * tty_read.c - reading from a terminal.
 *
 * In canonical mode there is something to read when a line is complete; one
 * read(2) gives at most that line.  In the other mode bytes count, by two
 * settings (POSIX, 11.1.7):
 *
 *	VMIN  VTIME
 *	 n     0	as soon as there are n bytes, or as many as are wanted
 *	 n     t	... or t tenths of a second after the last byte
 *	 0     t	as soon as there is a byte, or after t tenths: then 0
 *	 0     0	at once
 */
#include "errno.h"
#include "signals.h"
#include "string.h"
#include "time.h"
#include "tty.h"
#include "uaccess.h"

#define PIECE 256
#define TENTH (NSEC_PER_SEC / 10)

size_t tty_readable(const struct tty *tty)
{
	return tty->ready - tty->read;
}

/* ---- waiting ---- */

/* How many bytes must be there; needs tty->lock. */
static size_t enough(const struct tty *tty, size_t wanted)
{
	const uint8_t *cc = tty->termios.cc;

	if (tty_has_local_flag(tty, ICANON))
		return 1;
	return MAX(MIN(cc[VMIN], wanted), 1ul);
}

/* Until when to wait, when so many bytes are there; needs tty->lock. */
static uint64_t give_up_at(const struct tty *tty, size_t there)
{
	const uint8_t *cc = tty->termios.cc;

	if (tty_has_local_flag(tty, ICANON))
		return WAIT_FOREVER;
	if (cc[VMIN] == 0 || (cc[VTIME] > 0 && there > 0))
		return time_ns() + cc[VTIME] * TENTH;
	return WAIT_FOREVER;
}

/* Then nothing to read is no error, with O_NONBLOCK neither; needs tty->lock.
 */
static bool never_waits(const struct tty *tty)
{
	return !tty_has_local_flag(tty, ICANON) && tty->termios.cc[VMIN] == 0 &&
	       tty->termios.cc[VTIME] == 0;
}

/* 0: there is something, or nothing will come; -ETIMEDOUT: the time is over;
 * -EAGAIN, -ERESTARTSYS. */
static int wait_for_input(struct tty *tty, size_t wanted, bool nonblock)
{
	uint64_t deadline;
	size_t there;
	int error = 0;

	spin_lock(&tty->lock);
	there = tty_readable(tty);
	deadline = give_up_at(tty, there);
	if (nonblock && there == 0 && !tty->hung_up)
		error = never_waits(tty) ? -ETIMEDOUT : -EAGAIN;
	while (!error && !nonblock && !tty->hung_up &&
	       tty_readable(tty) < enough(tty, wanted)) {
		/* Each byte begins the time anew. */
		if (there != tty_readable(tty)) {
			there = tty_readable(tty);
			deadline = give_up_at(tty, there);
		}
		error = waitq_sleep_until(&tty->readers, &tty->lock, deadline,
					  WAIT_INTERRUPTIBLE | WAIT_OUTSIDE);
	}
	/* What has come is not held back because more was hoped for. */
	if (error && tty_readable(tty) > 0)
		error = 0;
	spin_unlock(&tty->lock);
	return error;
}

/* ---- taking ---- */

struct piece {
	char bytes[PIECE];
	unsigned int len;
	unsigned int taken; /* entries of the ring, if all bytes are */
	bool ends;          /* the read: a line, or the file, ends here */
};

/* What comes next, without taking it away. */
static void piece_peek(struct tty *tty, struct piece *p, size_t max)
{
	unsigned int at;

	p->len = 0;
	p->ends = false;
	spin_lock(&tty->lock);
	for (at = tty->read; at != tty->ready && !p->ends; at++) {
		uint16_t c = tty->ring[at % TTY_RING];

		if (!(c & TTY_END_OF_FILE)) {
			if (p->len == MIN(max, PIECE))
				break;
			p->bytes[p->len++] = c;
		}
		p->ends = (c & TTY_END_OF_LINE) &&
			  tty_has_local_flag(tty, ICANON);
	}
	p->taken = at - tty->read;
	spin_unlock(&tty->lock);
}

/* A flush may have come between. */
static void input_consume(struct tty *tty, unsigned int count)
{
	spin_lock(&tty->lock);
	tty->read += MIN(count, tty->ready - tty->read);
	tty_input_taken(tty);
	spin_unlock(&tty->lock);
}

/* Needs tty->reading.  -EAGAIN: another reader was faster. */
static long read_ready(struct tty *tty, uintptr_t buf, size_t len)
{
	struct piece p;
	size_t done = 0, copied;

	do {
		piece_peek(tty, &p, len - done);
		if (p.taken == 0)
			return done ? (long)done : -EAGAIN;
		copied = copy_to_user_partial(buf + done, p.bytes, p.len);
		input_consume(tty, copied == p.len ? p.taken : copied);
		done += copied;
		if (copied < p.len)
			return done ? (long)done : -EFAULT;
	} while (!p.ends && done < len);
	return done;
}

long tty_read(struct tty *tty, uintptr_t buf, size_t len, bool nonblock)
{
	long result = tty_check_foreground(tty, SIGTTIN);

	if (result || len == 0)
		return result;
	do {
		result = wait_for_input(tty, len, nonblock);
		if (result)
			return result == -ETIMEDOUT ? 0 : result;
		if (tty->hung_up)
			return 0;
		mutex_lock(&tty->reading);
		result = read_ready(tty, buf, len);
		mutex_unlock(&tty->reading);
	} while (result == -EAGAIN);
	return result;
}

/* ---- poll ---- */

/* Is there as much as a reader waits for?  Needs tty->lock. */
static bool can_read(const struct tty *tty)
{
	size_t least = 1;

	if (!tty_has_local_flag(tty, ICANON) && tty->termios.cc[VTIME] == 0)
		least = MAX(tty->termios.cc[VMIN], 1ul);
	return tty_readable(tty) >= least;
}

static bool can_write(const struct tty *tty)
{
	return !tty->stopped &&
	       (!tty->device->room || tty->device->room(tty) >= TTY_OUTPUT_MAX);
}

unsigned int tty_poll(struct tty *tty)
{
	unsigned int events = 0;

	spin_lock(&tty->lock);
	if (tty->hung_up)
		events = POLLHUP | POLLIN | POLLOUT;
	if (can_read(tty))
		events |= POLLIN;
	if (can_write(tty))
		events |= POLLOUT;
	spin_unlock(&tty->lock);
	return events;
}
