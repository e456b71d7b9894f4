/*
 * pty - pseudo-terminals, and terminals as those of sessions: who is told of
 * Ctrl-C, who may read, and what happens when one end goes.
 *
 * Needs kernel/linux: terminals.
 */
#include "terminal.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>

/* A child that leads a session whose terminal is t; the master is closed in it.
 */
static pid_t fork_leader(struct terminal *t)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		close(t->master);
		ASSERT(setsid() > 0);
		ASSERT(ioctl(t->slave, TIOCSCTTY, 0) == 0);
	}
	return pid;
}

/* Until a signal ends it. */
static void wait_for_signal(void)
{
	for (;;)
		pause();
}

/* ---- the two ends ---- */

TEST(names)
{
	struct terminal t = terminal_open();
	char name[64];
	struct stat st;

	EXPECT_EQ(isatty(t.master), 1);
	EXPECT_EQ(isatty(t.slave), 1);
	EXPECT_EQ(ttyname_r(t.slave, name, sizeof(name)), 0);
	EXPECT_STR(name, t.name);
	EXPECT_EQ(stat(t.name, &st), 0);
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(st.st_uid, getuid());
	close(t.slave);
	close(t.master);
	EXPECT_ERRNO(stat(t.name, &st), ENOENT);
}

TEST(locked_at_first)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	ASSERT(master >= 0);
	EXPECT_ERRNO(open(ptsname(master), O_RDWR | O_NOCTTY), EIO);
	EXPECT_EQ(unlockpt(master), 0);
	EXPECT(open(ptsname(master), O_RDWR | O_NOCTTY) >= 0);
}

TEST(the_master_goes_first)
{
	struct terminal t = terminal_open();
	struct pollfd p = {.fd = t.slave, .events = POLLIN};
	char c;

	close(t.master);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT(p.revents & POLLHUP);
	EXPECT_EQ(read(t.slave, &c, 1), 0);
	EXPECT_ERRNO(write(t.slave, "x", 1), EIO);
}

TEST(the_terminal_goes_first)
{
	struct terminal t = terminal_open();
	struct pollfd p = {.fd = t.master, .events = POLLIN};
	char c;

	terminal_write(&t, "last");
	close(t.slave);
	EXPECT_SHOWN(&t, "last");
	EXPECT_ERRNO(read(t.master, &c, 1), EIO);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT(p.revents & POLLHUP);
	t.slave = open(t.name, O_RDWR | O_NOCTTY);
	ASSERT(t.slave >= 0);
	terminal_write(&t, "again");
	EXPECT_SHOWN(&t, "again");
}

#define LARGE 100000

static char large[LARGE], got[LARGE];

static void expect_large(int fd)
{
	size_t len = 0;
	ssize_t n;

	while (len < LARGE && (n = read(fd, got + len, LARGE - len)) > 0)
		len += n;
	EXPECT_EQ(len, LARGE);
	EXPECT(memcmp(got, large, LARGE) == 0);
}

/* Much more than fits: either end waits for the other. */
TEST(much_at_once)
{
	struct terminal t = terminal_open();
	pid_t pid;

	for (int i = 0; i < LARGE; i++)
		large[i] = i * 7 + i / 256;
	terminal_raw(&t, 1, 0);
	pid = tap_fork();
	if (pid == 0) {
		EXPECT_EQ(write(t.slave, large, LARGE), LARGE);
		expect_large(t.slave);
		tap_exit();
	}
	expect_large(t.master);
	EXPECT_EQ(write(t.master, large, LARGE), LARGE);
	EXPECT_EXIT(pid, 0);
}

/* The master is told when the terminal takes bytes again: an epoll instance
 * looks at it only then. */
TEST(room_comes)
{
	struct terminal t = terminal_open();
	struct epoll_event e = {.events = EPOLLOUT};
	int ep = epoll_create1(0), found = 0;

	terminal_raw(&t, 1, 0);
	ASSERT(fcntl(t.master, F_SETFL, O_NONBLOCK) == 0);
	while (write(t.master, large, 1000) > 0)
		;
	EXPECT_EQ(errno, EAGAIN);
	ASSERT(epoll_ctl(ep, EPOLL_CTL_ADD, t.master, &e) == 0);
	if (epoll_wait(ep, &e, 1, 0) != 0)
		SKIP("there is more room than write(2) says");
	/* On Linux it takes a while, and more than one read(2). */
	ASSERT(fcntl(t.slave, F_SETFL, O_NONBLOCK) == 0);
	for (int i = 0; i < 100 && found == 0; i++) {
		EXPECT(read(t.slave, got, 4096) > 0 || errno == EAGAIN);
		found = epoll_wait(ep, &e, 1, 50);
	}
	EXPECT_EQ(found, 1);
	EXPECT_EQ(e.events, EPOLLOUT);
	EXPECT(write(t.master, large, 10) > 0);
}

