/*
 * console_file.c - the console as a terminal: /dev/console, /dev/tty.
 *
 * Output goes to the console's devices as it is.  Input comes from them one
 * byte at a time: a kernel thread polls for it, since the console works without
 * interrupts, and hands each byte to the line discipline.  In canonical mode
 * that gathers a line, echoes it, lets it be edited, and gives it to readers
 * when it is complete; else each byte goes to them at once.
 *
 *	ring	... read before | lines for readers | line being typed | free
 *	                        read                ready              written
 *
 * The thread sleeps until a program reads from the console, or polls it, for
 * the first time: until then the monitor may have the keys.
 *
 * tty.lock guards the ring and the settings.  reading keeps readers apart while
 * one copies to its program, which must not be done under a spinlock; a byte
 * leaves the ring only when it has been copied.
 *
 * Source: termios(3), tty_ioctl(4), of Linux.
 */
#include "console.h"
#include "errno.h"
#include "fs.h"
#include "panic.h"
#include "printk.h"
#include "process.h"
#include "signals.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "tty.h"
#include "uaccess.h"
#include "waitq.h"

#define RING_SIZE 4096
#define END_OF_FILE 0x100 /* in the ring: Ctrl-D was typed here */
#define PIECE 256

#define POLL_FIRST (1 * NSEC_PER_MSEC)
#define POLL_SLOWEST (20 * NSEC_PER_MSEC)

#define CTRL(letter) ((letter)&0x1f)

static struct {
	struct mutex reading;

	struct spinlock lock;
	/* Needs lock. */
	struct waitq readers;
	struct pollhead pollhead;
	struct termios termios;
	struct winsize size;
	int foreground;                    /* a process group, or 0 */
	uint16_t ring[RING_SIZE];          /* bytes, and END_OF_FILE */
	unsigned int read, ready, written; /* entries, ever */

	struct thread *input;
	volatile bool wanted; /* somebody has asked for input */
} tty = {
	.termios =
		{
			.iflag = ICRNL | IXON,
			.oflag = OPOST | ONLCR,
			.cflag = B38400 | CS8 | CREAD | HUPCL,
			.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK |
				 ECHOCTL | ECHOKE | IEXTEN,
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
		},
	.size = {.rows = 24, .columns = 80},
};

static bool has_local(uint32_t flag)
{
	return tty.termios.lflag & flag;
}

/* ---- the line discipline: needs tty.lock ---- */

static void echo(const char *text)
{
	if (has_local(ECHO))
		printk_write(text, strlen(text));
}

static void echo_byte(uint8_t c)
{
	char text[3] = {c};

	if (c < ' ' && c != '\n' && c != '\t') {
		text[0] = '^';
		text[1] = c + '@';
	}
	echo(text);
}

static void wake_readers(void)
{
	tty.ready = tty.written;
	waitq_wake(&tty.readers, WAKE_ALL);
	poll_notify(&tty.pollhead);
}

/* The last place of the ring is kept for the end of the line. */
static void put(uint16_t c, bool ends_line)
{
	if (tty.written - tty.read < RING_SIZE - (ends_line ? 0 : 1))
		tty.ring[tty.written++ % RING_SIZE] = c;
	else
		echo("\a");
}

/* Removes the last character of the line, all its bytes (UTF-8: those after
 * the first begin with the bits 10). */
static bool erase(void)
{
	uint16_t c, shown = 0;

	if (tty.written == tty.ready)
		return false;
	do {
		c = tty.ring[--tty.written % RING_SIZE];
		shown = c < ' ' && c != '\t' ? 2 : 1;
	} while ((c & 0xc0) == 0x80 && tty.written != tty.ready);
	while (shown--)
		echo("\b \b");
	return true;
}

/* Canonical mode; false: an ordinary byte. */
static bool edit(uint8_t c)
{
	const uint8_t *cc = tty.termios.cc;

	if (c == cc[VERASE] || c == '\b') {
		erase();
	} else if (c == cc[VKILL]) {
		while (erase())
			;
	} else if (c == cc[VEOF]) {
		put(END_OF_FILE, true);
		wake_readers();
	} else {
		return false;
	}
	return true;
}

