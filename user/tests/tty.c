/*
 * tty - the line discipline: what becomes of typed bytes on their way to a
 * program, and of the program's on their way out.
 *
 * Needs kernel/linux: terminals.
 */
#include "terminal.h"
#include <time.h>

#define CTRL(letter) ((letter)&0x1f)

/* ---- lines ---- */

TEST(a_line_is_read_when_it_is_complete)
{
	struct terminal t = terminal_open();
	char two[2];
	int waiting;

	terminal_type(&t, "abc");
	EXPECT_SHOWN(&t, "abc");
	EXPECT(!terminal_ready(t.slave));
	terminal_type(&t, "\r");
	EXPECT_SHOWN(&t, "\r\n");
	EXPECT(terminal_ready(t.slave));
	EXPECT_EQ(ioctl(t.slave, FIONREAD, &waiting), 0);
	EXPECT_EQ(waiting, 4);
	EXPECT_EQ(read(t.slave, two, 2), 2);
	EXPECT_READ(&t, "c\n");
}

TEST(a_read_ends_with_its_line)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "one\ntwo\n\nthree\n");
	EXPECT_READ(&t, "one\n");
	EXPECT_READ(&t, "two\n");
	EXPECT_READ(&t, "\n");
	EXPECT_READ(&t, "three\n");
}

TEST(end_of_file)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "\x04"
			  "ab\x04"
			  "cd\n\x04");
	EXPECT_READ(&t, "");
	EXPECT_READ(&t, "ab");
	EXPECT_READ(&t, "cd\n");
	EXPECT_READ(&t, "");
	EXPECT_SHOWN(&t, "abcd\r\n");
}

TEST(other_ends_of_line)
{
	struct terminal t = terminal_open();
	struct termios s;

	tcgetattr(t.slave, &s);
	s.c_cc[VEOL] = ';';
	s.c_cc[VEOL2] = '!';
	tcsetattr(t.slave, TCSANOW, &s);
	terminal_type(&t, "a;b!c\n");
	EXPECT_READ(&t, "a;");
	EXPECT_READ(&t, "b!");
	EXPECT_READ(&t, "c\n");
}

/* ---- editing ---- */

TEST(erase)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "\x7f"
			  "ab\x7f"
			  "c\x01\x7f\n");
	EXPECT_READ(&t, "ac\n");
	EXPECT_SHOWN(&t, "ab\b \bc^A\b \b\b \b\r\n");
}

TEST(erase_a_tab)
{
	struct terminal t = terminal_open();

	terminal_write(&t, "$ ");
	terminal_type(&t, "a\tb\x7f\x7f"
			  "c\n");
	EXPECT_READ(&t, "ac\n");
	EXPECT_SHOWN(&t, "$ a\tb\b \b\b\b\b\b\bc\r\n");
}

TEST(erase_a_long_character)
{
	struct terminal t = terminal_open();

	terminal_input_flags(&t, IUTF8, 0);
	terminal_type(&t, "a\xe2\x82\xac\x7f"
			  "b\n");
	EXPECT_READ(&t, "ab\n");
	EXPECT_SHOWN(&t, "a\xe2\x82\xac\b \bb\r\n");
}

TEST(erase_without_echoe)
{
	struct terminal t = terminal_open();

	terminal_local_flags(&t, 0, ECHOE);
	terminal_type(&t, "ab\x7f\n");
	EXPECT_READ(&t, "a\n");
	EXPECT_SHOWN(&t, "ab^?\r\n");
}

TEST(erase_a_word)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "one two.\x17x\n");
	EXPECT_READ(&t, "one x\n");
	terminal_type(&t, "\x17one\x17\n");
	EXPECT_READ(&t, "\n");
}

TEST(kill_the_line)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "abc\x15"
			  "d\n");
	EXPECT_READ(&t, "d\n");
	EXPECT_SHOWN(&t, "abc\b \b\b \b\b \bd\r\n");
	terminal_local_flags(&t, 0, ECHOKE);
	terminal_type(&t, "abc\x15"
			  "d\n");
	EXPECT_READ(&t, "d\n");
	EXPECT_SHOWN(&t, "abc^U\r\nd\r\n");
}