TEST(many)
{
	struct terminal t[20];

	for (int i = 0; i < 20; i++)
		t[i] = terminal_open();
	for (int i = 0; i < 20; i++) {
		char text[3] = {'a' + i, '\n', '\0'};

		terminal_type(&t[i], text);
	}
	for (int i = 19; i >= 0; i--) {
		char text[3] = {'a' + i, '\n', '\0'};

		EXPECT_READ(&t[i], text);
		close(t[i].master);
	}
}

/* ---- the window ---- */

static bool is_pending(int signal)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, signal);
}

static void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

TEST(window_size)
{
	struct terminal t = terminal_open();
	struct winsize size = {30, 100, 640, 480}, now;
	pid_t pid;

	EXPECT_EQ(ioctl(t.slave, TIOCGWINSZ, &now), 0);
	EXPECT_EQ(now.ws_row, 0);
	EXPECT_EQ(ioctl(t.master, TIOCSWINSZ, &size), 0);
	EXPECT_EQ(ioctl(t.slave, TIOCGWINSZ, &now), 0);
	EXPECT(memcmp(&size, &now, sizeof(size)) == 0);
	pid = fork_leader(&t);
	if (pid == 0) {
		block(SIGWINCH);
		EXPECT_EQ(ioctl(t.slave, TIOCSWINSZ, &size), 0);
		EXPECT(!is_pending(SIGWINCH));
		tap_reach("blocked");
		tap_await("resized");
		EXPECT(is_pending(SIGWINCH));
		tap_exit();
	}
	tap_await("blocked");
	size.ws_row = 31;
	EXPECT_EQ(ioctl(t.master, TIOCSWINSZ, &size), 0);
	tap_reach("resized");
	EXPECT_EXIT(pid, 0);
}

/* ---- sessions ---- */

TEST(a_session_gets_a_terminal)
{
	struct terminal t = terminal_open();
	pid_t pid = tap_fork();

	if (pid == 0) {
		ASSERT(setsid() == getpid());
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		EXPECT_ERRNO(tcgetpgrp(t.slave), ENOTTY);
		EXPECT(open(t.name, O_RDWR | O_NOCTTY) >= 0);
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		EXPECT(open(t.name, O_RDWR) >= 0);
		EXPECT_EQ(tcgetpgrp(t.slave), getpid());
		EXPECT_EQ(tcgetsid(t.slave), getpid());

		int own = open("/dev/tty", O_RDWR);

		EXPECT_EQ(write(own, "here", 4), 4);
		EXPECT_EQ(tcgetsid(own), getpid());
		/* What it gets on leaving, here not. */
		signal(SIGHUP, SIG_IGN);
		EXPECT_EQ(ioctl(own, TIOCNOTTY), 0);
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		tap_exit();
	}
	EXPECT_SHOWN(&t, "here");
	EXPECT_EXIT(pid, 0);
}

