/*
 * interrupt.c - Ctrl-C, for a shell at a terminal.
 *
 * The terminal sends SIGINT to the whole foreground group: to the program that
 * runs, which dies, and to the shell, which shall not.  But it shall notice: a
 * loop that starts program after program must end with the first of them.
 *
 * A handler would be the usual way.  Here the shell blocks the signal instead,
 * and asks now and then whether one is waiting, so that it works before lab 7
 * as well.  To set the action "ignore" drops what is waiting (sigaction(2),
 * POSIX), and that is how a Ctrl-C is taken note of.  A read(2) is not ended by
 * a blocked signal: so at the prompt the shell waits in poll(2), and looks ten
 * times a second.
 *
 * Blocked signals stay blocked in children, so these release them.  A child in
 * the background ignores them for good, as POSIX has it (2.11, "Signals and
 * Error Handling"): the keyboard is not for it.
 */
#include "sh.h"

#include <poll.h>
#include <signal.h>

#define LOOK_MS 100

static void hold(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigprocmask(how, &set, NULL);
}

void signals_hold(void)
{
	hold(SIG_BLOCK);
}

void signals_release(void)
{
	interrupt_forget();
	hold(SIG_UNBLOCK);
}

void signals_ignore(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

void interrupt_forget(void)
{
	shell.interrupted = false;
	signal(SIGINT, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGQUIT, SIG_DFL);
}

bool input_or_interrupt(int fd)
{
	struct pollfd in = {.fd = fd, .events = POLLIN};

	while (!interrupted())
		if (poll(&in, 1, LOOK_MS) != 0)
			return !interrupted();
	return false;
}

bool interrupted(void)
{
	sigset_t pending;

	if (shell.interactive && !shell.interrupted)
		shell.interrupted = sigpending(&pending) == 0 &&
				    sigismember(&pending, SIGINT) == 1;
	return shell.interrupted;
}