TEST(the_next_one_literally)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "a\x16\x03"
			  "b\x16\x7f\n");
	EXPECT_READ(&t, "a\x03"
			"b\x7f\n");
	EXPECT_SHOWN(&t, "a^\b^Cb^\b^?\r\n");
}

TEST(reprint)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "ab\x12"
			  "c\n");
	EXPECT_READ(&t, "abc\n");
	EXPECT_SHOWN(&t, "ab^R\r\nabc\r\n");
}

/* ---- echo ---- */

TEST(no_echo)
{
	struct terminal t = terminal_open();

	terminal_local_flags(&t, 0, ECHO);
	terminal_type(&t, "secret\n");
	EXPECT_READ(&t, "secret\n");
	EXPECT(!terminal_ready(t.master));
	terminal_local_flags(&t, ECHONL, 0);
	terminal_type(&t, "secret\n");
	EXPECT_READ(&t, "secret\n");
	EXPECT_SHOWN(&t, "\r\n");
}

TEST(control_characters_as_they_are)
{
	struct terminal t = terminal_open();

	terminal_local_flags(&t, 0, ECHOCTL);
	terminal_type(&t, "\x01"
			  "a\n");
	EXPECT_READ(&t, "\x01"
			"a\n");
	EXPECT_SHOWN(&t, "\x01"
			 "a\r\n");
}

/* ---- flags ---- */

TEST(input_flags)
{
	struct terminal t = terminal_open();

	terminal_local_flags(&t, 0, ECHO);
	terminal_input_flags(&t, 0, ICRNL);
	terminal_type(&t, "a\rb\n");
	EXPECT_READ(&t, "a\rb\n");
	terminal_input_flags(&t, IGNCR, 0);
	terminal_type(&t, "a\rb\n");
	EXPECT_READ(&t, "ab\n");
	terminal_input_flags(&t, ISTRIP, IGNCR);
	terminal_type(&t, "\xe1\n");
	EXPECT_READ(&t, "a\n");
	terminal_input_flags(&t, IUCLC, ISTRIP);
	terminal_type(&t, "ABc\n");
	EXPECT_READ(&t, "abc\n");
	terminal_input_flags(&t, INLCR | ICRNL, IUCLC);
	terminal_type(&t, "a\r");
	EXPECT_READ(&t, "a\n");
}

TEST(output_flags)
{
	struct terminal t = terminal_open();

	terminal_write(&t, "a\tb\n");
	EXPECT_SHOWN(&t, "a\tb\r\n");
	terminal_output_flags(&t, XTABS, 0);
	terminal_write(&t, "a\tb\n\t");
	EXPECT_SHOWN(&t, "a       b\r\n        ");
	terminal_output_flags(&t, OCRNL, ONLCR | XTABS);
	terminal_write(&t, "a\rb\n");
	EXPECT_SHOWN(&t, "a\nb\n");
	terminal_output_flags(&t, OLCUC, OCRNL);
	terminal_write(&t, "Ab\n");
	EXPECT_SHOWN(&t, "AB\n");
	terminal_output_flags(&t, ONLCR, OLCUC | OPOST);
	terminal_write(&t, "a\tb\r\n");
	EXPECT_SHOWN(&t, "a\tb\r\n");
}

/* ---- bytes instead of lines ---- */

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

TEST(each_byte_at_once)
{
	struct terminal t = terminal_open();

	terminal_raw(&t, 1, 0);
	terminal_type(&t, "a\r\x03\x7f");
	terminal_type(&t, "\x04");
	char got[5];
	size_t len = 0;

	while (len < sizeof(got))
		len += read(t.slave, got + len, sizeof(got) - len);
	EXPECT(memcmp(got, "a\r\x03\x7f\x04", 5) == 0);
	EXPECT(!terminal_ready(t.master));
}

TEST(at_least_so_many)
{
	struct terminal t = terminal_open();

	terminal_raw(&t, 3, 0);
	terminal_local_flags(&t, ECHO, 0);
	terminal_type(&t, "ab");
	EXPECT_SHOWN(&t, "ab");
	EXPECT(!terminal_ready(t.slave));
	terminal_type(&t, "c");
	EXPECT_READ(&t, "abc");
}

