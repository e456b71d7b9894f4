/*
 * init - the first program: process 1, the ancestor of all others.
 *
 * It runs the script /etc/rc if there is one, then keeps a shell on the
 * console, starting it again when it has ended.  Processes whose parents have
 * died become its children: it waits for every child, so that none stays a
 * zombie.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = {
	"PATH=/bin:/sbin:/tests", "HOME=/", "TERM=vt100", NULL
};

/* Standard input, output and error are the console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		_exit(1);
	while (fd < 2)
		fd = dup(fd);
}

static pid_t start(char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
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
	char *const rc[] = { "/bin/sh", "/etc/rc", NULL };
	char *const shell[] = { "/bin/sh", NULL };

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
