/*
 * console_file.c - the console as a terminal: /dev/console, /dev/tty.
 *
 * Output goes to the console's devices as it is.  Input comes from them one
 * byte at a time: a kernel thread takes it, and hands each byte to the terminal
 * (tty.c).  It sleeps until a program reads from the console, or polls it, for
 * the first time: until then the monitor may have the keys.
 *
 * From lab 3 on the thread then waits for the devices' interrupts, and costs
 * nothing while nobody types.  Before that a wait is a loop that takes all the
 * CPU, so the thread had rather look from time to time; and so it does when a
 * device cannot interrupt.
 */
#include "boot.h"
#include "console.h"
#include "errno.h"
#include "fs.h"
#include "panic.h"
#include "printk.h"
#include "thread.h"
#include "time.h"
#include "tty.h"
#include "uaccess.h"
#include "waitfor.h"
#include "waitq.h"

#define PIECE 256
#define FIRST_LAB_THAT_BLOCKS 3

#define POLL_FIRST (1 * NSEC_PER_MSEC)
#define POLL_SLOWEST (20 * NSEC_PER_MSEC)

static struct tty tty;
static struct thread *input;
static volatile bool wanted; /* somebody has asked for input */

static struct spinlock ready_lock = SPINLOCK_INIT("console input");
static struct waitq ready_waitq; /* needs ready_lock, as the next */
static bool ready;               /* a device has called since the last look */

/* In the interrupt handler of a device. */
static void device_ready(void)
{
	spin_lock(&ready_lock);
	ready = true;
	waitq_wake(&ready_waitq, 1);
	spin_unlock(&ready_lock);
}

/* Not inlined: CALL_SITE is then in input_thread(). */
static __attribute__((noinline)) void wait_for_device(void)
{
	struct wait_record outer =
		wait_begin(WAIT_WORK, &tty, "console", CALL_SITE);

	spin_lock(&ready_lock);
	while (!ready)
		waitq_sleep_until(&ready_waitq, &ready_lock, WAIT_FOREVER, 0);
	ready = false;
	spin_unlock(&ready_lock);
	wait_end(outer);
}

/* Polls less often the longer nothing was typed; or not at all. */
static void input_thread(void *arg)
{
	uint64_t pause = POLL_FIRST;
	struct wait_record outer;
	bool interrupts;

	(void)arg;
	outer = wait_begin(WAIT_WORK, &tty, "console", CALL_SITE);
	while (!wanted)
		thread_block();
	wait_end(outer);
	interrupts = stage_lab() >= FIRST_LAB_THAT_BLOCKS &&
		     console_listen(device_ready);
	for (;;) {
		int c = console_poll();

		if (c >= 0) {
			tty_input(&tty, c);
			pause = POLL_FIRST;
			continue;
		}
		if (interrupts) {
			wait_for_device();
		} else {
			thread_sleep_until(time_ns() + pause);
			pause = MIN(pause + POLL_FIRST, POLL_SLOWEST);
		}
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
	waitq_init(&ready_waitq, "console input");
	if (thread_spawn(&input, "console", input_thread, NULL))
		panic("console_file_init: no memory for the thread");
	thread_detach(input);
}
