/*
 * tty_write.c - writing to a terminal.
 *
 * Each byte may become several on the way, as the output flags say: a newline a
 * carriage return and a line feed, a tab spaces.  In raw mode none is changed.
 * The column is followed in any case, since tabs, and erasing them, need it.
 *
 * A writer waits while output is stopped (Ctrl-S), or the device has no room.
 * Echo does not wait: what finds no room is lost.
 */
#include "errno.h"
#include "signals.h"
#include "string.h"
#include "tty.h"
#include "uaccess.h"

#define PIECE 256

/* ---- what a byte becomes: needs tty->lock ---- */

static void follow_column(struct tty *tty, uint8_t c)
{
	if (c == '\r' || c == '\n')
		tty->column = 0;
	else if (c == '\b')
		tty->column -= tty->column > 0;
	else if (c == '\t')
		tty->column = (tty->column | 7) + 1;
	else if (c >= ' ' && (c & 0xc0) != 0x80)
		tty->column++;
}

/* With OPOST.  The bytes go to out; how many. */
static size_t process(struct tty *tty, uint8_t c, char *out)
{
	uint32_t flags = tty->termios.oflag;

	if (c == '\n' && (flags & ONLCR)) {
		memcpy(out, "\r\n", 2);
		return 2;
	}
	if (c == '\r' && (flags & ONOCR) && tty->column == 0)
		return 0;
	if (c == '\t' && (flags & XTABS) == XTABS) {
		memset(out, ' ', 8 - tty->column % 8);
		return 8 - tty->column % 8;
	}
	if (c == '\r' && (flags & OCRNL))
		c = '\n';
	if ((flags & OLCUC) && c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	*out = c;
	return 1;
}

static size_t room_of(const struct tty *tty)
{
	return tty->device->room ? tty->device->room(tty) : SIZE_MAX;
}

size_t tty_output(struct tty *tty, const char *text, size_t len)
{
	bool processed = tty->termios.oflag & OPOST;
	size_t room = room_of(tty), done = 0, count = 0;
	char out[PIECE];

	while (done < len && room >= TTY_OUTPUT_MAX) {
		size_t n = 1;

		if (processed)
			n = process(tty, text[done], out + count);
		else
			out[count] = text[done];
		follow_column(tty, text[done++]);
		count += n;
		room -= n;
		if (count > sizeof(out) - TTY_OUTPUT_MAX) {
			tty->device->send(tty, out, count);
			count = 0;
		}
	}
	if (count > 0)
		tty->device->send(tty, out, count);
	return done;
}

/* ---- writing ---- */

void tty_wake_writers(struct tty *tty)
{
	waitq_wake(&tty->writers, WAKE_ALL);
	poll_notify(&tty->pollhead);
}

/* How many bytes went; -EAGAIN, -EIO, -ERESTARTSYS: none. */
static long write_piece(struct tty *tty, const char *bytes, size_t len,
			bool nonblock)
{
	long result = 0;

	spin_lock(&tty->lock);
	while (!tty->hung_up && !result &&
	       (tty->stopped || room_of(tty) < TTY_OUTPUT_MAX))
		result = nonblock ? -EAGAIN
				  : waitq_sleep_until(&tty->writers, &tty->lock,
						      WAIT_FOREVER,
						      WAIT_INTERRUPTIBLE |
							      WAIT_OUTSIDE);
	if (tty->hung_up)
		result = -EIO;
	if (!result)
		result = tty_output(tty, bytes, len);
	spin_unlock(&tty->lock);
	return result;
}

static bool stops_background(const struct tty *tty)
{
	return tty->termios.lflag & TOSTOP;
}

long tty_write(struct tty *tty, uintptr_t buf, size_t len, bool nonblock)
{
	char piece[PIECE];
	size_t done = 0;
	long n = stops_background(tty) ? tty_check_foreground(tty, SIGTTOU) : 0;

	while (n >= 0 && done < len) {
		size_t want = MIN(len - done, sizeof(piece));
		size_t copied = copy_from_user_partial(piece, buf + done, want);

		n = copied ? write_piece(tty, piece, copied, nonblock)
			   : -EFAULT;
		if (n > 0)
			done += n;
	}
	return done ? (long)done : n;
}
