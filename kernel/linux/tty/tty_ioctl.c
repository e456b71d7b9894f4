/*
 * tty_ioctl.c - the settings of a terminal, and what else ioctl(2) asks of it.
 *
 * Most requests come by way of the C library: tcgetattr(3) is TCGETS,
 * tcsetattr(3) is TCSETS or, when it shall wait for output or drop input,
 * TCSETSW and TCSETSF.  Newer libraries ask by the same with a 2 behind, which
 * carry speeds.  Output never lies anywhere, so there is nothing to wait for.
 * Flags that mean nothing to us, as the speed, are kept and given back.
 *
 * Source: Linux, tty_ioctl(4).
 */
#include "errno.h"
#include "process.h"
#include "signals.h"
#include "tty.h"
#include "uaccess.h"

/* ---- termios ---- */

/* The speeds that four bits of cflag name (CBAUD), and the word that says: any
 * other, see the numbers. */
#define CBAUD 0010017u
#define CBAUDEX 0010000u
#define BOTHER 0010000u

static uint32_t speed_of(uint32_t cflag)
{
	static const uint32_t speeds[] = {
		0,    50,   75,   110,  134,  150,  200,   300,
		600,  1200, 1800, 2400, 4800, 9600, 19200, 38400,
	};
	static const uint32_t fast[] = {
		0,       57600,   115200,  230400,  460800,  500000,
		576000,  921600,  1000000, 1152000, 1500000, 2000000,
		2500000, 3000000, 3500000, 4000000,
	};

	return cflag & CBAUDEX ? fast[cflag & 017] : speeds[cflag & 017];
}

/* What is typed but not complete is for readers, once lines do not count. */
static void set_termios(struct tty *tty, const struct termios2 *t, bool flush)
{
	bool other = (t->termios.cflag & CBAUD) == BOTHER;

	spin_lock(&tty->lock);
	tty->termios = t->termios;
	tty->ispeed = other ? t->ispeed : speed_of(t->termios.cflag);
	tty->ospeed = other ? t->ospeed : speed_of(t->termios.cflag);
	if (flush)
		tty_flush_input(tty);
	if (!tty_has_local_flag(tty, ICANON)) {
		tty->literal = false;
		tty_wake_readers(tty);
	}
	if (tty->stopped && !tty_has_input_flag(tty, IXON))
		tty->stopped = false;
	tty_wake_writers(tty);
	spin_unlock(&tty->lock);
}

/* The older requests have no speeds: those stay, if cflag says so. */
static long set_termios_user(struct tty *tty, uintptr_t arg, size_t size,
			     bool flush)
{
	struct termios2 t = {.ispeed = tty->ispeed, .ospeed = tty->ospeed};

	if (copy_from_user(&t, arg, size))
		return -EFAULT;
	set_termios(tty, &t, flush);
	return 0;
}

/* ---- the window ---- */

static long set_size(struct tty *tty, uintptr_t arg)
{
	struct winsize size, old;

	if (get_user(size, arg))
		return -EFAULT;
	spin_lock(&tty->lock);
	old = tty->size;
	tty->size = size;
	spin_unlock(&tty->lock);
	if (old.rows != size.rows || old.columns != size.columns ||
	    old.width != size.width || old.height != size.height)
		tty_signal(tty, SIGWINCH);
	return 0;
}

/* ---- flow ---- */

static long queue_flush(struct tty *tty, uintptr_t queue)
{
	if (queue > TCIOFLUSH)
		return -EINVAL;
	if (queue == TCOFLUSH)
		return 0;
	spin_lock(&tty->lock);
	tty_flush_input(tty);
	spin_unlock(&tty->lock);
	return 0;
}

/* tcflow(3): stops our output, or asks the other side to stop its own. */
static long output_flow(struct tty *tty, uintptr_t action)
{
	if (action > TCION)
		return -EINVAL;
	spin_lock(&tty->lock);
	if (action == TCOOFF || action == TCOON) {
		tty->stopped = action == TCOOFF;
		tty_wake_writers(tty);
	} else {
		uint8_t key = action == TCIOFF ? VSTOP : VSTART;

		tty_output(tty, (char *)&tty->termios.cc[key], 1);
	}
	spin_unlock(&tty->lock);
	return 0;
}

/* As if it had been typed: TIOCSTI. */
static long simulate_input(struct tty *tty, uintptr_t arg)
{
	uint8_t c;

	if (!tty_is_own(tty) && !process_is_root())
		return -EPERM;
	if (get_user(c, arg))
		return -EFAULT;
	tty_input(tty, c);
	return 0;
}

/* ---- the requests ---- */

static long get_number(struct tty *tty, unsigned int request, uintptr_t arg)
{
	int number = 0;

	spin_lock(&tty->lock);
	if (request == FIONREAD)
		number = tty_readable(tty);
	spin_unlock(&tty->lock);
	return put_user(number, arg);
}

/* A copy that nobody changes while it goes to the program. */
static long get_settings(struct tty *tty, unsigned int request, uintptr_t arg)
{
	struct termios2 t;
	struct winsize size;

	spin_lock(&tty->lock);
	t = (struct termios2){tty->termios, tty->ispeed, tty->ospeed};
	size = tty->size;
	spin_unlock(&tty->lock);
	if (request == TIOCGWINSZ)
		return put_user(size, arg);
	return request == TCGETS ? put_user(t.termios, arg) : put_user(t, arg);
}

long tty_ioctl_shared(struct tty *tty, unsigned int request, uintptr_t arg)
{
	switch (request) {
	case TCGETS:
	case TCGETS2:
	case TIOCGWINSZ:
		return get_settings(tty, request, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios_user(tty, arg, sizeof(struct termios),
					request == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return set_termios_user(tty, arg, sizeof(struct termios2),
					request == TCSETSF2);
	case TIOCSWINSZ:
		return set_size(tty, arg);
	case TCFLSH:
		return queue_flush(tty, arg);
	case TCXONC:
		return output_flow(tty, arg);
	case TCSBRK: /* a break, and tcdrain(3) */
	case TCSBRKP:
		return 0;
	default:
		return -ENOTTY;
	}
}

static bool changes_something(unsigned int request)
{
	switch (request) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
	case TCFLSH:
	case TCXONC:
	case TCSBRK:
	case TCSBRKP:
		return true;
	default:
		return false;
	}
}

long tty_ioctl(struct tty *tty, unsigned int request, uintptr_t arg)
{
	long error;

	if (tty->hung_up)
		return -EIO;
	if (changes_something(request)) {
		error = tty_check_foreground(tty, SIGTTOU);
		if (error)
			return error;
	}
	switch (request) {
	case FIONREAD:
	case TIOCOUTQ:
		return get_number(tty, request, arg);
	case TIOCSTI:
		return simulate_input(tty, arg);
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCSPGRP:
	case TIOCGPGRP:
	case TIOCGSID:
		return tty_session_ioctl(tty, request, arg);
	default:
		return tty_ioctl_shared(tty, request, arg);
	}
}
