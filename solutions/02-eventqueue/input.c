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
#ifdef SOLUTION

/* Behind 0xe1; with RELEASED in both when the key comes up. */
#define PAUSE_FIRST 0x1d
#define PAUSE_SECOND 0x45

static bool key_is_down(const struct keyboard *k, unsigned int key)
{
	return k->down[key / 8] & 1u << key % 8;
}

static void key_set_down(struct keyboard *k, unsigned int key, bool down)
{
	if (down)
		k->down[key / 8] |= 1u << key % 8;
	else
		k->down[key / 8] &= ~(1u << key % 8);
}

/* What the keys that are held mean for others; Caps Lock alone has a memory. */
static void update_modifiers(struct keyboard *k)
{
	k->modifiers &= MOD_CAPS;
	if (key_is_down(k, KEY_LEFTSHIFT) || key_is_down(k, KEY_RIGHTSHIFT))
		k->modifiers |= MOD_SHIFT;
	if (key_is_down(k, KEY_LEFTCTRL) || key_is_down(k, KEY_RIGHTCTRL))
		k->modifiers |= MOD_CTRL;
	if (key_is_down(k, KEY_LEFTALT) || key_is_down(k, KEY_RIGHTALT))
		k->modifiers |= MOD_ALT;
}

/* A whole code has come: this key, or 0 if no key has it, went down or up. */
static void take_key(struct keyboard *k, unsigned int key, bool down,
		     uint64_t time_ns)
{
	bool was_down = key_is_down(k, key), repeated = down && was_down;
	struct event e = {.type = down ? EVENT_KEY_DOWN : EVENT_KEY_UP,
			  .data = {key},
			  .time_ns = time_ns};

	if (key == 0 || (!down && !was_down))
		return;
	key_set_down(k, key, down);
	if (key == KEY_CAPSLOCK && down && !repeated)
		k->modifiers ^= MOD_CAPS;
	update_modifiers(k);
	e.data[1] = down ? keymap_char(key, k->modifiers) : 0;
	e.data[2] = k->modifiers | (repeated ? KEY_REPEATED : 0);
	event_push(k->queue, &e);
}

/* Of the three bytes of Pause, those behind the first: two codes, both with or
 * both without RELEASED.  Anything else was no Pause, and is dropped whole. */
static void take_pause(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
	uint8_t first = k->prefix[1];

	if (first == 0 && (byte & ~RELEASED) == PAUSE_FIRST) {
		k->prefix[1] = byte;
		return;
	}
	k->prefix[0] = k->prefix[1] = 0;
	if (first && byte == (PAUSE_SECOND | (first & RELEASED)))
		take_key(k, KEY_PAUSE, !(byte & RELEASED), time_ns);
}
#endif

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
#ifdef SOLUTION
	bool extended = k->prefix[0] == PREFIX_EXTENDED;

	if (byte == OVERRUN || byte == OVERRUN_OLD) {
		k->prefix[0] = k->prefix[1] = 0;
	} else if (byte == PREFIX_EXTENDED || byte == PREFIX_PAUSE) {
		k->prefix[0] = byte;
		k->prefix[1] = 0;
	} else if (k->prefix[0] == PREFIX_PAUSE) {
		take_pause(k, byte, time_ns);
	} else {
		/* Of an extended shift the key map knows nothing. */
		k->prefix[0] = 0;
		take_key(k, keymap_code(byte & ~RELEASED, extended),
			 !(byte & RELEASED), time_ns);
	}
#else
	/* TODO(lab 2.2): remember a byte that does not end a code; else find
	 * out which key it is (keymap_code), what it does to the modifiers,
	 * whether it was down already, and push the event.  input.h lists the
	 * bytes that make no event.  A helper or two will keep this short. */
#endif
}

/* ---- 2.3: the mouse ---- */

#define PACKET_BUTTONS (BUTTON_LEFT | BUTTON_RIGHT | BUTTON_MIDDLE)
#define PACKET_FIRST 0x08 /* always set in the first byte */
#define PACKET_X_SIGN 0x10
#define PACKET_Y_SIGN 0x20
#define PACKET_X_OVERFLOW 0x40
#define PACKET_Y_OVERFLOW 0x80
#ifdef SOLUTION

/* Nine bits, of which the highest is the sign. */
static int axis(uint8_t low, bool negative, bool overflow)
{
	if (overflow)
		return negative ? -256 : 255;
	return negative ? low - 256 : low;
}

static void push_move(const struct mouse *m, uint64_t time_ns)
{
	uint8_t first = m->packet[0];
	int right = axis(m->packet[1], first & PACKET_X_SIGN,
			 first & PACKET_X_OVERFLOW);
	int up = axis(m->packet[2], first & PACKET_Y_SIGN,
		      first & PACKET_Y_OVERFLOW);
	struct event e = {.type = EVENT_MOUSE_MOVE,
			  .data = {right, -up, m->buttons},
			  .time_ns = time_ns};

	if (right != 0 || up != 0)
		event_push(m->queue, &e);
}