/* The signal that a byte means, or 0. */
static int signal_of(uint8_t c)
{
	const uint8_t *cc = tty.termios.cc;

	if (!has_local(ISIG))
		return 0;
	return c == cc[VINTR]   ? SIGINT
	       : c == cc[VQUIT] ? SIGQUIT
	       : c == cc[VSUSP] ? SIGTSTP
				: 0;
}

static void flush_input(void)
{
	tty.read = tty.ready = tty.written;
}

static void take_byte(uint8_t c)
{
	bool canonical = has_local(ICANON);

	if (canonical && edit(c))
		return;
	put(c, c == '\n');
	echo_byte(c);
	if (!canonical || c == '\n')
		wake_readers();
}

/* ---- the thread that polls ---- */

struct group_signal {
	int group, signal;
};

static void send_to_member(struct process *p, void *arg)
{
	const struct group_signal *to = arg;

	if (p->pgid == to->group)
		signal_send(p, to->signal);
}

static void input_byte(uint8_t c)
{
	struct group_signal to;

	spin_lock(&tty.lock);
	if (c == '\r' && (tty.termios.iflag & ICRNL))
		c = '\n';
	to = (struct group_signal){tty.foreground, signal_of(c)};
	if (to.signal) {
		echo_byte(c);
		echo("\n");
		flush_input();
	} else {
		take_byte(c);
	}
	spin_unlock(&tty.lock);
	if (to.signal && to.group)
		process_for_each(send_to_member, &to);
}

static void input_thread(void *arg)
{
	uint64_t pause = POLL_FIRST;

	(void)arg;
	while (!tty.wanted)
		thread_block();
	for (;;) {
		int c = console_poll();

		if (c >= 0) {
			input_byte(c);
			pause = POLL_FIRST;
			continue;
		}
		thread_sleep_until(time_ns() + pause);
		pause = MIN(pause + POLL_FIRST, POLL_SLOWEST);
	}
}

static void want_input(void)
{
	if (tty.wanted)
		return;
	tty.wanted = true;
	thread_unblock(tty.input);
}

/* ---- reading ---- */

/* 0: there is something, or in raw mode the time is over. */
static int wait_for_input(const struct file *f)
{
	const uint8_t *cc = tty.termios.cc;
	uint64_t deadline = WAIT_FOREVER;
	int error = 0;

	spin_lock(&tty.lock);
	if (!has_local(ICANON) && cc[VMIN] == 0)
		deadline = time_ns() + cc[VTIME] * NSEC_PER_SEC / 10;
	while (tty.read == tty.ready && !error) {
		if (f->flags & O_NONBLOCK)
			error = -EAGAIN;
		else
			error = waitq_sleep_until(&tty.readers, &tty.lock,
						  deadline, WAIT_INTERRUPTIBLE);
	}
	spin_unlock(&tty.lock);
	return error;
}

struct piece {
	char bytes[PIECE];
	unsigned int len;
	unsigned int taken; /* entries of the ring, if all bytes are */
	bool ends;          /* the read: a line, or the file, ends here */
};

/* What comes next, without taking it away. */
static void peek(struct piece *p, size_t max)
{
	unsigned int at;

	p->len = 0;
	p->ends = false;
	spin_lock(&tty.lock);
	for (at = tty.read; at != tty.ready && !p->ends; at++) {
		uint16_t c = tty.ring[at % RING_SIZE];

		if (c != END_OF_FILE && p->len == MIN(max, PIECE))
			break;
		if (c != END_OF_FILE)
			p->bytes[p->len++] = c;
		p->ends = c == END_OF_FILE || (c == '\n' && has_local(ICANON));
	}
	p->taken = at - tty.read;
	spin_unlock(&tty.lock);
}

