/*
 * keyboard.c - the keyboard of the console: keys become the bytes that an ANSI
 * terminal would send.
 *
 * Who types?  From lab 2 on, interrupts do: each event of a key that goes down
 * comes here (EVENT_HOOK).  Before that, or when the
 * student's part does not start, keyboard_poll() asks the controller itself,
 * and needs no interrupt; then the decoding below does what a console needs,
 * and no more.
 *
 *	ps2_take() -> take_code() \
 *				   keyboard_type() -> ring -> keyboard_poll()
 *	event_push() ------------ /
 *
 * A key like Home makes several bytes.  Those of one key get into the ring all,
 * or not at all when it is full.
 */
#include "keyboard.h"
#include "input.h"
#include "keymap.h"
#include "lock.h"
#include "ps2.h"
#include "string.h"

#define RING 256

static struct core_lock keys_lock = CORE_LOCK_INIT("console keys", RANK_IRQ);

/* Needs keys_lock. */
static uint8_t ring[RING];
static unsigned int taken, typed; /* bytes, ever */
static void (*listener)(void);    /* or NULL */

static bool application_keys; /* any byte of it is right */

/* ---- from keys to bytes ---- */

/* The keys that make no character, as Linux's console has them. */
static const char *const key_sequences[KEYS] = {
	[KEY_UP] = "\x1b[A",       [KEY_DOWN] = "\x1b[B",
	[KEY_RIGHT] = "\x1b[C",    [KEY_LEFT] = "\x1b[D",
	[KEY_HOME] = "\x1b[1~",    [KEY_INSERT] = "\x1b[2~",
	[KEY_DELETE] = "\x1b[3~",  [KEY_END] = "\x1b[4~",
	[KEY_PAGEUP] = "\x1b[5~",  [KEY_PAGEDOWN] = "\x1b[6~",
	[KEY_F1] = "\x1b[[A",      [KEY_F1 + 1] = "\x1b[[B",
	[KEY_F1 + 2] = "\x1b[[C",  [KEY_F1 + 3] = "\x1b[[D",
	[KEY_F1 + 4] = "\x1b[[E",  [KEY_F1 + 5] = "\x1b[17~",
	[KEY_F1 + 6] = "\x1b[18~", [KEY_F1 + 7] = "\x1b[19~",
	[KEY_F1 + 8] = "\x1b[20~", [KEY_F1 + 9] = "\x1b[21~",
	[KEY_F11] = "\x1b[23~",    [KEY_F12] = "\x1b[24~",
};

/* A program may want the arrows to be told from what else begins so. */
static const char *const application_sequences[KEYS] = {
	[KEY_UP] = "\x1bOA",
	[KEY_DOWN] = "\x1bOB",
	[KEY_RIGHT] = "\x1bOC",
	[KEY_LEFT] = "\x1bOD",
};

void keyboard_application_keys(bool on)
{
	application_keys = on;
}

static const char *key_sequence(unsigned int key)
{
	const char *text = NULL;

	if (key >= KEYS)
		return "";
	if (application_keys)
		text = application_sequences[key];
	if (!text)
		text = key_sequences[key];
	return text ? text : "";
}

/* Its character, or if 0 the sequence of the key, if it has one, is what
 * keyboard_poll() returns next.  Any context but NMI. */
static void keyboard_type(unsigned int key, int character)
{
	const char single[2] = {character};
	const char *text = character ? single : key_sequence(key);
	void (*ready)(void);

	core_lock(&keys_lock);
	ready = listener;
	if (RING - (typed - taken) >= strlen(text))
		while (*text != '\0')
			ring[typed++ % RING] = *text++;
	core_unlock(&keys_lock);
	if (ready)
		ready();
}

static void key_event(const struct event *e)
{
	if (e->type == EVENT_KEY_DOWN)
		keyboard_type(e->data[0], e->data[1]);
}

EVENT_HOOK(key_event);

bool keyboard_listen(void (*ready)(void))
{
	core_lock(&keys_lock);
	listener = ready;
	core_unlock(&keys_lock);
	return input_started();
}

/* The next byte, or -1. */
static int byte_take(void)
{
	int byte = -1;

	core_lock(&keys_lock);
	if (taken != typed)
		byte = ring[taken++ % RING];
	core_unlock(&keys_lock);
	return byte;
}

/* ---- without interrupts ---- */

enum {
	RELEASED = 0x80,
	PREFIX = 0xe0,
};

/* Private to the one thread that polls. */
static uint32_t modifiers;
static bool prefixed;

/* Follows the keys that change what others mean; false: it is none. */
static bool take_modifier(unsigned int key, bool pressed)
{
	uint32_t mask;

	switch (key) {
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT:
		mask = MOD_SHIFT;
		break;
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL:
		mask = MOD_CTRL;
		break;
	case KEY_CAPSLOCK:
		modifiers ^= pressed ? MOD_CAPS : 0;
		return true;
	default:
		return false;
	}
	modifiers = pressed ? modifiers | mask : modifiers & ~mask;
	return true;
}

static void take_code(uint8_t code)
{
	if (code == PREFIX) {
		prefixed = true;
		return;
	}
	unsigned int key = keymap_code(code & ~RELEASED, prefixed);
	bool pressed = !(code & RELEASED);

	prefixed = false;
	if (!take_modifier(key, pressed) && pressed)
		keyboard_type(key, keymap_char(key, modifiers));
}

/* Takes what the devices have sent; the mouse's bytes would stand in the
 * keyboard's way. */
static void poll_devices(void)
{
	int code;

	while ((code = ps2_take(PS2_KEYBOARD)) >= 0 || ps2_take(PS2_MOUSE) >= 0)
		if (code >= 0)
			take_code(code);
}

int keyboard_poll(void)
{
	if (!input_started())
		poll_devices();
	return byte_take();
}