static void push_buttons(const struct mouse *m, uint32_t changed,
			 uint64_t time_ns)
{
	for (int i = 0; i < 3; i++) {
		struct event e = {.type = EVENT_MOUSE_BUTTON,
				  .data = {i, m->buttons >> i & 1, m->buttons},
				  .time_ns = time_ns};

		if (changed & 1u << i)
			event_push(m->queue, &e);
	}
}
#endif

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
#ifdef SOLUTION
	uint32_t changed;

	if (time_ns - m->last_ns > MOUSE_GAP_NS)
		m->have = 0;
	m->last_ns = time_ns;
	if (m->have == 0 && !(byte & PACKET_FIRST))
		return;
	m->packet[m->have++] = byte;
	if (m->have < sizeof(m->packet))
		return;
	m->have = 0;
	changed = m->buttons ^ (m->packet[0] & PACKET_BUTTONS);
	m->buttons ^= changed;
	push_move(m, time_ns);
	push_buttons(m, changed, time_ns);
#else
	/* TODO(lab 2.3): gather three bytes, and be sure that the first is a
	 * first one; then push what has happened, in the order of input.h. */
#endif
}

/* ---- 2.2, 2.3: the interrupts ---- */
#ifdef SOLUTION

static struct keyboard keyboard = {.queue = &input_events};
static struct mouse mouse = {.queue = &input_events};

static void keyboard_interrupt(unsigned int line, void *arg)
{
	int byte;

	while ((byte = ps2_take(PS2_KEYBOARD)) >= 0) {
		scancode_publish(byte);
		keyboard_byte(arg, byte, time_ns());
	}
}

static void mouse_interrupt(unsigned int line, void *arg)
{
	int byte;

	while ((byte = ps2_take(PS2_MOUSE)) >= 0)
		mouse_byte(arg, byte, time_ns());
}
#endif

int lab_input_start(void)
{
#ifdef SOLUTION
	int error;

	error = irq_attach(KEYBOARD_LINE, keyboard_interrupt, &keyboard);
	if (error)
		return error;
	error = irq_attach(MOUSE_LINE, mouse_interrupt, &mouse);
	if (error)
		goto detach_keyboard;
	error = ps2_start();
	if (error)
		goto detach_mouse;
	return 0;

detach_mouse:
	irq_detach(MOUSE_LINE);
detach_keyboard:
	irq_detach(KEYBOARD_LINE);
	return error;
#else
	/* TODO(lab 2.2): a handler for the keyboard's line, which takes all
	 * bytes that are there; then start the devices (ps2.h).
	 * TODO(lab 2.3): the same for the mouse.  And when something fails? */
	return -ENOSYS;
#endif
}

/* ---- 2.4: scan codes as they come ---- */
#ifdef SOLUTION

static struct spinlock scancode_lock = SPINLOCK_INIT("scan codes");
static struct list_head subscribers = LIST_INIT(subscribers);

/* These need scancode_lock. */
static void pipe_put(struct scancode_pipe *p, uint8_t byte)
{
	if (p->count == SCANCODE_RING) {
		p->dropped++;
		return;
	}
	p->ring[(p->head + p->count) % SCANCODE_RING] = byte;
	p->count++;
}

static uint8_t pipe_take(struct scancode_pipe *p)
{
	uint8_t byte = p->ring[p->head];

	p->head = (p->head + 1) % SCANCODE_RING;
	p->count--;
	return byte;
}
#endif

void lab_scancode_subscribe(struct scancode_pipe *p)
{
#ifdef SOLUTION
	p->head = p->count = 0;
	p->dropped = 0;
	spin_lock(&scancode_lock);
	list_push_back(&subscribers, &p->link);
	spin_unlock(&scancode_lock);
#else
	/* TODO(lab 2.4): an empty pipe, and from now on a subscriber. */
#endif
}

void lab_scancode_unsubscribe(struct scancode_pipe *p)
{
#ifdef SOLUTION
	/* Who publishes holds the lock: it is done with p when we get it. */
	spin_lock(&scancode_lock);
	list_remove(&p->link);
	spin_unlock(&scancode_lock);
#else
	/* TODO(lab 2.4): no subscriber any more.  p may be freed as soon as
	 * this returns: what if another CPU is writing to it right now? */
#endif
}

void lab_scancode_publish(uint8_t byte)
{
#ifdef SOLUTION
	struct scancode_pipe *p;

	spin_lock(&scancode_lock);
	list_for_each (p, &subscribers, link)
		pipe_put(p, byte);
	spin_unlock(&scancode_lock);
#else
	/* TODO(lab 2.4): the byte to every subscriber's ring; a full one keeps
	 * what it has, and counts. */
#endif
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
#ifdef SOLUTION
	size_t done = 0;

	spin_lock(&scancode_lock);
	while (done < len && p->count > 0)
		buf[done++] = pipe_take(p);
	spin_unlock(&scancode_lock);
	return done;
#else
	/* TODO(lab 2.4): what is there, oldest first, up to len bytes. */
	return 0;
#endif
}
