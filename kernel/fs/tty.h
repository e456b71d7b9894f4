/*
 * tty.h - terminals, and their settings as programs know them.
 * Source: Linux x86-64's termios(3) and tty_ioctl(4).
 */
#ifndef TTY_H
#define TTY_H

#include "core_mutex.h"
#include "file.h"
#include "spinlock.h"
#include "types.h"
#include "waitq.h"

/* Of the kernel; the C library's has more characters, and speeds. */
struct termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
};

_Static_assert(sizeof(struct termios) == 36, "Linux x86-64's size");

struct winsize {
	uint16_t rows, columns, width, height; /* the latter in pixels */
};

#define TTY_RING 4096

struct tty {
	struct core_mutex reading; /* one reader copies at a time */
	void (*write)(const char *text, size_t len); /* under any lock */

	struct spinlock lock;
	/* Needs lock. */
	struct waitq readers;
	struct pollhead pollhead;
	struct termios termios;
	struct winsize size;
	int foreground;                    /* a process group, or 0 */
	unsigned int read, ready, written; /* entries of the ring, ever */
	uint16_t ring[TTY_RING];           /* bytes, and ends of file */
};

void tty_init(struct tty *tty, const char *name,
	      void (*write)(const char *text, size_t len));

/* A byte that was typed.  Not in interrupt context: it may send signals. */
void tty_input(struct tty *tty, uint8_t c);

/* As read(2) on a terminal.  Sleeps. */
long tty_read(struct tty *tty, uintptr_t buf, size_t len, bool nonblock);

/* Would tty_read() return at once? */
bool tty_can_read(struct tty *tty);

/* -ENOTTY: no request for terminals. */
long tty_ioctl(struct tty *tty, unsigned int request, uintptr_t arg);

/* ---- numbers ---- */

/* Input, output, control, local flags. */
#define ICRNL 0000400u
#define IXON 0002000u
#define OPOST 0000001u
#define ONLCR 0000004u
#define B38400 0000017u
#define CS8 0000060u
#define CREAD 0000200u
#define HUPCL 0002000u
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHOCTL 0001000u
#define ECHOKE 0004000u
#define IEXTEN 0100000u

/* Indices of the control characters. */
enum {
	VINTR = 0,
	VQUIT = 1,
	VERASE = 2,
	VKILL = 3,
	VEOF = 4,
	VTIME = 5,
	VMIN = 6,
	VSTART = 8,
	VSTOP = 9,
	VSUSP = 10,
	VWERASE = 14,
};

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCFLSH 0x540b
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b
#define TIOCNOTTY 0x5422

#endif