TEST(one_terminal_a_session)
{
	struct terminal t = terminal_open(), other = terminal_open();
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		EXPECT_EQ(ioctl(t.slave, TIOCSCTTY, 0), 0);
		EXPECT_ERRNO(ioctl(other.slave, TIOCSCTTY, 0), EPERM);

		pid_t child = tap_fork();

		if (child == 0) {
			ASSERT(setsid() > 0);
			EXPECT_ERRNO(ioctl(t.slave, TIOCSCTTY, 0), EPERM);
			EXPECT_EQ(ioctl(other.slave, TIOCSCTTY, 0), 0);
			tap_exit();
		}
		EXPECT_EXIT(child, 0);
		child = tap_fork();
		if (child == 0) {
			EXPECT_EQ(ioctl(t.slave, TIOCNOTTY), 0);
			EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
			tap_exit();
		}
		EXPECT_EXIT(child, 0);
		EXPECT(open("/dev/tty", O_RDWR) >= 0);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(only_a_leader_takes_one)
{
	struct terminal t = terminal_open();
	pid_t pid = tap_fork();

	if (pid == 0) {
		ASSERT(setsid() > 0);

		pid_t child = tap_fork();

		if (child == 0) {
			EXPECT_ERRNO(ioctl(t.slave, TIOCSCTTY, 0), EPERM);
			EXPECT(open(t.name, O_RDWR) >= 0);
			EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
			tap_exit();
		}
		EXPECT_EXIT(child, 0);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

/* A session keeps its terminal when it has no file of it. */
TEST(opened_again_by_its_session)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);
	char c;

	if (pid == 0) {
		close(t.slave);
		tap_reach("left");
		tap_await("seen");

		int own = open("/dev/tty", O_RDWR);

		EXPECT_EQ(write(own, "here", 4), 4);
		tap_reach("written");
		tap_await("read");
		tap_exit();
	}
	close(t.slave);
	tap_await("left");
	EXPECT_ERRNO(read(t.master, &c, 1), EIO);
	tap_reach("seen");
	tap_await("written");
	EXPECT_SHOWN(&t, "here");
	EXPECT(!terminal_ready(t.master));
	tap_reach("read");
	EXPECT_EXIT(pid, 0);
}

/* ---- signals from the keyboard ---- */

/* The key drops output that has not been read, too, as far as it has not come
 * to the master yet: so the echo of what was typed before it is read first. */
static void expect_key_kills(char key, const char *shown, int signal)
{
	struct terminal t = terminal_open();
	const char text[] = {key, '\0'};
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		tap_reach(shown);
		wait_for_signal();
	}
	tap_await(shown);
	terminal_type(&t, "old");
	EXPECT_SHOWN(&t, "old");
	terminal_type(&t, text);
	EXPECT_KILLED(pid, signal);
	EXPECT_SHOWN(&t, shown);
	EXPECT(!terminal_ready(t.slave));
	terminal_type(&t, "new\n");
	EXPECT_READ(&t, "new\n");
}

TEST(interrupt_and_quit)
{
	expect_key_kills('\x03', "^C", SIGINT);
	expect_key_kills('\x1c', "^\\", SIGQUIT);
}

TEST(interrupt_without_a_flush)
{
	struct terminal t = terminal_open();

	terminal_local_flags(&t, NOFLSH, 0);
	terminal_type(&t, "ab\x03"
			  "c\n");
	EXPECT_READ(&t, "abc\n");
	terminal_local_flags(&t, 0, ISIG);
	terminal_type(&t, "ab\x03"
			  "c\n");
	EXPECT_READ(&t, "ab\x03"
			"c\n");
}

TEST(only_the_foreground_is_interrupted)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		pid_t child = tap_fork();

		if (child == 0) {
			setpgid(0, 0);
			tap_reach("apart");
			wait_for_signal();
		}
		tap_await("apart");
		EXPECT_EQ(tcsetpgrp(t.slave, child), 0);
		EXPECT_EQ(tcgetpgrp(t.slave), child);
		tap_reach("in front");
		EXPECT_KILLED(child, SIGINT);
		tap_exit();
	}
	tap_await("in front");
	terminal_type(&t, "\x03");
	EXPECT_EXIT(pid, 0);
}

/* ---- background ---- */

TEST(foreground_errors)
{
	struct terminal t = terminal_open();
	pid_t outside = getpgrp(), pid = fork_leader(&t);

	if (pid == 0) {
		EXPECT_ERRNO(tcsetpgrp(t.slave, outside), EPERM);
		EXPECT_ERRNO(tcsetpgrp(t.slave, -2), EINVAL);
		EXPECT_ERRNO(tcsetpgrp(t.slave, 32000), ESRCH);
		EXPECT_EQ(tcgetpgrp(t.slave), getpid());
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(tcsetpgrp(t.slave, getpgrp()), ENOTTY);
}

/* In a group of its own, in the background. */
static pid_t fork_background(void)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		ASSERT(setpgid(0, 0) == 0);
	return pid;
}

TEST(background_that_ignores_the_signals)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		pid_t child = fork_background();
		char c;

		if (child == 0) {
			signal(SIGTTIN, SIG_IGN);
			EXPECT_ERRNO(read(t.slave, &c, 1), EIO);
			block(SIGTTOU);
			terminal_local_flags(&t, TOSTOP, 0);
			EXPECT_EQ(write(t.slave, "x", 1), 1);
			EXPECT_EQ(tcsetpgrp(t.slave, getpid()), 0);
			EXPECT_EQ(tcgetpgrp(t.slave), getpid());
			tap_exit();
		}
		EXPECT_EXIT(child, 0);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