/* A busy machine may take any time for something: but not each time. */
static bool reads_at_once(struct terminal *t)
{
	for (int i = 0; i < 50; i++) {
		long start = now_ms();

		EXPECT_READ(t, "");
		if (now_ms() - start < 190)
			return true;
	}
	return false;
}

TEST(not_longer_than_so_long)
{
	struct terminal t = terminal_open();
	long start = now_ms();

	terminal_raw(&t, 0, 2);
	EXPECT_READ(&t, "");
	EXPECT(now_ms() - start >= 190);
	terminal_raw(&t, 0, 0);
	EXPECT(reads_at_once(&t));
	terminal_raw(&t, 9, 2);
	start = now_ms();
	terminal_type(&t, "ab");
	EXPECT_READ(&t, "ab");
	EXPECT(now_ms() - start >= 190);
}

TEST(without_waiting)
{
	struct terminal t = terminal_open();
	char c;

	fcntl(t.slave, F_SETFL, O_NONBLOCK);
	EXPECT_ERRNO(read(t.slave, &c, 1), EAGAIN);
	fcntl(t.master, F_SETFL, O_NONBLOCK);
	EXPECT_ERRNO(read(t.master, &c, 1), EAGAIN);
}

TEST(from_lines_to_bytes)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "abc");
	EXPECT_SHOWN(&t, "abc");
	EXPECT(!terminal_ready(t.slave));
	terminal_local_flags(&t, 0, ICANON);
	EXPECT_READ(&t, "abc");
}

/* ---- settings ---- */

TEST(settings_are_kept)
{
	struct terminal t = terminal_open();
	struct termios s, got;

	EXPECT_EQ(tcgetattr(t.slave, &s), 0);
	EXPECT_EQ(s.c_iflag, ICRNL | IXON);
	EXPECT_EQ(s.c_oflag, OPOST | ONLCR);
	EXPECT_EQ(s.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
				     ECHOKE | IEXTEN);
	EXPECT_EQ(s.c_cc[VERASE], 0x7f);
	EXPECT_EQ(s.c_cc[VLNEXT], CTRL('V'));
	s.c_iflag = IGNPAR | BRKINT | IXANY;
	s.c_oflag = 0;
	s.c_lflag = TOSTOP | NOFLSH | ECHOPRT;
	for (int i = 0; i < 17; i++)
		s.c_cc[i] = 100 + i;
	EXPECT_EQ(tcsetattr(t.slave, TCSADRAIN, &s), 0);
	EXPECT_EQ(tcgetattr(t.master, &got), 0);
	EXPECT_EQ(got.c_iflag, s.c_iflag);
	EXPECT_EQ(got.c_oflag, s.c_oflag);
	EXPECT_EQ(got.c_lflag, s.c_lflag);
	EXPECT(memcmp(got.c_cc, s.c_cc, 17) == 0);
}

TEST(a_flush_drops_what_was_typed)
{
	struct terminal t = terminal_open();
	struct termios s;

	tcgetattr(t.slave, &s);
	terminal_type(&t, "old\n");
	EXPECT_SHOWN(&t, "old\r\n");
	EXPECT_EQ(tcsetattr(t.slave, TCSAFLUSH, &s), 0);
	EXPECT(!terminal_ready(t.slave));
	terminal_type(&t, "older\n");
	EXPECT_SHOWN(&t, "older\r\n");
	EXPECT_EQ(tcflush(t.slave, TCIFLUSH), 0);
	EXPECT(!terminal_ready(t.slave));
	EXPECT_ERRNO(tcflush(t.slave, 99), EINVAL);
	terminal_type(&t, "new\n");
	EXPECT_READ(&t, "new\n");
}

/* ---- flow ---- */

static bool writable(const struct terminal *t)
{
	struct pollfd p = {.fd = t->slave, .events = POLLOUT};

	return poll(&p, 1, 0) == 1;
}

static void await_writable(const struct terminal *t, bool want)
{
	while (writable(t) != want)
		sched_yield();
}

