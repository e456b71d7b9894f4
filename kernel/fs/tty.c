/*
 * tty.c - terminals: what lies between typed bytes and a program's read(2).
 *
 * A device hands each byte that comes in to tty_input().  In canonical mode
 * the line discipline gathers a line, echoes it, lets it be edited, and gives
 * it to readers when it is complete; else each byte goes to them at once.
 *
 *	ring	... read before | lines for readers | line being typed | free
 *	                        read                ready              written
 *
 * tty->lock guards the ring and the settings.  tty->reading keeps readers apart
 * while one copies to its program, which must not be done under a spinlock; a
 * byte leaves the ring only when it has been copied.
 *
 * Source: termios(3), tty_ioctl(4), of Linux.
 */
#include "tty.h"
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "signals.h"
#include "string.h"
#include "time.h"
#include "uaccess.h"

#define END_OF_FILE 0x100 /* in the ring: Ctrl-D was typed here */
#define PIECE 256

#define CTRL(letter) ((letter)&0x1f)

/* As Linux's terminals are at first. */
static const struct termios first_settings = {
	.iflag = ICRNL | IXON,
	.oflag = OPOST | ONLCR,
	.cflag = B38400 | CS8 | CREAD | HUPCL,
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
		 IEXTEN,
	.cc = {[VINTR] = CTRL('C'),
	       [VQUIT] = CTRL('\\'),
	       [VERASE] = 0x7f,
	       [VKILL] = CTRL('U'),
	       [VEOF] = CTRL('D'),
	       [VMIN] = 1,
	       [VSTART] = CTRL('Q'),
	       [VSTOP] = CTRL('S'),
	       [VSUSP] = CTRL('Z'),
	       [VWERASE] = CTRL('W')},
};

void tty_init(struct tty *tty, const char *name,
	      void (*write)(const char *text, size_t len))
{
	core_mutex_init(&tty->reading, name);
	spin_init(&tty->lock, name);
	waitq_init(&tty->readers, name);
	pollhead_init(&tty->pollhead);
	tty->write = write;
	tty->termios = first_settings;
	tty->size = (struct winsize){.rows = 24, .columns = 80};
	tty->foreground = 0;
	tty->read = tty->ready = tty->written = 0;
}

/* ---- the line discipline: needs tty->lock ---- */

static bool has_local(const struct tty *tty, uint32_t flag)
{
	return tty->termios.lflag & flag;
}

static void echo(struct tty *tty, const char *text)
{
	if (has_local(tty, ECHO))
		tty->write(text, strlen(text));
}

static void echo_byte(struct tty *tty, uint8_t c)
{
	char text[3] = {c};

	if (c < ' ' && c != '\n' && c != '\t') {
		text[0] = '^';
		text[1] = c + '@';
	}
	echo(tty, text);
}

static void wake_readers(struct tty *tty)
{
	tty->ready = tty->written;
	waitq_wake(&tty->readers, WAKE_ALL);
	poll_notify(&tty->pollhead);
}

/* The last place of the ring is kept for the end of the line. */
static void put(struct tty *tty, uint16_t c, bool ends_line)
{
	unsigned int used = tty->written - tty->read;

	if (used < TTY_RING - (ends_line ? 0 : 1))
		tty->ring[tty->written++ % TTY_RING] = c;
	else
		echo(tty, "\a");
}

/* Removes the last character of the line, all its bytes (UTF-8: those after
 * the first begin with the bits 10).  False: the line is empty. */
static bool erase(struct tty *tty)
{
	unsigned int columns;
	uint16_t c;

	if (tty->written == tty->ready)
		return false;
	do
		c = tty->ring[--tty->written % TTY_RING];
	while ((c & 0xc0) == 0x80 && tty->written != tty->ready);
	columns = c < ' ' && c != '\t' ? 2 : 1; /* shown as ^C */
	while (columns--)
		echo(tty, "\b \b");
	return true;
}

/* Canonical mode; false: an ordinary byte. */
static bool edit(struct tty *tty, uint8_t c)
{
	const uint8_t *cc = tty->termios.cc;

	if (c == cc[VERASE] || c == '\b') {
		erase(tty);
	} else if (c == cc[VKILL]) {
		while (erase(tty))
			;
	} else if (c == cc[VEOF]) {
		put(tty, END_OF_FILE, true);
		wake_readers(tty);
	} else {
		return false;
	}
	return true;
}

/* The signal that a byte means, or 0. */
static int signal_of(const struct tty *tty, uint8_t c)
{
	const uint8_t *cc = tty->termios.cc;

	if (!has_local(tty, ISIG))
		return 0;
	return c == cc[VINTR]   ? SIGINT
	       : c == cc[VQUIT] ? SIGQUIT
	       : c == cc[VSUSP] ? SIGTSTP
				: 0;
}

static void flush_input(struct tty *tty)
{
	tty->read = tty->ready = tty->written;
}

static void take_byte(struct tty *tty, uint8_t c)
{
	bool canonical = has_local(tty, ICANON);

	if (canonical && edit(tty, c))
		return;
	put(tty, c, c == '\n');
	echo_byte(tty, c);
	if (!canonical || c == '\n')
		wake_readers(tty);
}

struct group_signal {
	int group, signal;
};

static void send_to_member(struct process *p, void *arg)
{
	const struct group_signal *to = arg;

	if (p->pgid == to->group)
		signal_send(p, to->signal);
}

