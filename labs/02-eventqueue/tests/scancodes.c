/*
 * scancodes.c - exercise 2.4: three processes subscribe to the keyboard's
 * bytes; one dies and one leaves, and the third still gets all.
 *
 * Each tells the bytes that it reads, in hexadecimal, one a line.  A byte 0x0b
 * (the key 0) kills the second, 0x0a (the key 9) makes the third unsubscribe;
 * 0x81 (Esc is released) ends them all.  Not for Linux: it has no such calls.
 */
#include "events.h"

#include <signal.h>
#include <sys/wait.h>

enum { KEY_0 = 0x0b, KEY_9 = 0x0a, ESC_UP = 0x81 };

static void subscribe(char who)
{
	uint8_t byte;

	if (scancode_read(&byte, 1) != -1 || errno != EINVAL)
		tell("%c: read before it subscribed: expected EINVAL", who);
	if (scancode_subscribe() < 0)
		tell("%c: scancode_subscribe: %s", who, strerror(errno));
	if (scancode_subscribe() != -1 || errno != EBUSY)
		tell("%c: subscribed twice: expected EBUSY", who);
	tell("%c ready", who);
}

static void unsubscribe(char who)
{
	if (scancode_unsubscribe() < 0)
		tell("%c: scancode_unsubscribe: %s", who, strerror(errno));
	if (scancode_unsubscribe() != -1 || errno != EINVAL)
		tell("%c: unsubscribed twice: expected EINVAL", who);
	tell("%c gone", who);
}

/* Tells bytes until one is `last`, or all end. */
static void tell_bytes(char who, uint8_t last)
{
	uint8_t bytes[128];
	ssize_t n;

	do {
		while ((n = scancode_read(bytes, sizeof(bytes))) == 0)
			sched_yield();
		for (ssize_t i = 0; i < n; i++)
			tell("%c %02x", who, bytes[i]);
	} while (n > 0 && bytes[n - 1] != last && bytes[n - 1] != ESC_UP);
	if (n < 0)
		tell("%c: scancode_read: %s", who, strerror(errno));
}

static pid_t start(char who, uint8_t last)
{
	pid_t pid = fork();

	if (pid == 0) {
		subscribe(who);
		tell_bytes(who, last);
		if (last == KEY_0)
			kill(getpid(), SIGKILL);
		unsubscribe(who);
		_exit(0);
	}
	return pid;
}

/* Nobody takes the events here: begin() of the next program drops them. */
int main(void)
{
	int status;
	pid_t b, c;

	begin();
	subscribe('a');
	b = start('b', KEY_0);
	c = start('c', KEY_9);
	tell_bytes('a', ESC_UP);
	waitpid(b, &status, 0);
	tell("b %s", WIFSIGNALED(status) ? "killed" : "ended");
	waitpid(c, &status, 0);
	unsubscribe('a');
	return 0;
}
