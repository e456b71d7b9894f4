/*
 * signalbox.h - the system calls that Signalbox has and Linux has not.
 *
 * Each has a short manual page here, and a function of its name.  As in the C
 * library, they return -1 and set errno when they fail.  Before its lab is
 * unlocked, and on Linux, a call fails with ENOSYS.
 */
#ifndef SIGNALBOX_H
#define SIGNALBOX_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum {
	SYS_input_poll_event = 1000,
	SYS_scancode_subscribe = 1001,
	SYS_scancode_read = 1002,
	SYS_scancode_unsubscribe = 1003,
};

/* ---- lab 2: keyboard and mouse ---- */

/*
 * An event, and what it says in data:
 *
 *	type			data[0]		data[1]		data[2]
 *	SB_KEY_DOWN		key		character or 0	modifiers
 *	SB_KEY_UP		key		0		modifiers
 *	SB_MOUSE_MOVE		to the right	down		buttons held
 *	SB_MOUSE_BUTTON		0 left, 1	1 pressed, 0	buttons held
 *				right, 2 middle	released
 *
 * Keys have the numbers of Linux's input events: A is 30, Esc is 1.  Characters
 * are ASCII.  Modifiers and buttons (1 left, 2 right, 4 middle) are those after
 * the event; SB_REPEATED is set when the key was down already.
 */
struct sb_event {
	uint32_t type;
	int32_t data[3];
	uint64_t time_ns; /* CLOCK_MONOTONIC, nanoseconds */
};

enum {
	SB_KEY_DOWN = 1,
	SB_KEY_UP = 2,
	SB_MOUSE_MOVE = 3,
	SB_MOUSE_BUTTON = 4,
};

enum {
	SB_SHIFT = 0x1,
	SB_CTRL = 0x2,
	SB_ALT = 0x4,
	SB_CAPS = 0x8, /* Caps Lock is on */
	SB_REPEATED = 0x100,
};

/*
 * input_poll_event - takes the oldest event that nobody has taken yet
 *
 * Never waits.  Events are kept until somebody takes them, up to 256; those
 * that come when so many wait are lost.  All programs share the queue.
 *
 * Returns 1 and the event in *out, or 0 when there is none.
 * EFAULT: out is bad; the event is still there for the next call.
 *
 * The same events can be read from /dev/input, a struct sb_event each: read(2)
 * waits for one, unless O_NONBLOCK is set, and poll(2) works.
 */
static inline int input_poll_event(struct sb_event *out)
{
	return syscall(SYS_input_poll_event, out);
}

/*
 * scancode_subscribe - asks for the keyboard's bytes as they come
 *
 * From now on each byte that the keyboard sends (set 1) is kept for this
 * process too, in a ring of 128.  When the ring is full, new bytes are lost.
 * The subscription belongs to the process, all its threads, until it ends or
 * calls scancode_unsubscribe(); fork(2) does not hand it on, execve(2) keeps
 * it.
 *
 * Returns 0.  EBUSY: it has subscribed already.  ENOMEM.
 */
static inline int scancode_subscribe(void)
{
	return syscall(SYS_scancode_subscribe);
}

/*
 * scancode_read - takes bytes that the keyboard has sent, oldest first
 *
 * Never waits, and returns at most 128 bytes at once.
 *
 * Returns how many there are in buf, 0 when there are none.  EINVAL: the
 * process has not subscribed.  EFAULT: buf is bad; no byte is lost.
 */
static inline ssize_t scancode_read(uint8_t *buf, size_t len)
{
	return syscall(SYS_scancode_read, buf, len);
}

/*
 * scancode_unsubscribe - ends the subscription; bytes that wait are lost
 *
 * Returns 0.  EINVAL: the process has not subscribed.
 */
static inline int scancode_unsubscribe(void)
{
	return syscall(SYS_scancode_unsubscribe);
}

#endif
