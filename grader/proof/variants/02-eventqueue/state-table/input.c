/*
 * input.c - lab 2: the keyboard as a table of states, the packet of the mouse
 * as a union with bit fields, pipes that are copied in two pieces.
 */
#include "input.h"

#include "errno.h"
#include "irq.h"
#include "ps2.h"
#include "spinlock.h"
#include "string.h"
#include "time.h"

/* ---- keyboard: states and kinds of bytes ---- */

enum state { START, EXTENDED, PAUSE, PAUSE_DOWN, PAUSE_UP, STATES };
enum kind { LOST, E0, E1, CTRL_DOWN, CTRL_UP, NUM_DOWN, NUM_UP, OTHER, KINDS };
enum action { NOTHING, PLAIN_KEY, EXTENDED_KEY, PAUSE_PRESS, PAUSE_RELEASE };

struct step {
	enum state next;
	enum action action;
};

#define KEYS_OF(which) \
	[CTRL_DOWN] = {START, which}, [CTRL_UP] = {START, which}, \
	[NUM_DOWN] = {START, which}, [NUM_UP] = {START, which}, \
	[OTHER] = {START, which}
#define PREFIXES [E0] = {EXTENDED, NOTHING}, [E1] = {PAUSE, NOTHING}

static const struct step steps[STATES][KINDS] = {
	[START] = {PREFIXES, KEYS_OF(PLAIN_KEY)},
	[EXTENDED] = {PREFIXES, KEYS_OF(EXTENDED_KEY)},
	[PAUSE] = {PREFIXES, [CTRL_DOWN] = {PAUSE_DOWN, NOTHING},
		   [CTRL_UP] = {PAUSE_UP, NOTHING}},
	[PAUSE_DOWN] = {PREFIXES, [NUM_DOWN] = {START, PAUSE_PRESS}},
	[PAUSE_UP] = {PREFIXES, [NUM_UP] = {START, PAUSE_RELEASE}},
};

static enum kind kind_of(uint8_t byte)
{
	switch (byte) {
	case 0x00:
	case 0xff:
		return LOST;
	case 0xe0:
		return E0;
	case 0xe1:
		return E1;
	case 0x1d:
		return CTRL_DOWN;
	case 0x9d:
		return CTRL_UP;
	case 0x45:
		return NUM_DOWN;
	case 0xc5:
		return NUM_UP;
	}
	return OTHER;
}

/* Bit of a key that holds a modifier, in the upper half of k->modifiers. */
static uint32_t holder(unsigned int key)
{
	static const uint8_t keys[] = {KEY_LEFTSHIFT, KEY_RIGHTSHIFT,
				       KEY_LEFTCTRL,  KEY_RIGHTCTRL,
				       KEY_LEFTALT,   KEY_RIGHTALT};

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i] == key)
			return 0x10000u << i;
	return 0;
}

static uint32_t flags_of(const struct keyboard *k)
{
	return (k->modifiers & 0x30000 ? MOD_SHIFT : 0) |
	       (k->modifiers & 0xc0000 ? MOD_CTRL : 0) |
	       (k->modifiers & 0x300000 ? MOD_ALT : 0) |
	       (k->modifiers & MOD_CAPS);
}

static void press(struct keyboard *k, unsigned int key, uint64_t when)
{
	bool again = k->down[key / 8] & 1 << key % 8;

	k->down[key / 8] |= 1 << key % 8;
	k->modifiers |= holder(key);
	if (key == KEY_CAPSLOCK && !again)
		k->modifiers ^= MOD_CAPS;
	event_push(k->queue,
		   &(struct event){EVENT_KEY_DOWN,
				   {key, keymap_char(key, flags_of(k)),
				    flags_of(k) + (again ? KEY_REPEATED : 0)},
				   when});
}

static void release(struct keyboard *k, unsigned int key, uint64_t when)
{
	if (!(k->down[key / 8] & 1 << key % 8))
		return;
	k->down[key / 8] ^= 1 << key % 8;
	k->modifiers &= ~holder(key);
	event_push(k->queue,
		   &(struct event){EVENT_KEY_UP, {key, 0, flags_of(k)}, when});
}

static void take(struct keyboard *k, uint8_t byte, bool extended, uint64_t when)
{
	unsigned int key = keymap_code(byte & 0x7f, extended);

	if (key == 0)
		return;
	if (byte & 0x80)
		release(k, key, when);
	else
		press(k, key, when);
}

