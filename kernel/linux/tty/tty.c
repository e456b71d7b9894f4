/*
 * tty.c - terminals: what lies between typed bytes and a program's read(2).
 *
 * A device hands each byte that comes in to tty_input().  Some bytes mean
 * something at once: Ctrl-C is a signal, Ctrl-S stops output.  In canonical
 * mode the line discipline then gathers a line, echoes it, lets it be edited
 * (tty_edit.c), and gives it to readers when it is complete; else each byte
 * goes to them at once.
 *
 *	ring	... read before | lines for readers | line being typed | free
 *	                        read                ready              written
 *
 * What programs write takes the other way, through tty_write.c, and so does
 * the echo.
 *
 * tty->lock guards the ring and the settings.  tty->reading keeps readers apart
 * while one copies to its program, which must not be done under a spinlock; a
 * byte leaves the ring only when it has been copied.  Signals are sent when the
 * lock has been released.
 *
 * Source: termios(3), tty_ioctl(4), of Linux; POSIX, chapter 11 ("General
 * Terminal Interface").
 */
#include "tty.h"
#include "signals.h"
#include "string.h"

#define CTRL(letter) ((letter)&0x1f)

/* With IXOFF the other side is stopped at the one, and let go at the other. */
#define THROTTLE_AT (TTY_RING * 3 / 4)
#define RELEASE_AT (TTY_RING / 4)

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
	       [VREPRINT] = CTRL('R'),
	       [VDISCARD] = CTRL('O'),
	       [VWERASE] = CTRL('W'),
	       [VLNEXT] = CTRL('V')},
};

void tty_init(struct tty *tty, const char *name, uint64_t number,
	      const struct tty_device *device)
{
	memset(tty, 0, sizeof(*tty));
	tty->device = device;
	tty->number = number;
	mutex_init(&tty->reading, name);
	spin_init(&tty->lock, name);
	waitq_init(&tty->readers, name);
	waitq_init(&tty->writers, name);
	waitq_init(&tty->regrouped, name);
	pollhead_init(&tty->pollhead);
	list_init(&tty->link);
	tty->termios = first_settings;
	tty->ispeed = tty->ospeed = 38400; /* as first_settings.cflag says */
}

/* ---- the ring: needs tty->lock ---- */

void tty_wake_readers(struct tty *tty)
{
	tty->ready = tty->written;
	waitq_wake(&tty->readers, WAKE_ALL);
	poll_notify(&tty->pollhead);
}

static unsigned int ring_used(const struct tty *tty)
{
	return tty->written - tty->read;
}

/* The last place of the ring is kept for the end of the line. */
void tty_put_input(struct tty *tty, uint16_t c, bool ends_line)
{
	if (ring_used(tty) < TTY_RING - (ends_line ? 0 : 1))
		tty->ring[tty->written++ % TTY_RING] =
			c | (ends_line ? TTY_END_OF_LINE : 0);
	else if (tty_has_input_flag(tty, IMAXBEL))
		tty_output(tty, "\a", 1);
	if (tty_has_input_flag(tty, IXOFF) && !tty->throttled &&
	    ring_used(tty) >= THROTTLE_AT) {
		tty->throttled = true;
		tty_output(tty, (char *)&tty->termios.cc[VSTOP], 1);
	}
}

void tty_input_taken(struct tty *tty)
{
	if (tty->throttled && ring_used(tty) <= RELEASE_AT) {
		tty->throttled = false;
		tty_output(tty, (char *)&tty->termios.cc[VSTART], 1);
	}
	if (tty->device->input_taken)
		tty->device->input_taken(tty);
}

/* A line that is too long loses what does not fit; or nobody could end it. */
size_t tty_input_room(const struct tty *tty)
{
	size_t room = TTY_RING - 1 - MIN(ring_used(tty), TTY_RING - 1);

	if (tty_has_local_flag(tty, ICANON) && tty->read == tty->ready)
		room = MAX(room, 1ul);
	return room;
}