/* A flush may have come between. */
static void consume(unsigned int count)
{
	spin_lock(&tty.lock);
	tty.read += MIN(count, tty.ready - tty.read);
	spin_unlock(&tty.lock);
}

/* Needs tty.reading.  -EAGAIN: another reader was faster. */
static long read_ready(uintptr_t buf, size_t len)
{
	struct piece p;
	size_t done = 0, copied;

	do {
		peek(&p, len - done);
		if (p.taken == 0)
			return done ? (long)done : -EAGAIN;
		copied = copy_to_user_partial(buf + done, p.bytes, p.len);
		consume(copied == p.len ? p.taken : copied);
		done += copied;
		if (copied < p.len)
			return done ? (long)done : -EFAULT;
	} while (!p.ends && done < len);
	return done;
}

static long console_file_read(struct file *f, uintptr_t buf, size_t len,
			      uint64_t *pos)
{
	long result;

	(void)pos;
	want_input();
	if (len == 0)
		return 0;
	do {
		result = wait_for_input(f);
		if (result)
			return result == -ETIMEDOUT ? 0 : result;
		mutex_lock(&tty.reading);
		result = read_ready(buf, len);
		mutex_unlock(&tty.reading);
	} while (result == -EAGAIN);
	return result;
}

/* ---- the other operations ---- */

static long console_file_write(struct file *f, uintptr_t buf, size_t len,
			       uint64_t *pos)
{
	char piece[PIECE];
	size_t done = 0;

	(void)f;
	(void)pos;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(piece));
		size_t copied = copy_from_user_partial(piece, buf + done, n);

		printk_write(piece, copied);
		done += copied;
		if (copied < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

static unsigned int console_file_poll(struct file *f, struct pollhead **head)
{
	unsigned int events = POLLOUT;

	(void)f;
	want_input();
	*head = &tty.pollhead;
	spin_lock(&tty.lock);
	if (tty.read != tty.ready)
		events |= POLLIN;
	spin_unlock(&tty.lock);
	return events;
}

/* What is typed but not complete is for readers, once lines do not count. */
static void set_termios(const struct termios *t, bool flush)
{
	spin_lock(&tty.lock);
	tty.termios = *t;
	if (flush)
		flush_input();
	if (!has_local(ICANON))
		wake_readers();
	spin_unlock(&tty.lock);
}

static long ioctl_set(unsigned int request, uintptr_t arg)
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
		set_termios(&termios, request == TCSETSF);
		return 0;
	case TIOCSWINSZ:
		if (get_user(size, arg))
			return -EFAULT;
		tty.size = size;
		return 0;
	case TIOCSPGRP:
		if (get_user(group, arg))
			return -EFAULT;
		tty.foreground = group;
		return 0;
	default:
		return -ENOTTY;
	}
}

static long console_file_ioctl(struct file *f, unsigned int request,
			       uintptr_t arg)
{
	struct termios termios = tty.termios;
	struct winsize size = tty.size;
	int number = 0;

	(void)f;
	switch (request) {
	case TCGETS:
		return put_user(termios, arg);
	case TIOCGWINSZ:
		return put_user(size, arg);
	case TIOCGPGRP:
		number = tty.foreground;
		return put_user(number, arg);
	case FIONREAD:
		number = tty.ready - tty.read;
		return put_user(number, arg);
	case TCFLSH:
		consume(UINT32_MAX);
		return 0;
	case TCSBRK:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return 0;
	default:
		return ioctl_set(request, arg);
	}
}

const struct file_ops console_file_ops = {
	.read = console_file_read,
	.write = console_file_write,
	.ioctl = console_file_ioctl,
	.poll = console_file_poll,
};

void console_file_init(void)
{
	mutex_init(&tty.reading, "console readers");
	spin_init(&tty.lock, "console");
	waitq_init(&tty.readers, "console");
	pollhead_init(&tty.pollhead);
	if (thread_spawn(&tty.input, "console", input_thread, NULL))
		panic("console_file_init: no memory for the thread");
	thread_detach(tty.input);
}