TEST(control_s_stops_output)
{
	struct terminal t = terminal_open();

	fcntl(t.slave, F_SETFL, O_NONBLOCK);
	EXPECT(writable(&t));
	terminal_type(&t, "\x13");
	await_writable(&t, false);
	EXPECT_ERRNO(write(t.slave, "x", 1), EAGAIN);
	terminal_type(&t, "\x11");
	await_writable(&t, true);
	terminal_write(&t, "y");
	EXPECT_SHOWN(&t, "y");
	terminal_input_flags(&t, IXANY, 0);
	terminal_type(&t, "\x13");
	await_writable(&t, false);
	terminal_type(&t, "a");
	await_writable(&t, true);
}

TEST(flow_by_call)
{
	struct terminal t = terminal_open();

	EXPECT_EQ(tcflow(t.slave, TCOOFF), 0);
	EXPECT(!writable(&t));
	EXPECT_EQ(tcflow(t.slave, TCOON), 0);
	EXPECT(writable(&t));
	EXPECT_EQ(tcflow(t.slave, TCIOFF), 0);
	EXPECT_SHOWN(&t, "\x13");
	EXPECT_ERRNO(tcflow(t.slave, 99), EINVAL);
}

/* A line of nothing but tabs is killed as fast as any other. */
TEST(many_tabs)
{
	struct terminal t = terminal_open();
	char tabs[2001];

	memset(tabs, '\t', 2000);
	tabs[2000] = '\0';
	terminal_local_flags(&t, 0, ECHO);
	terminal_type(&t, tabs);
	terminal_type(&t, "\x15yes\n");
	EXPECT_READ(&t, "yes\n");
}

/* The next character is literal, but lines do not count any more. */
TEST(literal_no_more)
{
	struct terminal t = terminal_open();

	terminal_type(&t, "\x16");
	EXPECT_SHOWN(&t, "^\b");
	terminal_raw(&t, 1, 0);
	terminal_type(&t, "a");
	EXPECT_READ(&t, "a");
}

TEST(nothing_to_read_is_no_error)
{
	struct terminal t = terminal_open();
	char c;

	ASSERT(fcntl(t.slave, F_SETFL, O_NONBLOCK) == 0);
	EXPECT_ERRNO(read(t.slave, &c, 1), EAGAIN);
	terminal_raw(&t, 0, 0);
	EXPECT_EQ(read(t.slave, &c, 1), 0);
	terminal_raw(&t, 1, 0);
	EXPECT_ERRNO(read(t.slave, &c, 1), EAGAIN);
}

TEST(a_tab_behind_others)
{
	struct terminal t = terminal_open();

	terminal_output_flags(&t, 0, XTABS);
	terminal_type(&t, "abc\t\x7f");
	EXPECT_SHOWN(&t, "abc\t\b\b\b\b\b");
	terminal_type(&t, "\td\t\x7f");
	EXPECT_SHOWN(&t, "\td\t\b\b\b\b\b\b\b");
}

/* As glibc 2.42 and newer ask, in isatty() too: the same settings, and speeds. */
TEST(settings_with_speeds)
{
	struct {
		uint32_t iflag, oflag, cflag, lflag;
		uint8_t line, cc[19];
		uint32_t ispeed, ospeed;
	} s, got;
	const int tcgets2 = 0x802c542a, tcsets2 = 0x402c542b;
	const uint32_t cbaud = 010017, bother = 010000;
	struct terminal t = terminal_open();
	struct termios old;

	ASSERT(ioctl(t.slave, tcgets2, &s) == 0);
	EXPECT_EQ(s.iflag, ICRNL | IXON);
	EXPECT_EQ(s.ospeed, 38400);
	s.cflag = (s.cflag & ~cbaud) | bother;
	s.ispeed = s.ospeed = 12345;
	EXPECT_EQ(ioctl(t.slave, tcsets2, &s), 0);
	EXPECT_EQ(ioctl(t.slave, tcgets2, &got), 0);
	EXPECT_EQ(got.ospeed, 12345);
	EXPECT_EQ(got.cflag, s.cflag);
	EXPECT_EQ(tcgetattr(t.slave, &old), 0);
	EXPECT_EQ(old.c_cflag, s.cflag);
	s.cflag = (s.cflag & ~cbaud) | B115200;
	EXPECT_EQ(ioctl(t.slave, tcsets2, &s), 0);
	EXPECT_EQ(ioctl(t.slave, tcgets2, &got), 0);
	EXPECT_EQ(got.ospeed, 115200);
}
