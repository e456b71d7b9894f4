/*
 * init - the first program: process 1, the ancestor of all others.
 *
 * It gives the machine its name, runs the script /etc/rc if there is one, then
 * keeps a login shell on the console (the "-" in its name says that it is one,
 * and shall read /etc/profile), starting it again when it has ended.  Each is a
 * session of its own and the console's foreground group, so that Ctrl-C goes to
 * it and to what it has started, and not to us.  Processes whose parents have
 * died become our children: we wait for every child, so that none stays a
 * zombie.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = {"PATH=/bin:/sbin:/tests", "HOME=/root",
				    "TERM=vt100", NULL};

/* Standard input, output and error are the console, if we had none. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		_exit(1);
	while (fd < STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* The console is the terminal of a new session: tty_ioctl(4). */
static void take_console(void)
{
	setsid();
	ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	tcsetpgrp(STDIN_FILENO, getpid());
}

/* The first line of /etc/hostname. */
static void name_host(void)
{
	char name[65] = ""; /* Linux's longest, and its end */
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, name, sizeof(name) - 1) > 0)
		sethostname(name, strcspn(name, "\n"));
	close(fd);
}

static pid_t start(const char *path, char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		take_console();
		execve(path, argv, environment);
		perror(path);
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
	char *const shell[] = {"-sh", NULL};

	open_console();
	name_host();
	if (access("/etc/rc", R_OK) == 0)
		wait_for(start("/bin/sh", rc));
	for (;;) {
		pid_t pid = start("/bin/sh", shell);

		if (pid < 0)
			return 1;
		wait_for(pid);
	}
}
