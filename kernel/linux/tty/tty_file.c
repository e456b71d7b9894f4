/*
 * tty_file.c - a terminal as an open file.
 *
 * Which terminal it is was decided when the file was opened (dev.c); from then
 * on the file's object is that terminal, also when it was opened as /dev/tty.
 */
#include "poll.h"
#include "tty.h"

static void want_input(struct tty *tty)
{
	if (tty->device->want_input)
		tty->device->want_input(tty);
}

static long tty_file_read(struct file *f, uintptr_t buf, size_t len,
			  uint64_t *pos)
{
	want_input(f->object);
	return tty_read(f->object, buf, len, f->flags & O_NONBLOCK);
}

static long tty_file_write(struct file *f, uintptr_t buf, size_t len,
			   uint64_t *pos)
{
	return tty_write(f->object, buf, len, f->flags & O_NONBLOCK);
}

static unsigned int tty_file_poll(struct file *f, struct pollhead **head)
{
	struct tty *tty = f->object;

	want_input(tty);
	*head = &tty->pollhead;
	return poll_with_normal(tty_poll(tty));
}

static long tty_file_ioctl(struct file *f, unsigned int request, uintptr_t arg)
{
	return tty_ioctl(f->object, request, arg);
}

static void tty_file_release(struct file *f)
{
	struct tty *tty = f->object;

	if (tty->device->file_closed)
		tty->device->file_closed(tty);
	else
		__atomic_fetch_sub(&tty->files, 1, __ATOMIC_RELAXED);
}

static const struct file_ops tty_file_ops = {
	.read = tty_file_read,
	.write = tty_file_write,
	.poll = tty_file_poll,
	.ioctl = tty_file_ioctl,
	.release = tty_file_release,
};

void tty_attach(struct file *f, struct tty *tty)
{
	f->ops = &tty_file_ops;
	f->object = tty;
	if (tty->device->file_opened)
		tty->device->file_opened(tty);
}
