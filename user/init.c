/*
 * init - the first program: process 1, the ancestor of all others.
 *
 * It runs the script /etc/rc if there is one, then keeps a shell on the
 * console, starting it again when it has ended.  Each is a session of its own
 * and the console's foreground group, so that Ctrl-C goes to it and to what it
 * has started, and not to us.  Processes whose parents have died become our
 * children: we wait for every child, so that none stays a zombie.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = {"PATH=/bin:/sbin:/tests", "HOME=/",
				    "TERM=vt100", NULL};

/* Standard input, output and error are the console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		_exit(1);
	while (fd < 2)
		fd = dup(fd);
}

/* The console is the terminal of a new session: tty_ioctl(4). */
static void take_console(void)
{
	setsid();
	ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	tcsetpgrp(STDIN_FILENO, getpid());
}

static pid_t start(char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		take_console();
		execve(argv[0], argv, environment);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0)
		perror("init: fork");
	return pid;
}

static void wait_for(pid_t pid)
{
	pid_t ended;

	do
		ended = wait(NULL);
	while (ended != pid && ended > 0);
}

int main(void)
{
	char *const rc[] = {"/bin/sh", "/etc/rc", NULL};
	char *const shell[] = {"/bin/sh", NULL};

	open_console();
	if (access("/etc/rc", R_OK) == 0)
		wait_for(start(rc));
	for (;;) {
		pid_t pid = start(shell);

		if (pid < 0)
			return 1;
		wait_for(pid);
	}
}