void lab_keyboard_byte(struct keyboard *k, uint8_t byte, uint64_t time_ns)
{
	const struct step *step = &steps[k->prefix[0]][kind_of(byte)];

	k->prefix[0] = step->next;
	switch (step->action) {
	case PLAIN_KEY:
	case EXTENDED_KEY:
		take(k, byte, step->action == EXTENDED_KEY, time_ns);
		break;
	case PAUSE_PRESS:
		press(k, KEY_PAUSE, time_ns);
		break;
	case PAUSE_RELEASE:
		release(k, KEY_PAUSE, time_ns);
		break;
	case NOTHING:
		break;
	}
}

/* ---- mouse ---- */

union packet {
	uint8_t bytes[3];
	struct {
		uint8_t left : 1, right : 1, middle : 1, one : 1;
		uint8_t x_sign : 1, y_sign : 1, x_over : 1, y_over : 1;
		uint8_t x, y;
	};
};

static int nine_bits(unsigned int low, unsigned int sign, unsigned int over)
{
	if (over)
		low = sign ? 0 : 0xff;
	return (int)(low | sign << 8) - (int)(sign << 9);
}

static void tell(struct mouse *m, const union packet *p, uint64_t when)
{
	struct event e = {.type = EVENT_MOUSE_MOVE, .time_ns = when};
	uint32_t before = m->buttons;

	m->buttons = p->left | p->right << 1 | p->middle << 2;
	e.data[0] = nine_bits(p->x, p->x_sign, p->x_over);
	e.data[1] = -nine_bits(p->y, p->y_sign, p->y_over);
	e.data[2] = m->buttons;
	if (e.data[0] | e.data[1])
		event_push(m->queue, &e);
	e.type = EVENT_MOUSE_BUTTON;
	for (uint32_t i = 0, bit = 1; i < 3; i++, bit <<= 1) {
		e.data[0] = i;
		e.data[1] = !!(m->buttons & bit);
		if ((before & bit) != (m->buttons & bit))
			event_push(m->queue, &e);
	}
}

void lab_mouse_byte(struct mouse *m, uint8_t byte, uint64_t time_ns)
{
	union packet p;

	if (time_ns - m->last_ns > MOUSE_GAP_NS)
		m->have = 0;
	m->last_ns = time_ns;
	m->packet[m->have] = byte;
	memcpy(p.bytes, m->packet, sizeof(p.bytes));
	if (p.one && ++m->have == 3) {
		m->have = 0;
		tell(m, &p, time_ns);
	}
}

/* ---- interrupts ---- */

static struct keyboard keyboard = {.queue = &input_events};
static struct mouse mouse = {.queue = &input_events};

/* One handler for both lines. */
static void interrupt(unsigned int line, void *arg)
{
	enum ps2_port port = line == MOUSE_LINE ? PS2_MOUSE : PS2_KEYBOARD;
	int byte;

	(void)arg;
	while ((byte = ps2_take(port)) >= 0) {
		uint64_t now = time_ns();

		if (port == PS2_MOUSE) {
			mouse_byte(&mouse, byte, now);
		} else {
			scancode_publish(byte);
			keyboard_byte(&keyboard, byte, now);
		}
	}
}

int lab_input_start(void)
{
	static const unsigned int lines[] = {KEYBOARD_LINE, MOUSE_LINE};
	unsigned int attached = 0;
	int error = 0;

	while (!error && attached < ARRAY_SIZE(lines)) {
		error = irq_attach(lines[attached], interrupt, NULL);
		attached += !error;
	}
	if (!error)
		error = ps2_start();
	while (error && attached > 0)
		irq_detach(lines[--attached]);
	return error;
}

/* ---- scan codes ---- */

static struct spinlock pipes_lock = SPINLOCK_INIT("pipes");
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
	list_for_each (p, &pipes, link) {
		if (p->count == SCANCODE_RING)
			p->dropped++;
		else
			p->ring[(p->head + p->count++) & 127] = byte;
	}
	spin_unlock(&pipes_lock);
}

size_t lab_scancode_read(struct scancode_pipe *p, uint8_t *buf, size_t len)
{
	size_t piece;

	spin_lock(&pipes_lock);
	len = MIN(len, (size_t)p->count);
	piece = MIN(len, (size_t)SCANCODE_RING - p->head);
	memcpy(buf, p->ring + p->head, piece);
	memcpy(buf + piece, p->ring, len - piece);
	p->head = (p->head + len) & 127;
	p->count -= len;
	spin_unlock(&pipes_lock);
	return len;
}