void tty_flush_input(struct tty *tty)
{
	tty->read = tty->ready = tty->written;
	tty->literal = false;
	tty_input_taken(tty);
}

/* ---- what a byte means ---- */

static void output_stop(struct tty *tty, bool stop)
{
	tty->stopped = stop;
	if (!stop)
		tty_wake_writers(tty);
}

/* Ctrl-S and Ctrl-Q; true: it was one of them. */
static bool take_flow_control(struct tty *tty, uint8_t c)
{
	bool start = tty_is_key(tty, VSTART, c);
	bool stop = tty_is_key(tty, VSTOP, c);

	if (!tty_has_input_flag(tty, IXON))
		return false;
	if (start || stop)
		output_stop(tty, !start);
	return start || stop;
}

/* The signal that a byte means, or 0. */
static int signal_of(const struct tty *tty, uint8_t c)
{
	if (!tty_has_local_flag(tty, ISIG))
		return 0;
	return tty_is_key(tty, VINTR, c)   ? SIGINT
	       : tty_is_key(tty, VQUIT, c) ? SIGQUIT
	       : tty_is_key(tty, VSUSP, c) ? SIGTSTP
					   : 0;
}

static void take_signal(struct tty *tty, uint8_t c)
{
	if (!tty_has_local_flag(tty, NOFLSH))
		tty_flush_input(tty);
	if (tty_has_input_flag(tty, IXON) && tty->stopped)
		output_stop(tty, false);
	tty_echo_input(tty, c);
}

/* As the input flags want it; -1: it is dropped. */
static int input_translate(const struct tty *tty, uint8_t c)
{
	if (c == '\r') {
		if (tty_has_input_flag(tty, IGNCR))
			return -1;
		return tty_has_input_flag(tty, ICRNL) ? '\n' : c;
	}
	return c == '\n' && tty_has_input_flag(tty, INLCR) ? '\r' : c;
}

static void take_ordinary(struct tty *tty, uint8_t c)
{
	if (tty_has_local_flag(tty, ICANON) && tty_edit(tty, c))
		return;
	if (tty->written == tty->ready)
		tty->line_start = tty->column;
	tty_put_input(tty, c, false);
	tty_echo_input(tty, c);
	if (!tty_has_local_flag(tty, ICANON))
		tty_wake_readers(tty);
}

/* The signal to be sent, or 0. */
static int take_byte(struct tty *tty, uint8_t c)
{
	int signal, translated;

	if (tty_has_input_flag(tty, ISTRIP))
		c &= 0x7f;
	if (tty_has_input_flag(tty, IUCLC) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (tty->literal) {
		tty->literal = false;
		tty_put_input(tty, c, false);
		tty_echo_input(tty, c);
		return 0;
	}
	if (take_flow_control(tty, c))
		return 0;
	signal = signal_of(tty, c);
	if (signal) {
		take_signal(tty, c);
		return signal;
	}
	if (tty->stopped && tty_has_input_flag(tty, IXANY))
		output_stop(tty, false);
	translated = input_translate(tty, c);
	if (translated >= 0)
		take_ordinary(tty, translated);
	return 0;
}

/* The byte takes effect when there is room for it, or in any case. */
static bool input(struct tty *tty, uint8_t c, bool in_any_case)
{
	bool taken;
	int signal = 0;

	spin_lock(&tty->lock);
	taken = in_any_case || tty_input_room(tty) > 0;
	if (taken)
		signal = take_byte(tty, c);
	spin_unlock(&tty->lock);
	if (signal)
		tty_signal(tty, signal);
	return taken;
}

void tty_input(struct tty *tty, uint8_t c)
{
	input(tty, c, true);
}

bool tty_try_input(struct tty *tty, uint8_t c)
{
	return input(tty, c, false);
}

void tty_hang_up(struct tty *tty)
{
	spin_lock(&tty->lock);
	tty->hung_up = true;
	tty->stopped = false;
	tty_flush_input(tty);
	tty_wake_readers(tty);
	tty_wake_writers(tty);
	spin_unlock(&tty->lock);
	tty_disown(tty);
}
