/*
 * terminal.h - for tests of terminals: a pseudo-terminal, typed at and looked
 * at through its master.
 *
 * On Linux what is typed goes to the terminal a moment later; so whoever wants
 * to see that nothing comes of it first reads its echo.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

struct terminal {
	int master, slave;
	char name[64];
};

/* Of no session, unless the caller makes it its own. */
static inline struct terminal terminal_open(void)
{
	struct terminal t;

	t.master = posix_openpt(O_RDWR | O_NOCTTY);
	ASSERT(t.master >= 0);
	ASSERT(grantpt(t.master) == 0 && unlockpt(t.master) == 0);
	snprintf(t.name, sizeof(t.name), "%s", ptsname(t.master));
	t.slave = open(t.name, O_RDWR | O_NOCTTY);
	ASSERT(t.slave >= 0);
	return t;
}

/* Settings by their flags. */
static inline void terminal_input_flags(const struct terminal *t, tcflag_t on,
					tcflag_t off)
{
	struct termios s;

	ASSERT(tcgetattr(t->slave, &s) == 0);
	s.c_iflag = (s.c_iflag & ~off) | on;
	ASSERT(tcsetattr(t->slave, TCSANOW, &s) == 0);
}

static inline void terminal_output_flags(const struct terminal *t, tcflag_t on,
					 tcflag_t off)
{
	struct termios s;

	ASSERT(tcgetattr(t->slave, &s) == 0);
	s.c_oflag = (s.c_oflag & ~off) | on;
	ASSERT(tcsetattr(t->slave, TCSANOW, &s) == 0);
}

static inline void terminal_local_flags(const struct terminal *t, tcflag_t on,
					tcflag_t off)
{
	struct termios s;

	ASSERT(tcgetattr(t->slave, &s) == 0);
	s.c_lflag = (s.c_lflag & ~off) | on;
	ASSERT(tcsetattr(t->slave, TCSANOW, &s) == 0);
}

/* Neither lines nor echo: each byte as it is. */
static inline void terminal_raw(const struct terminal *t, int min, int time)
{
	struct termios s;

	ASSERT(tcgetattr(t->slave, &s) == 0);
	cfmakeraw(&s);
	s.c_cc[VMIN] = min;
	s.c_cc[VTIME] = time;
	ASSERT(tcsetattr(t->slave, TCSANOW, &s) == 0);
}

static inline void terminal_type(const struct terminal *t, const char *text)
{
	EXPECT_EQ(write(t->master, text, strlen(text)), strlen(text));
}

static inline void terminal_write(const struct terminal *t, const char *text)
{
	EXPECT_EQ(write(t->slave, text, strlen(text)), strlen(text));
}

/* Is there anything to read? */
static inline bool terminal_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* Control characters as ^X, so that a failure can be read. */
static inline const char *terminal_visible(const char *bytes, size_t len)
{
	static char text[4][1024];
	static int next;
	char *out = text[next++ % 4], *at = out;

	for (size_t i = 0; i < len && at < out + 1000; i++) {
		unsigned char c = bytes[i];

		if (c < ' ' || c == 0x7f) {
			*at++ = '^';
			*at++ = c ^ 0x40;
		} else {
			*at++ = c;
		}
	}
	*at = '\0';
	return out;
}

/* Waits for as many bytes as the text has, and compares. */
#define EXPECT_SHOWN(t, text) \
	terminal_expect(__FILE__, __LINE__, (t)->master, text, true)

/* One read(2) of the program gives this. */
#define EXPECT_READ(t, text) \
	terminal_expect(__FILE__, __LINE__, (t)->slave, text, false)

static inline void terminal_expect(const char *file, int line, int fd,
				   const char *want, bool all)
{
	size_t len = strlen(want), got = 0;
	char bytes[512];
	ssize_t n;

	do {
		n = read(fd, bytes + got, (all ? len : sizeof(bytes)) - got);
		if (n > 0)
			got += n;
	} while (all && n > 0 && got < len);
	tap_expect_str(file, line, all ? "shown" : "read",
		       n < 0 ? strerror(errno) : terminal_visible(bytes, got),
		       terminal_visible(want, len));
}

#endif
