/*
 * input.c - lab 2: a lock for the list of subscribers, and others for their
 * rings.
 *
 * Who publishes holds list_lock, and in turn the lock of each ring; who reads,
 * the lock of the ring alone.  A struct scancode_pipe has no room for a lock,
 * so there are a few for all, by the pipe's address.
 */
#include "input.h"
#include "errno.h"
#include "irq.h"
#include "ps2.h"
#include "spinlock.h"
#include "time.h"

/* ---- keyboard ---- */

static const struct {
	uint8_t key, modifier;
} holders[] = {
	{KEY_LEFTSHIFT, MOD_SHIFT}, {KEY_RIGHTSHIFT, MOD_SHIFT},
	{KEY_LEFTCTRL, MOD_CTRL},   {KEY_RIGHTCTRL, MOD_CTRL},
	{KEY_LEFTALT, MOD_ALT},     {KEY_RIGHTALT, MOD_ALT},
};

static uint32_t held_modifiers(const struct keyboard *k)
{
	uint32_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(holders); i++) {
		unsigned int key = holders[i].key;

		if (k->down[key / 8] & 1u << key % 8)
			found |= holders[i].modifier;
	}
	return found;
}

static void change(struct keyboard *k, unsigned int key, bool up, uint64_t when)
{
	uint8_t *byte = &k->down[key >> 3], bit = 1 << (key & 7);
	bool before = *byte & bit;
	struct event e;
	uint32_t mods;

	if (up && !before)
		return;
	*byte = up ? *byte & ~bit : *byte | bit;
	mods = k->modifiers & MOD_CAPS;
	if (key == KEY_CAPSLOCK && !up && !before)
		mods ^= MOD_CAPS;
	mods |= held_modifiers(k);
	k->modifiers = mods;

	e.type = up ? EVENT_KEY_UP : EVENT_KEY_DOWN;
	e.data[0] = key;
	e.data[1] = up ? 0 : keymap_char(key, mods);
	e.data[2] = mods;
	if (before && !up)
		e.data[2] |= KEY_REPEATED;
	e.time_ns = when;
	event_push(k->queue, &e);
}

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
	uint8_t first = k->prefix[0], second = k->prefix[1];
	unsigned int key;

	k->prefix[0] = k->prefix[1] = 0;
	if (byte == 0 || byte == 0xff)
		return;
	if (byte == 0xe0 || byte == 0xe1) {
		k->prefix[0] = byte;
		return;
	}
	if (first == 0xe1 && second == 0) {
		if ((byte & 0x7f) == 0x1d) {
			k->prefix[0] = first;
			k->prefix[1] = byte;
		}
		return;
	}
	if (first == 0xe1) {
		if (second == 0x1d && byte == 0x45)
			change(k, KEY_PAUSE, false, time_ns);
		if (second == 0x9d && byte == 0xc5)
			change(k, KEY_PAUSE, true, time_ns);
		return;
	}
	key = keymap_code(byte & 0x7f, first == 0xe0);
	if (key)
		change(k, key, byte & 0x80, time_ns);
}

/* ---- mouse ---- */

static void send(struct mouse *m, uint32_t type, int a, int b, uint64_t when)
{
	struct event e = {type, {a, b, m->buttons}, when};

	event_push(m->queue, &e);
}

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
	if (m->have && time_ns > m->last_ns + MOUSE_GAP_NS)
		m->have = 0;
	m->last_ns = time_ns;
	switch (m->have) {
	case 0:
		if (!(byte & 8))
			return;
		/* fall through */
	case 1:
		m->packet[m->have++] = byte;
		return;
	}
	m->have = 0;

	uint8_t first = m->packet[0];
	int dx = m->packet[1] - (first << 4 & 0x100);
	int dy = byte - (first << 3 & 0x100);
	uint32_t old = m->buttons;

	if (first & 0x40)
		dx = first & 0x10 ? -256 : 255;
	if (first & 0x80)
		dy = first & 0x20 ? -256 : 255;
	m->buttons = first & 7;
	if (dx || dy)
		send(m, EVENT_MOUSE_MOVE, dx, -dy, time_ns);
	for (int i = 0; i < 3; i++)
		if ((old ^ m->buttons) >> i & 1)
			send(m, EVENT_MOUSE_BUTTON, i, m->buttons >> i & 1,
			     time_ns);
}

/* ---- interrupts ---- */

static struct keyboard keyboard;
static struct mouse mouse;

static void on_key(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	for (int byte = ps2_take(PS2_KEYBOARD); byte != -1;
	     byte = ps2_take(PS2_KEYBOARD)) {
		scancode_publish(byte);
		lab_keyboard_byte(&keyboard, byte, time_ns());
	}
}

static void on_mouse(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	for (int byte = ps2_take(PS2_MOUSE); byte != -1;
	     byte = ps2_take(PS2_MOUSE))
		lab_mouse_byte(&mouse, byte, time_ns());
}

int lab_input_start(void)
{
	int result;

	keyboard = (struct keyboard){.queue = &input_events};
	mouse = (struct mouse){.queue = &input_events};
	result = irq_attach(MOUSE_LINE, on_mouse, NULL);
	if (result < 0)
		return result;
	result = irq_attach(KEYBOARD_LINE, on_key, NULL);
	if (result == 0) {
		result = ps2_start();
		if (result == 0)
			return 0;
		irq_detach(KEYBOARD_LINE);
	}
	irq_detach(MOUSE_LINE);
	return result;
}

/* ---- scan codes ---- */

static struct spinlock list_lock = SPINLOCK_INIT("subscribers");
static struct list_head list = LIST_INIT(list);

#define RING_LOCKS 8
static struct spinlock ring_locks[RING_LOCKS] = {
	[0 ... RING_LOCKS - 1] = SPINLOCK_INIT("scan code ring")};

static struct spinlock *lock_of(const struct scancode_pipe *p)
{
	return &ring_locks[(uintptr_t)p / sizeof(*p) % RING_LOCKS];
}

void lab_scancode_subscribe(struct scancode_pipe *p)
{
	p->head = 0;
	p->count = 0;
	p->dropped = 0;
	spin_lock(&list_lock);
	list_push_back(&list, &p->link);
	spin_unlock(&list_lock);
}

void lab_scancode_unsubscribe(struct scancode_pipe *p)
{
	spin_lock(&list_lock);
	list_remove(&p->link);
	spin_unlock(&list_lock);
}

/* head and count run freely: bytes that were read, and that were written. */
static void put(struct scancode_pipe *p, uint8_t byte)
{
	spin_lock(lock_of(p));
	if (p->count - p->head < SCANCODE_RING)
		p->ring[p->count++ % SCANCODE_RING] = byte;
	else
		p->dropped++;
	spin_unlock(lock_of(p));
}

void lab_scancode_publish(uint8_t byte)
{
	struct scancode_pipe *p;

	spin_lock(&list_lock);
	list_for_each (p, &list, link)
		put(p, byte);
	spin_unlock(&list_lock);
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
	size_t n = 0;

	spin_lock(lock_of(p));
	for (; n < len && p->head != p->count; n++)
		buf[n] = p->ring[p->head++ % SCANCODE_RING];
	spin_unlock(lock_of(p));
	return n;
}
