/*
 * tty.h - terminals, and their settings as programs know them.
 *
 *	tty.c		what is typed: the line discipline
 *	tty_edit.c	... echo, and editing the line
 *	tty_read.c, tty_write.c
 *	tty_ioctl.c	settings: termios, window size
 *	tty_session.c	whose terminal it is: sessions, groups, /dev/tty
 *	tty_file.c	a terminal as an open file
 *	machine_ttys.c	the machine's own terminals
 *	pty.c, pty_master.c	those that programs make
 *
 * Source: Linux x86-64's termios(3) and tty_ioctl(4).
 */
#ifndef TTY_H
#define TTY_H

#include "file.h"
#include "list.h"
#include "spinlock.h"
#include "sync.h"
#include "types.h"
#include "waitq.h"

/* Of the kernel; the C library's has more characters, and speeds. */
struct termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
};

_Static_assert(sizeof(struct termios) == 36, "Linux x86-64's size");

/* The same with speeds, in bits a second: what glibc 2.42 and newer ask for. */
struct termios2 {
	struct termios termios;
	uint32_t ispeed, ospeed;
};

_Static_assert(sizeof(struct termios2) == 44, "Linux x86-64's size");

struct winsize {
	uint16_t rows, columns, width, height; /* the latter in pixels */
};

#define TTY_RING 4096
#define TTY_OUTPUT_MAX 8 /* bytes that one byte may become: a tab */

struct tty;

/* What a device does for its terminal. */
struct tty_device {
	/* Sends bytes as they are; needs tty->lock. */
	void (*send)(struct tty *tty, const char *bytes, size_t len);
	/* How many send() may be given; needs tty->lock.  NULL: any. */
	size_t (*room)(const struct tty *tty);
	/* There may be more room in the ring; needs tty->lock.  Or NULL. */
	void (*input_taken)(struct tty *tty);
	/* Somebody waits for input, maybe for the first time; or NULL. */
	void (*want_input)(struct tty *tty);
	/* A file has been opened, and counted; or NULL. */
	void (*file_opened)(struct tty *tty);
	/* Takes one off tty->files, and does what that brings; or NULL. */
	void (*file_closed)(struct tty *tty);
};

struct tty {
	/* Set once. */
	const struct tty_device *device;
	uint64_t number;      /* of the node in /dev */
	struct mutex reading; /* one reader copies at a time */

	struct spinlock lock;
	/* Needs lock. */
	struct waitq readers, writers;
	struct pollhead pollhead;
	struct termios termios;
	uint32_t ispeed, ospeed; /* bits a second: kept, and given back */
	struct winsize size;
	bool stopped;            /* Ctrl-S: no output */
	bool hung_up;            /* nobody is at the other end any more */
	bool literal;            /* the next byte means nothing special */
	bool throttled;          /* we have sent STOP (IXOFF) */
	unsigned int column;     /* where output is */
	unsigned int line_start; /* ... where the line being typed began */
	unsigned int read, ready, written; /* entries of the ring, ever */
	uint16_t ring[TTY_RING];

	/* Needs the lock of tty_session.c; group may be read without. */
	struct list_head link; /* all terminals */
	int session;           /* whose controlling terminal it is, or 0 */
	int foreground;        /* a process group, or 0 */
	struct waitq regrouped;
	unsigned int files; /* open ones; atomic */
};

/* In the ring, besides a byte. */
#define TTY_END_OF_FILE 0x100 /* Ctrl-D was typed here */
#define TTY_END_OF_LINE 0x200 /* a read(2) goes no further */

void tty_init(struct tty *tty, const char *name, uint64_t number,
	      const struct tty_device *device);

/* Before its memory is given back. */
void tty_destroy(struct tty *tty);

/* ---- tty.c, tty_edit.c ---- */

/* A byte that was typed.  Not in interrupt context: it may send signals.
 * Without room in the ring the byte is lost. */
void tty_input(struct tty *tty, uint8_t c);

/* The same, but false, and nothing has happened, when there is no room. */
bool tty_try_input(struct tty *tty, uint8_t c);

/* How many bytes would find room; needs tty->lock. */
size_t tty_input_room(const struct tty *tty);

/* Nobody is at the other end any more: reads end, writes fail. */
void tty_hang_up(struct tty *tty);

/* The rest needs tty->lock. */
void tty_put_input(struct tty *tty, uint16_t c, bool ends_line);
void tty_flush_input(struct tty *tty);

/* Entries have left the ring. */
void tty_input_taken(struct tty *tty);
void tty_wake_readers(struct tty *tty);
void tty_echo_input(struct tty *tty, uint8_t c);

/* In canonical mode: true when the byte edits the line, or ends it. */
bool tty_edit(struct tty *tty, uint8_t c);

static inline bool tty_has_input_flag(const struct tty *tty, uint32_t flag)
{
	return tty->termios.iflag & flag;
}

