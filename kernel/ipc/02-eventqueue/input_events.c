/*
 * input_events.c - the given side of lab 2: the wrappers, and who is told.
 *
 * Whatever pushes an event comes through event_push(), and then goes to the
 * student's function; so the trace shows each event, and whoever waits for the
 * system's own queue, input_events, hears of it, whatever that function does:
 *
 *	event_push(&input_events) --> the ring (student's)
 *				  \-> EVENT_HOOKs: the screen's keyboard
 *				   -> input_readers, input_pollhead
 *
 * A waiter looks at the ring with input_lock held, and event_push() takes that
 * lock after it has changed the ring: so no wake-up falls in between.  It is
 * taken before the ring's own lock.
 */
#include "errno.h"
#include "init.h"
#include "input.h"
#include "printk.h"
#include "ps2.h"
#include "trace.h"

struct eventq input_events;

struct spinlock input_lock = SPINLOCK_INIT("input");
struct waitq input_readers; /* needs input_lock */
struct pollhead input_pollhead;

static bool started;             /* set once, at boot */
static unsigned int subscribers; /* atomic */

/* ---- the event queue ---- */

void eventq_init(struct eventq *q, const char *name)
{
	lab_eventq_init(q, name);
}

static void event_announce(const struct event *e)
{
	const struct event_hook *hook;

	table_for_each (hook, event_hooks)
		hook->pushed(e);
	spin_lock(&input_lock);
	waitq_wake(&input_readers, WAKE_ALL);
	poll_notify(&input_pollhead);
	spin_unlock(&input_lock);
}

bool event_push(struct eventq *q, const struct event *e)
{
	bool kept = lab_event_push(q, e);

	trace(kept ? TRACE_EVENT_PUSH : TRACE_EVENT_DROP, e->type, e->data[0]);
	if (q == &input_events)
		event_announce(e);
	return kept;
}

bool event_pop(struct eventq *q, struct event *out)
{
	if (!lab_event_pop(q, out))
		return false;
	trace(TRACE_EVENT_POP, out->type, out->data[0]);
	return true;
}

unsigned int event_count(struct eventq *q)
{
	return lab_event_count(q);
}

const char *event_type_name(uint32_t type)
{
	static const char *const names[] = {
		[EVENT_KEY_DOWN] = "key down",
		[EVENT_KEY_UP] = "key up",
		[EVENT_MOUSE_MOVE] = "mouse move",
		[EVENT_MOUSE_BUTTON] = "mouse button",
	};

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "?";
}

/* ---- scan codes ---- */

void scancode_subscribe(struct scancode_pipe *p)
{
	__atomic_fetch_add(&subscribers, 1, __ATOMIC_RELAXED);
	lab_scancode_subscribe(p);
}

void scancode_unsubscribe(struct scancode_pipe *p)
{
	lab_scancode_unsubscribe(p);
	__atomic_fetch_sub(&subscribers, 1, __ATOMIC_RELAXED);
}

void scancode_publish(uint8_t byte)
{
	trace(TRACE_SCANCODE, byte, 0);
	lab_scancode_publish(byte);
}

unsigned int input_subscribers(void)
{
	return __atomic_load_n(&subscribers, __ATOMIC_RELAXED);
}

/* ---- at boot ---- */

/* Makes input_events, and calls the student's lab_input_start(); when that
 * fails, the console goes on polling the keyboard. */
static void input_init(void)
{
	int error;

	waitq_init(&input_readers, "input");
	pollhead_init(&input_pollhead);
	input_file_init();
	sys_input_init();
	eventq_init(&input_events, "input events");
	error = lab_input_start();
	started = !error;
	/* Before the lab, and on a machine without devices, that is no news. */
	if (error && error != -ENOSYS && error != -ENODEV)
		printk("input_init: lab_input_start() failed: error %d\n",
		       error);
}

bool input_started(void)
{
	return started;
}

INIT(INIT_PARTS, input_init);
