/*
 * plain_console.c - /dev/console as a plain file, over the machine's console.
 *
 * What is written shows, with a carriage return before each newline.  What is
 * typed is read as it comes, and shows as well; Enter is a newline, and Ctrl-D
 * ends the input.  There are no lines to edit, no signals, no sessions: all
 * that is a terminal's business, and where kernel/linux/tty is part of the
 * build, its own /dev/console takes the place of this one.
 */
#include "console.h"
#include "device.h"
#include "errno.h"
#include "file.h"
#include "printk.h"
#include "thread.h"
#include "time.h"
#include "uaccess.h"
#include "waitfor.h"
#include "waitq.h"

#define CTRL_D 4
#define LOOK_AGAIN (5 * NSEC_PER_MSEC)

/* The next byte; -EAGAIN: there is none, -ERESTARTSYS: the process must leave.
 */
static int byte_wait(bool nonblock)
{
	struct wait_record outer =
		wait_begin(WAIT_DEVICE, NULL, "console", CALL_SITE);
	int c;

	while ((c = console_poll()) < 0) {
		c = nonblock ? -EAGAIN : wait_interrupted() ? -ERESTARTSYS : 0;
		if (c < 0)
			break;
		thread_sleep_until(time_ns() + LOOK_AGAIN);
	}
	wait_end(outer);
	return c;
}

/* A byte a call, or the rest of what has been typed meanwhile. */
static long console_read(struct file *f, uintptr_t buf, size_t len,
			 uint64_t *pos)
{
	size_t done = 0;

	while (done < len) {
		int c = byte_wait(done > 0 || (f->flags & O_NONBLOCK));
		char byte = c == '\r' ? '\n' : c;

		if (c < 0)
			return done ? (long)done : c;
		if (c == CTRL_D)
			break;
		if (put_user(byte, buf + done))
			return done ? (long)done : -EFAULT;
		printk_write(&byte, 1);
		done++;
	}
	return done;
}

static long console_write_kernel(struct file *f, const void *buf, size_t len,
				 uint64_t *pos)
{
	printk_write(buf, len);
	return len;
}

static long console_file_write(struct file *f, uintptr_t buf, size_t len,
			       uint64_t *pos)
{
	char piece[256];
	size_t done = 0;

	while (done < len && !wait_interrupted()) {
		size_t n = MIN(len - done, sizeof(piece));

		if (copy_from_user(piece, buf + done, n))
			return done ? (long)done : -EFAULT;
		console_write_kernel(f, piece, n, pos);
		done += n;
	}
	return done;
}

static const struct file_ops console_ops = {
	.read = console_read,
	.write = console_file_write,
	.write_kernel = console_write_kernel,
};

DEVICE(.name = "console", .number = DEVICE_NUMBER(5, 1), .mode = 0600,
       .stand_in = true, .ops = &console_ops);
