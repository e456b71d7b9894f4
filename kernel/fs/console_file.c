/*
 * console_file.c - the console as a terminal: /dev/console, /dev/tty.
 *
 * Output goes to the console's devices as it is.  Input comes from them one
 * byte at a time: a kernel thread polls for it, since the console works without
 * interrupts, and hands each byte to the terminal (tty.c).
 *
 * The thread sleeps until a program reads from the console, or polls it, for
 * the first time: until then the monitor may have the keys.
 */
#include "console.h"
#include "errno.h"
#include "fs.h"
#include "panic.h"
#include "printk.h"
#include "thread.h"
#include "time.h"
#include "tty.h"
#include "uaccess.h"

#define PIECE 256

#define POLL_FIRST (1 * NSEC_PER_MSEC)
#define POLL_SLOWEST (20 * NSEC_PER_MSEC)

static struct tty tty;
static struct thread *input;
static volatile bool wanted; /* somebody has asked for input */

/* Polls less often the longer nothing was typed. */
static void input_thread(void *arg)
{
	uint64_t pause = POLL_FIRST;

	(void)arg;
	while (!wanted)
		thread_block();
	for (;;) {
		int c = console_poll();

		if (c >= 0) {
			tty_input(&tty, c);
			pause = POLL_FIRST;
			continue;
		}
		thread_sleep_until(time_ns() + pause);
		pause = MIN(pause + POLL_FIRST, POLL_SLOWEST);
	}
}

static void want_input(void)
{
	if (wanted)
		return;
	wanted = true;
	thread_unblock(input);
}

static long console_file_read(struct file *f, uintptr_t buf, size_t len,
			      uint64_t *pos)
{
	(void)pos;
	want_input();
	return tty_read(&tty, buf, len, f->flags & O_NONBLOCK);
}

static long console_file_write(struct file *f, uintptr_t buf, size_t len,
			       uint64_t *pos)
{
	char piece[PIECE];
	size_t done = 0;

	(void)f;
	(void)pos;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(piece));
		size_t copied = copy_from_user_partial(piece, buf + done, n);

		printk_write(piece, copied);
		done += copied;
		if (copied < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

static unsigned int console_file_poll(struct file *f, struct pollhead **head)
{
	(void)f;
	want_input();
	*head = &tty.pollhead;
	return tty_can_read(&tty) ? POLLIN | POLLOUT : POLLOUT;
}

static long console_file_ioctl(struct file *f, unsigned int request,
			       uintptr_t arg)
{
	(void)f;
	return tty_ioctl(&tty, request, arg);
}

const struct file_ops console_file_ops = {
	.read = console_file_read,
	.write = console_file_write,
	.ioctl = console_file_ioctl,
	.poll = console_file_poll,
};

void console_file_init(void)
{
	tty_init(&tty, "console", printk_write);
	if (thread_spawn(&input, "console", input_thread, NULL))
		panic("console_file_init: no memory for the thread");
	thread_detach(input);
}