static inline bool tty_has_local_flag(const struct tty *tty, uint32_t flag)
{
	return tty->termios.lflag & flag;
}

/* Is it this control character?  One that is 0 is turned off. */
static inline bool tty_is_key(const struct tty *tty, unsigned int key,
			      uint8_t c)
{
	return c == tty->termios.cc[key] && c != 0;
}

/* ---- tty_read.c, tty_write.c ---- */

/* As read(2) and write(2) on a terminal.  Sleep. */
long tty_read(struct tty *tty, uintptr_t buf, size_t len, bool nonblock);
long tty_write(struct tty *tty, uintptr_t buf, size_t len, bool nonblock);

/* POLL* now. */
unsigned int tty_poll(struct tty *tty);

/* Bytes that tty_read() would return; needs tty->lock. */
size_t tty_readable(const struct tty *tty);

/* Sends text, by the output flags, as far as there is room; needs tty->lock.
 * How many bytes it took. */
size_t tty_output(struct tty *tty, const char *text, size_t len);

/* Writers may go on; needs tty->lock. */
void tty_wake_writers(struct tty *tty);

/* ---- tty_ioctl.c ---- */

/* -ENOTTY: no request for terminals. */
long tty_ioctl(struct tty *tty, unsigned int request, uintptr_t arg);

/* The same from the other end of a pseudo-terminal: what needs no process. */
long tty_ioctl_shared(struct tty *tty, unsigned int request, uintptr_t arg);

/* ---- tty_session.c ---- */

/*
 * A process in the background that reads, or changes settings, is sent the
 * signal, and waits until its group is in the foreground.  0, -EIO,
 * -ERESTARTSYS.  Sleeps.
 */
int tty_check_foreground(struct tty *tty, int signal);

/* To the group in the foreground; no spinlock may be held. */
void tty_signal(struct tty *tty, int signal);

/* Is it the controlling terminal of the current process? */
bool tty_is_own(const struct tty *tty);

/* Becomes the controlling terminal of a session leader who has none. */
void tty_acquire(struct tty *tty);

/* Belongs to no session any more, which is told. */
void tty_disown(struct tty *tty);

/* TIOCSCTTY and its like; -ENOTTY for others. */
long tty_session_ioctl(struct tty *tty, unsigned int request, uintptr_t arg);

/* ---- tty_file.c ---- */

/* Makes f, which has been counted, a file of the terminal. */
void tty_attach(struct file *f, struct tty *tty);

/* The terminal has one more file, and stays as long as that. */
static inline void tty_count_file(struct tty *tty)
{
	__atomic_fetch_add(&tty->files, 1, __ATOMIC_RELAXED);
}

/* For dev.c: /dev/tty, and the machine's own terminals. */
int tty_open_own(struct file *f, unsigned int minor, bool acquire);
int console_open(struct file *f, unsigned int minor, bool acquire);
int serial_open(struct file *f, unsigned int minor, bool acquire);
int screen_open(struct file *f, unsigned int minor, bool acquire);

/* ---- pty.c ---- */

#define PTS_MAJOR 136 /* of /dev/pts/N; the minor is N */

int ptmx_open(struct file *f, unsigned int minor, bool acquire);
int pts_open(struct file *f, unsigned int minor, bool acquire);

/* The terminals go into this directory; needs fs_lock. */
void pty_start(struct inode *directory);

/* ---- numbers ---- */

/* Input. */
#define ISTRIP 0000040u
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u
#define IUCLC 0001000u
#define IXON 0002000u
#define IXANY 0004000u
#define IXOFF 0010000u
#define IMAXBEL 0020000u
#define IUTF8 0040000u

/* Output. */
#define OPOST 0000001u
#define OLCUC 0000002u
#define ONLCR 0000004u
#define OCRNL 0000010u
#define ONOCR 0000020u
#define ONLRET 0000040u
#define XTABS 0014000u

/* Control; they mean nothing here, and are only kept. */
#define B38400 0000017u
#define CS8 0000060u
#define CREAD 0000200u
#define HUPCL 0002000u

/* Local. */
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHONL 0000100u
#define NOFLSH 0000200u
#define TOSTOP 0000400u
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
	VEOL = 11,
	VREPRINT = 12,
	VDISCARD = 13,
	VWERASE = 14,
	VLNEXT = 15,
	VEOL2 = 16,
};

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCSTI 0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b
#define TIOCNOTTY 0x5422
#define TCSBRKP 0x5425
#define TCGETS2 0x802c542au
#define TCSETS2 0x402c542bu
#define TCSETSW2 0x402c542cu
#define TCSETSF2 0x402c542du
#define TIOCGSID 0x5429
#define TIOCGPTN 0x80045430
#define TIOCSPTLCK 0x40045431
#define TIOCGPTLCK 0x80045439

/* Arguments of TCXONC and TCFLSH. */
enum { TCOOFF, TCOON, TCIOFF, TCION };
enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };

#endif
