/*
 * input.c - lab 2: from the bytes of keyboard and mouse to events.
 *
 * Each byte raises an interrupt.  What it means depends on those before it, so
 * keyboard and mouse are state machines, a step a byte:
 *
 *	keyboard	start --e0--> extended --code--> event, start
 *			      --e1--> pause --1d--> --45--> event, start
 *			      --code-> event, start
 *
 *	mouse		0 bytes --bit 3 set--> 1 --any--> 2 --any--> events, 0
 *
 * Bytes get lost, when nobody takes them in time.  So whatever comes, each
 * machine must find its way back to the start: the keyboard by its next code
 * without a prefix, the mouse by bit 3 of the first byte, or by a gap in time.
 *
 * The path of a byte, with interrupts off on CPU 0:
 *
 *	keyboard_interrupt	line 1; and mouse_interrupt, line 12
 *	  ps2_take		until the controller has no more for this line
 *	  scancode_publish	the byte as it is, to all who subscribed
 *	  keyboard_byte		the machine above
 *	    event_push		into input_events
 *
 * A struct keyboard and a struct mouse belong to their handler, of which one
 * runs at a time: no lock.  scancode_lock guards the list of scan code pipes
 * and the ring in each, since programs read and unsubscribe while bytes come.
 */
#include "input.h"

#include "errno.h"
#include "irq.h"
#include "ps2.h"
#include "spinlock.h"
#include "string.h"
#include "time.h"

/* ---- 2.2: the keyboard ---- */

#define RELEASED 0x80 /* in a code: the key comes up */
#define PREFIX_EXTENDED 0xe0
#define PREFIX_PAUSE 0xe1
#define OVERRUN_OLD 0x00 /* the keyboard lost codes */
#define OVERRUN 0xff

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
	/* TODO(lab 2.2): remember a byte that does not end a code; else find
	 * out which key it is (keymap_code), what it does to the modifiers,
	 * whether it was down already, and push the event.  input.h lists the
	 * bytes that make no event.  A helper or two will keep this short. */
}

/* ---- 2.3: the mouse ---- */

#define PACKET_BUTTONS (BUTTON_LEFT | BUTTON_RIGHT | BUTTON_MIDDLE)
#define PACKET_FIRST 0x08 /* always set in the first byte */
#define PACKET_X_SIGN 0x10
#define PACKET_Y_SIGN 0x20
#define PACKET_X_OVERFLOW 0x40
#define PACKET_Y_OVERFLOW 0x80

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
	/* TODO(lab 2.3): gather three bytes, and be sure that the first is a
	 * first one; then push what has happened, in the order of input.h. */
}

/* ---- 2.2, 2.3: the interrupts ---- */

int lab_input_start(void)
{
	/* TODO(lab 2.2): a handler for the keyboard's line, which takes all
	 * bytes that are there; then start the devices (ps2.h).
	 * TODO(lab 2.3): the same for the mouse.  And when something fails? */
	return -ENOSYS;
}

/* ---- 2.4: scan codes as they come ---- */

void lab_scancode_subscribe(struct scancode_pipe *p)
{
	/* TODO(lab 2.4): an empty pipe, and from now on a subscriber. */
}

void lab_scancode_unsubscribe(struct scancode_pipe *p)
{
	/* TODO(lab 2.4): no subscriber any more.  p may be freed as soon as
	 * this returns: what if another CPU is writing to it right now? */
}

void lab_scancode_publish(uint8_t byte)
{
	/* TODO(lab 2.4): the byte to every subscriber's ring; a full one keeps
	 * what it has, and counts. */
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
	/* TODO(lab 2.4): what is there, oldest first, up to len bytes. */
	return 0;
}