void tty_input(struct tty *tty, uint8_t c)
{
	struct group_signal to;

	spin_lock(&tty->lock);
	if (c == '\r' && (tty->termios.iflag & ICRNL))
		c = '\n';
	to = (struct group_signal){tty->foreground, signal_of(tty, c)};
	if (to.signal) {
		echo_byte(tty, c);
		echo(tty, "\n");
		flush_input(tty);
	} else {
		take_byte(tty, c);
	}
	spin_unlock(&tty->lock);
	if (to.signal && to.group)
		process_for_each(send_to_member, &to);
}

/* ---- reading ---- */

/* 0: there is something; -ETIMEDOUT: in raw mode, the time is over. */
static int wait_for_input(struct tty *tty, bool nonblock)
{
	const uint8_t *cc = tty->termios.cc;
	uint64_t deadline = WAIT_FOREVER;
	int error = 0;

	spin_lock(&tty->lock);
	if (!has_local(tty, ICANON) && cc[VMIN] == 0)
		deadline = time_ns() + cc[VTIME] * NSEC_PER_SEC / 10;
	while (tty->read == tty->ready && !error) {
		if (nonblock)
			error = -EAGAIN;
		else
			error = waitq_sleep_until(
				&tty->readers, &tty->lock, deadline,
				WAIT_INTERRUPTIBLE | WAIT_OUTSIDE);
	}
	spin_unlock(&tty->lock);
	return error;
}

struct piece {
	char bytes[PIECE];
	unsigned int len;
	unsigned int taken; /* entries of the ring, if all bytes are */
	bool ends;          /* the read: a line, or the file, ends here */
};

/* What comes next, without taking it away. */
static void peek(struct tty *tty, struct piece *p, size_t max)
{
	unsigned int at;

	p->len = 0;
	p->ends = false;
	spin_lock(&tty->lock);
	for (at = tty->read; at != tty->ready && !p->ends; at++) {
		uint16_t c = tty->ring[at % TTY_RING];

		if (c != END_OF_FILE && p->len == MIN(max, PIECE))
			break;
		if (c != END_OF_FILE)
			p->bytes[p->len++] = c;
		p->ends = c == END_OF_FILE ||
			  (c == '\n' && has_local(tty, ICANON));
	}
	p->taken = at - tty->read;
	spin_unlock(&tty->lock);
}

/* A flush may have come between. */
static void consume(struct tty *tty, unsigned int count)
{
	spin_lock(&tty->lock);
	tty->read += MIN(count, tty->ready - tty->read);
	spin_unlock(&tty->lock);
}

/* Needs tty->reading.  -EAGAIN: another reader was faster. */
static long read_ready(struct tty *tty, uintptr_t buf, size_t len)
{
	struct piece p;
	size_t done = 0, copied;

	do {
		peek(tty, &p, len - done);
		if (p.taken == 0)
			return done ? (long)done : -EAGAIN;
		copied = copy_to_user_partial(buf + done, p.bytes, p.len);
		consume(tty, copied == p.len ? p.taken : copied);
		done += copied;
		if (copied < p.len)
			return done ? (long)done : -EFAULT;
	} while (!p.ends && done < len);
	return done;
}

long tty_read(struct tty *tty, uintptr_t buf, size_t len, bool nonblock)
{
	long result;

	if (len == 0)
		return 0;
	do {
		result = wait_for_input(tty, nonblock);
		if (result)
			return result == -ETIMEDOUT ? 0 : result;
		core_mutex_lock(&tty->reading);
		result = read_ready(tty, buf, len);
		core_mutex_unlock(&tty->reading);
	} while (result == -EAGAIN);
	return result;
}

bool tty_can_read(struct tty *tty)
{
	return tty->read != tty->ready;
}

/* ---- settings ---- */

/* What is typed but not complete is for readers, once lines do not count. */
static void set_termios(struct tty *tty, const struct termios *t, bool flush)
{
	spin_lock(&tty->lock);
	tty->termios = *t;
	if (flush)
		flush_input(tty);
	if (!has_local(tty, ICANON))
		wake_readers(tty);
	spin_unlock(&tty->lock);
}

static long ioctl_set(struct tty *tty, unsigned int request, uintptr_t arg)
{
	struct termios termios;
	struct winsize size;
	int group;

	switch (request) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		if (get_user(termios, arg))
			return -EFAULT;
		set_termios(tty, &termios, request == TCSETSF);
		return 0;
	case TIOCSWINSZ:
		if (get_user(size, arg))
			return -EFAULT;
		tty->size = size;
		return 0;
	case TIOCSPGRP:
		if (get_user(group, arg))
			return -EFAULT;
		tty->foreground = group;
		return 0;
	default:
		return -ENOTTY;
	}
}

long tty_ioctl(struct tty *tty, unsigned int request, uintptr_t arg)
{
	struct termios termios = tty->termios;
	struct winsize size = tty->size;
	int number = 0;

	switch (request) {
	case TCGETS:
		return put_user(termios, arg);
	case TIOCGWINSZ:
		return put_user(size, arg);
	case TIOCGPGRP:
		number = tty->foreground;
		return put_user(number, arg);
	case FIONREAD:
		number = tty->ready - tty->read;
		return put_user(number, arg);
	case TCFLSH:
		consume(tty, UINT32_MAX);
		return 0;
	case TCSBRK:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return 0;
	default:
		return ioctl_set(tty, request, arg);
	}
}
