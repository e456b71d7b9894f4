/*
 * sys_input.c - the native calls of lab 2: input_poll_event, scancode_*.
 *
 * A process that subscribes gets a pipe of its own for scan codes, which ends
 * with it, and which its children do not inherit.  A read takes bytes from the
 * pipe to `kept` and copies them to the program from there: so if the pointer
 * is bad, they are still there for the next call.
 *
 *	keyboard -> pipe.ring -> kept -> program
 *
 * One mutex guards the subscriptions of all processes; it is held while user
 * memory is touched.
 */
#include "errno.h"
#include "heap.h"
#include "input.h"
#include "process.h"
#include "string.h"
#include "sync.h"
#include "syscall.h"
#include "uaccess.h"

struct scancodes {
	struct scancode_pipe pipe;
	uint8_t kept[SCANCODE_RING];
	size_t count; /* in kept */
};

static struct mutex scancode_mutex; /* of process->scancodes */

void sys_input_init(void)
{
	mutex_init(&scancode_mutex, "scan codes");
}

long sys_input_poll_event(uintptr_t event)
{
	return input_started() ? input_take_to_user(event) : -ENOSYS;
}

long sys_scancode_subscribe(void)
{
	struct process *p = current->proc;
	struct scancodes *s;
	long error = -EBUSY;

	if (!input_started())
		return -ENOSYS;
	s = kzalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	mutex_lock(&scancode_mutex);
	if (!p->scancodes) {
		scancode_subscribe(&s->pipe);
		p->scancodes = s;
		s = NULL;
		error = 0;
	}
	mutex_unlock(&scancode_mutex);
	kfree(s);
	return error;
}

/* What the program gets stays in `kept` until it has it.  Needs the mutex. */
static long read_scancodes(struct scancodes *s, uintptr_t buf, size_t len)
{
	len = MIN(len, sizeof(s->kept));
	if (s->count < len)
		s->count += scancode_read(&s->pipe, s->kept + s->count,
					  len - s->count);
	len = MIN(len, s->count);
	if (copy_to_user(buf, s->kept, len))
		return -EFAULT;
	s->count -= len;
	memmove(s->kept, s->kept + len, s->count);
	return len;
}

long sys_scancode_read(uintptr_t buf, size_t len)
{
	struct process *p = current->proc;
	long result = -EINVAL;

	if (!input_started())
		return -ENOSYS;
	if (!user_range_ok(buf, len))
		return -EFAULT;
	mutex_lock(&scancode_mutex);
	if (p->scancodes)
		result = read_scancodes(p->scancodes, buf, len);
	mutex_unlock(&scancode_mutex);
	return result;
}

/* -EINVAL: it was none. */
static int end_subscription(struct process *p)
{
	struct scancodes *s;

	mutex_lock(&scancode_mutex);
	s = p->scancodes;
	p->scancodes = NULL;
	if (s)
		scancode_unsubscribe(&s->pipe);
	mutex_unlock(&scancode_mutex);
	kfree(s);
	return s ? 0 : -EINVAL;
}

long sys_scancode_unsubscribe(void)
{
	return input_started() ? end_subscription(current->proc) : -ENOSYS;
}

/* It is no subscriber any more. */
static void process_exits(struct process *p)
{
	if (p->scancodes)
		end_subscription(p);
}

EXIT_HOOK(process_exits);
