/*
 * input.c - lab 2: which of the six shifting keys are held is kept beside the
 * modifiers, a bit for each; packets are put together in a switch that falls
 * through; and scan code rings count what ever came and went.
 */
#include "input.h"
#include "errno.h"
#include "irq.h"
#include "ps2.h"
#include "spinlock.h"
#include "string.h"
#include "time.h"

/* ---- keyboard ---- */

/* Bits of k->modifiers that are our own: the keys behind MOD_*. */
#define SIDE(n) (1u << (16 + (n)))
#define BOTH(n) (SIDE(n) | SIDE((n) + 1))

static uint32_t side_of(unsigned int key)
{
	switch (key) {
	case KEY_LEFTSHIFT:
		return SIDE(0);
	case KEY_RIGHTSHIFT:
		return SIDE(1);
	case KEY_LEFTCTRL:
		return SIDE(2);
	case KEY_RIGHTCTRL:
		return SIDE(3);
	case KEY_LEFTALT:
		return SIDE(4);
	case KEY_RIGHTALT:
		return SIDE(5);
	}
	return 0;
}

static uint32_t modifiers_of(const struct keyboard *k)
{
	return (k->modifiers & MOD_CAPS) |
	       (k->modifiers & BOTH(0) ? MOD_SHIFT : 0) |
	       (k->modifiers & BOTH(2) ? MOD_CTRL : 0) |
	       (k->modifiers & BOTH(4) ? MOD_ALT : 0);
}

static void press(struct keyboard *k, unsigned int key, uint64_t when)
{
	uint8_t *byte = &k->down[key >> 3], bit = 1 << (key & 7);
	bool again = *byte & bit;
	struct event e = {EVENT_KEY_DOWN, {key, 0, 0}, when};

	*byte |= bit;
	k->modifiers |= side_of(key);
	if (key == KEY_CAPSLOCK && !again)
		k->modifiers ^= MOD_CAPS;
	e.data[1] = keymap_char(key, modifiers_of(k));
	e.data[2] = modifiers_of(k) + (again ? KEY_REPEATED : 0);
	event_push(k->queue, &e);
}

static void release(struct keyboard *k, unsigned int key, uint64_t when)
{
	uint8_t *byte = &k->down[key >> 3], bit = 1 << (key & 7);
	struct event e = {EVENT_KEY_UP, {key, 0, 0}, when};

	if (!(*byte & bit))
		return;
	*byte ^= bit;
	k->modifiers &= ~side_of(key);
	e.data[2] = modifiers_of(k);
	event_push(k->queue, &e);
}

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
	uint8_t a = k->prefix[0], b = k->prefix[1];
	unsigned int key;

	k->prefix[0] = k->prefix[1] = 0;
	switch (byte) {
	case 0xe0:
	case 0xe1:
		k->prefix[0] = byte;
		return;
	case 0x00:
	case 0xff:
		return;
	}
	if (a == 0xe1 && b == 0) {
		if (byte == 0x1d || byte == 0x9d) {
			k->prefix[0] = a;
			k->prefix[1] = byte;
		}
		return;
	}
	if (a == 0xe1)
		key = byte == b + 0x28 ? KEY_PAUSE : 0;
	else
		key = keymap_code(byte & 0x7f, a == 0xe0);
	if (key == 0)
		return;
	if (byte < 0x80)
		press(k, key, time_ns);
	else
		release(k, key, time_ns);
}

/* ---- mouse ---- */

static int32_t moved(uint8_t first, uint8_t low, unsigned int shift)
{
	bool negative = first >> (4 + shift) & 1;

	if (first >> (6 + shift) & 1)
		low = negative ? 0 : 255;
	return (int32_t)low - 256 * negative;
}

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
	uint32_t old = m->buttons;
	struct event e = {.time_ns = time_ns};
	unsigned int place = m->have;

	if (time_ns > m->last_ns + MOUSE_GAP_NS)
		place = 0;
	m->last_ns = time_ns;
	m->packet[place] = byte;
	switch (place) {
	case 0:
		m->have = byte >> 3 & 1;
		return;
	case 1:
		m->have = 2;
		return;
	}
	m->have = 0;
	m->buttons = m->packet[0] & 7;
	e.type = EVENT_MOUSE_MOVE;
	e.data[0] = moved(m->packet[0], m->packet[1], 0);
	e.data[1] = -moved(m->packet[0], m->packet[2], 1);
	e.data[2] = m->buttons;
	if (e.data[0] || e.data[1])
		event_push(m->queue, &e);
	e.type = EVENT_MOUSE_BUTTON;
	for (int n = 0; n < 3; n++) {
		bool now = m->buttons & 1u << n, then = old & 1u << n;

		e.data[0] = n;
		e.data[1] = now;
		if (now != then)
			event_push(m->queue, &e);
	}
}

/* ---- interrupts ---- */

static struct keyboard the_keyboard;
static struct mouse the_mouse;

static void on_keyboard(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	for (int got = ps2_take(PS2_KEYBOARD); got != -1;
	     got = ps2_take(PS2_KEYBOARD)) {
		scancode_publish(got);
		keyboard_byte(&the_keyboard, got, time_ns());
	}
}

static void on_mouse(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	for (int got = ps2_take(PS2_MOUSE); got != -1;
	     got = ps2_take(PS2_MOUSE))
		mouse_byte(&the_mouse, got, time_ns());
}

int lab_input_start(void)
{
	bool keys = false, mouse = false;
	int error;

	the_keyboard = (struct keyboard){.queue = &input_events};
	the_mouse = (struct mouse){.queue = &input_events};
	error = irq_attach(MOUSE_LINE, on_mouse, NULL);
	mouse = !error;
	if (!error) {
		error = irq_attach(KEYBOARD_LINE, on_keyboard, NULL);
		keys = !error;
	}
	if (!error)
		error = ps2_start();
	if (error && keys)
		irq_detach(KEYBOARD_LINE);
	if (error && mouse)
		irq_detach(MOUSE_LINE);
	return error;
}

/* ---- scan codes: head ever came, count ever went ---- */

static struct spinlock pipes_lock = SPINLOCK_INIT("scan code pipes");
static struct list_head pipes = LIST_INIT(pipes);

void lab_scancode_subscribe(struct scancode_pipe *p)
{
	memset(p, 0, sizeof(*p));
	spin_lock(&pipes_lock);
	list_push_front(&pipes, &p->link);
	spin_unlock(&pipes_lock);
}

void lab_scancode_unsubscribe(struct scancode_pipe *p)
{
	spin_lock(&pipes_lock);
	list_remove(&p->link);
	spin_unlock(&pipes_lock);
}

void lab_scancode_publish(uint8_t byte)
{
	struct scancode_pipe *p;

	spin_lock(&pipes_lock);
	list_for_each (p, &pipes, link)
		if (p->head - p->count < SCANCODE_RING)
			p->ring[p->head++ % SCANCODE_RING] = byte;
		else
			p->dropped++;
	spin_unlock(&pipes_lock);
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
	uint8_t *at = buf;

	spin_lock(&pipes_lock);
	for (; len > 0 && p->count != p->head; len--)
		*at++ = p->ring[p->count++ % SCANCODE_RING];
	spin_unlock(&pipes_lock);
	return at - buf;
}
