/*
 * input_file.c - /dev/input: the machine's events, as a file.
 *
 * Reading gives whole events, as many as there are and fit; it waits for the
 * first, unless O_NONBLOCK is set.  All readers and input_poll_event(1000)
 * share the one queue: each event goes to one of them.
 *
 * An event that has been taken from the queue can not be put back, but the
 * program's pointer may turn out to be bad.  So an event is first taken into
 * `stash`, and leaves that when it has been copied:
 *
 *	input_events --event_pop()--> stash --copy_to_user()--> program
 *
 * input_reading guards the stash, a mutex since copying may sleep; input_lock
 * comes after it.
 */
#include "device.h"
#include "errno.h"
#include "fs.h"
#include "input.h"
#include "sync.h"
#include "uaccess.h"

static struct mutex input_reading;

/* Needs input_reading to change; a waiter only looks. */
static struct event stash;
static volatile bool stashed;

void input_file_init(void)
{
	mutex_init(&input_reading, "input");
}

/* The oldest event to the stash; false: there is none.  Needs the mutex. */
static bool stash_fill(void)
{
	if (!stashed)
		stashed = event_pop(&input_events, &stash);
	return stashed;
}

int input_take_to_user(uintptr_t out)
{
	int result = 0;

	mutex_lock(&input_reading);
	if (stash_fill()) {
		result = put_user(stash, out);
		if (result == 0) {
			stashed = false;
			result = 1;
		}
	}
	mutex_unlock(&input_reading);
	return result;
}

static bool can_read(void)
{
	return stashed || event_count(&input_events) > 0;
}

static int wait_for_event(void)
{
	int error = 0;

	spin_lock(&input_lock);
	while (!can_read() && !error)
		error = waitq_sleep_until(&input_readers, &input_lock,
					  WAIT_FOREVER,
					  WAIT_INTERRUPTIBLE | WAIT_OUTSIDE);
	spin_unlock(&input_lock);
	return error;
}

/* What is there now. */
static long read_events(uintptr_t buf, size_t len)
{
	size_t done = 0;
	int taken = 1;

	while (taken == 1 && len - done >= sizeof(struct event)) {
		taken = input_take_to_user(buf + done);
		if (taken == 1)
			done += sizeof(struct event);
	}
	return done > 0 ? (long)done : taken;
}

static long input_file_read(struct file *f, uintptr_t buf, size_t len,
			    uint64_t *pos)
{
	long result;

	if (!input_started())
		return -ENXIO;
	if (len < sizeof(struct event))
		return -EINVAL;
	/* Another reader may be faster than one that has waited. */
	while ((result = read_events(buf, len)) == 0) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		result = wait_for_event();
		if (result)
			return result;
	}
	return result;
}

static unsigned int input_file_poll(struct file *f, struct pollhead **head)
{
	*head = &input_pollhead;
	if (!input_started())
		return POLLERR;
	return can_read() ? POLLIN : 0;
}

static const struct file_ops input_file_ops = {
	.read = input_file_read,
	.poll = input_file_poll,
};

DEVICE(.name = "input", .number = DEVICE_NUMBER(13, 64),
       .ops = &input_file_ops);