/* Stopped, or asleep: it does not read before it is in the foreground. */
TEST(background_waits_for_the_foreground)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		pid_t child = fork_background();
		int status;

		if (child == 0) {
			tap_reach("reads");
			EXPECT_READ(&t, "mine\n");
			tap_exit();
		}
		tap_await("reads");
		tap_await("typed");
		EXPECT_EQ(tcsetpgrp(t.slave, child), 0);
		while (waitpid(child, &status, WNOHANG) == 0) {
			kill(child, SIGCONT);
			sched_yield();
		}
		EXPECT_EQ(status, 0);
		tap_exit();
	}
	terminal_type(&t, "mine\n");
	EXPECT_SHOWN(&t, "mine\r\n");
	tap_reach("typed");
	EXPECT_EXIT(pid, 0);
}

/* ---- the end of a session ---- */

TEST(the_leader_ends)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);
	char c;

	if (pid == 0) {
		if (tap_fork() == 0) {
			tap_reach("there");
			wait_for_signal(); /* SIGHUP */
		}
		tap_await("there");
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	close(t.slave);
	/* The other one had it open, too, and has ended. */
	EXPECT_ERRNO(read(t.master, &c, 1), EIO);
}

/* The leader leaves by itself: only the foreground is told, which it is not in.
 */
TEST(the_leader_leaves)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		pid_t child = fork_background();

		if (child == 0) {
			tap_reach("apart");
			wait_for_signal();
		}
		tap_await("apart");
		EXPECT_EQ(tcsetpgrp(t.slave, child), 0);
		EXPECT_EQ(ioctl(t.slave, TIOCNOTTY), 0);
		EXPECT_KILLED(child, SIGHUP);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(the_terminal_hangs_up)
{
	struct terminal t = terminal_open();
	pid_t pid = fork_leader(&t);

	if (pid == 0) {
		tap_reach("there");
		wait_for_signal();
	}
	tap_await("there");
	close(t.master);
	EXPECT_KILLED(pid, SIGHUP);
}

/* ---- races ---- */

enum { RACES = 50 };

static unsigned int arrived;
static int contested;

/* Two threads go on at once. */
static void meet(void)
{
	unsigned int place = __atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	unsigned int both = (place + 1) / 2 * 2;

	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < both)
		sched_yield();
}

static void *close_contested(void *arg)
{
	for (int i = 0; i < RACES; i++) {
		meet();
		close(contested);
		meet();
	}
	return arg;
}

/* A session of its own, whose leader no hang-up ends, and a second thread,
 * which closes what is contested.  False: in the parent, when all is over. */
static bool race_begin(pthread_t *thread)
{
	pid_t pid = tap_fork();

	if (pid != 0) {
		EXPECT_EXIT(pid, 0);
		return false;
	}
	ASSERT(setsid() > 0);
	signal(SIGHUP, SIG_IGN);
	ASSERT(pthread_create(thread, NULL, close_contested, NULL) == 0);
	return true;
}

static void race_end(pthread_t thread)
{
	pthread_join(thread, NULL);
	tap_exit();
}

/* Whoever takes a terminal that hangs up at that moment either comes first, and
 * loses it, or does not get it. */
TEST(a_terminal_that_hangs_up_is_nobodys)
{
	pthread_t thread;

	if (!race_begin(&thread))
		return;
	for (int i = 0; i < RACES; i++) {
		struct terminal t = terminal_open();

		contested = t.master;
		meet();
		for (int k = 0; k < i % 10; k++)
			getpid();
		ioctl(t.slave, TIOCSCTTY, 0);
		meet();
		EXPECT(open("/dev/tty", O_RDWR | O_NOCTTY) < 0);
		close(t.slave);
	}
	race_end(thread);
}

/* The last one goes while another comes: somebody is there. */
TEST(opened_while_it_is_left)
{
	pthread_t thread;

	if (!race_begin(&thread))
		return;

	struct terminal t = terminal_open();
	struct pollfd p = {.fd = t.master, .events = POLLIN};

	ASSERT(ioctl(t.slave, TIOCSCTTY, 0) == 0);
	for (int i = 0; i < RACES; i++) {
		contested = t.slave;
		meet();
		t.slave = open("/dev/tty", O_RDWR);
		meet();
		EXPECT(t.slave >= 0);
		EXPECT_EQ(poll(&p, 1, 0), 0);
	}
	race_end(thread);
}
