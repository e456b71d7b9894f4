/*
 * input.h - lab 2: from the bytes of keyboard and mouse to events.
 *
 *	line 1	 ps2_take() -> scancode_publish() -> scancode_read()
 *			    -> keyboard_byte() \
 *	line 12	 ps2_take() -> mouse_byte() -----> event_push(&input_events)
 *
 * The functions with lab_ in front are the student's (input.c); the wrappers
 * without it are given.  The faces above are given too: the calls 1000 to 1003
 * and /dev/input (ipc/02-eventqueue/input_calls.c,
 * ipc/02-eventqueue/input_file.c), and the console's keys.
 */
#ifndef INPUT_H
#define INPUT_H

#include "eventq.h"
#include "file.h"
#include "keymap.h"
#include "list.h"
#include "table.h"
#include "types.h"
#include "waitq.h"

struct process;

/* A keyboard begins as {.queue = q}: no key is down, no lock is on. */
struct keyboard {
	struct eventq *queue; /* where its events go */

	/* The student's to use. */
	uint8_t prefix[2];  /* of a code that is not complete: e0, or e1 .. */
	uint32_t modifiers; /* MOD_* */
	uint8_t down[KEYS / 8]; /* a bit for each key that is held */
};

/* Bits of the buttons' mask. */
#define BUTTON_LEFT 0x1u
#define BUTTON_RIGHT 0x2u
#define BUTTON_MIDDLE 0x4u

/* The bytes of a packet come one after the other; behind a gap longer than
 * this begins a new one. */
#define MOUSE_GAP_NS (20 * NSEC_PER_MSEC)

/* A mouse begins as {.queue = q}. */
struct mouse {
	struct eventq *queue; /* where its events go */

	/* The student's to use. */
	uint8_t packet[3];
	unsigned int have; /* bytes of the packet that have come */
	uint32_t buttons;  /* BUTTON_*, as of the last packet */
	uint64_t last_ns;  /* when the last byte came */
};

#define SCANCODE_RING 128

/* Where one subscriber gets the keyboard's bytes, as they come. */
struct scancode_pipe {
	/* The student's to use. */
	struct list_head link;
	uint8_t ring[SCANCODE_RING];
	uint32_t head, count;
	uint64_t dropped; /* bytes that found no place */
};

/* ---- the student's ---- */

/*
 * Takes a byte that the keyboard has sent, in set 1, and pushes the event when
 * it completes one.  time_ns is that of the byte, and of the event.  Called in
 * the handler of line 1, and in tests: one at a time for a keyboard.
 *
 *	code		the key goes down; code | 0x80: it comes up
 *	e0 code		a key that the first PC did not have
 *	e1 1d 45	Pause goes down; e1 9d c5: it comes up.  A byte that
 *			does not belong there ends the code, and counts for
 *			nothing itself; but e0, e1, 00 and ff do as always
 *
 * No event, and an unfinished code is forgotten: 00 and ff (the keyboard lost
 * codes); e0 2a, e0 36, e0 aa, e0 b6 (shifts that no finger pressed); a code
 * that keymap_code() does not know.  Nor does the release of a key that is not
 * down make one.
 */
void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns);

/*
 * Takes a byte that the mouse has sent; the third of a packet pushes events: a
 * EVENT_MOUSE_MOVE if it moved, then a EVENT_MOUSE_BUTTON for each button that
 * changed: left, right, middle.
 *
 *	byte 0	bit 7, 6: Y, X overflow	5, 4: sign of Y, X	3: always 1
 *		2, 1, 0: the middle, right, left button is down
 *	byte 1	X: to the right		byte 2	Y: up (in events: down)
 *
 * Sign and byte make a number of nine bits, two's complement; an axis that has
 * overflowed counts as 255 or -256, by its sign.  A first byte without bit 3
 * is not one, and is dropped.
 */
void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns);

/*
 * Attaches handlers to KEYBOARD_LINE and MOUSE_LINE, and calls ps2_start().
 * From then on each byte goes to lab_keyboard_byte() or lab_mouse_byte() of a
 * keyboard and a mouse whose queue is input_events, and those of the keyboard
 * to scancode_publish() first.  When something fails, its error, and neither
 * line has a handler of ours.  Called at boot, and by tests, when neither line
 * has one.  A thread.
 */
int lab_input_start(void);

/* From now on p gets every byte; it begins empty, with 0 in `dropped`.
 * Subscribed once only. */
void lab_scancode_subscribe(struct scancode_pipe *p);

/* When it returns, no handler touches p, nor will. */
void lab_scancode_unsubscribe(struct scancode_pipe *p);

/* Appends the byte to every subscriber's ring; to a full one not, and counts it
 * in its `dropped`.  Any context but NMI. */
void lab_scancode_publish(uint8_t byte);

/* Takes up to len bytes, oldest first; how many.  Never waits. */
size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len);

/* ---- the wrappers ---- */

static inline void keyboard_byte(struct keyboard *k, uint8_t byte,
				 uint64_t time_ns)
{
	lab_keyboard_byte(k, byte, time_ns);
}

static inline void mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
	lab_mouse_byte(m, byte, time_ns);
}

/* kernel/ipc/02-eventqueue/input_events.c: they count, and trace. */
void scancode_subscribe(struct scancode_pipe *p);
void scancode_unsubscribe(struct scancode_pipe *p);
void scancode_publish(uint8_t byte);

static inline size_t scancode_read(struct scancode_pipe *p, uint8_t *buf,
				   size_t len)
{
	return lab_scancode_read(p, buf, len);
}

/* ---- given: kernel/ipc/02-eventqueue/input_events.c ---- */

/* Who hears of each event of input_events, as it is pushed; any context but
 * NMI. */
struct event_hook {
	void (*pushed)(const struct event *e);
};

TABLE(event_hooks, struct event_hook);

#define EVENT_HOOK(function) \
	TABLE_ROW(event_hooks, struct event_hook) \
	{ \
		function \
	}

/* Does input come by interrupts?  Then the calls and /dev/input work. */
bool input_started(void);

/* Scan code pipes that are subscribed now. */
unsigned int input_subscribers(void);

/* Who waits for input_events.  A waiter holds input_lock, looks whether there
 * are events, and sleeps on input_readers. */
extern struct spinlock input_lock;
extern struct waitq input_readers;
extern struct pollhead input_pollhead;

/* ---- given: kernel/ipc/02-eventqueue/input_file.c ---- */

/* Takes the oldest event of input_events to user memory: 1, or 0 when there is
 * none; -EFAULT, and then the event stays.  Sleeps. */
int input_take_to_user(uintptr_t out);
void input_file_init(void);

/* ---- given: kernel/ipc/02-eventqueue/input_calls.c ---- */

void sys_input_init(void);

#endif
