/*
 * keyboard.c - the PS/2 keyboard, by polling.
 *
 * This is the keyboard of the monitor and of a panic: it needs no interrupt.
 * (Lab 2 builds the one that interrupts, and queues events.)
 *
 * The keyboard sends a scan code when a key goes down and another when it
 * comes up, which the controller translates to the codes of the first IBM PC,
 * "set 1": the code of a key that is released is that of the press plus 0x80,
 * and keys that the PC did not have come as two bytes, 0xe0 first.  We keep
 * track of Shift, Ctrl and Caps Lock, and turn what remains into the bytes that
 * an ANSI terminal would send, US layout.  A key like Home makes several bytes:
 * they wait in `pending` until they are asked for.
 *
 * A machine without a controller reads 0xff from its ports; then, and when a
 * wait takes too long, we do without.  One thread polls at a time: no lock.
 *
 * Sources: IBM PS/2 hardware interface technical reference, "Keyboard and
 * auxiliary device controller"; Microsoft keyboard scan code specification,
 * appendix A (set 1).
 */
#include "console.h"
#include "string.h"
#include "x86.h"

#define DATA_PORT 0x60
#define STATUS_PORT 0x64 /* read: status; write: commands */

#define STATUS_OUTPUT_FULL 0x01 /* a byte for us is at DATA_PORT */
#define STATUS_INPUT_FULL 0x02  /* the last one is not yet taken */
#define STATUS_FROM_MOUSE 0x20
#define STATUS_ABSENT 0xff

enum {
	COMMAND_READ_CONFIG = 0x20,
	COMMAND_WRITE_CONFIG = 0x60,
	COMMAND_DISABLE_MOUSE = 0xa7,
	COMMAND_DISABLE_KEYBOARD = 0xad,
	COMMAND_ENABLE_KEYBOARD = 0xae,
	KEYBOARD_ENABLE_SCANNING = 0xf4,
};

#define CONFIG_INTERRUPTS 0x03 /* of keyboard and mouse */
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_TRANSLATE 0x40 /* to set 1 */

#define WAIT_POLLS 100000 /* some 10 ms or more */

enum {
	KEY_CTRL = 0x1d,
	KEY_LEFT_SHIFT = 0x2a,
	KEY_RIGHT_SHIFT = 0x36,
	KEY_CAPS_LOCK = 0x3a,
	KEYPAD = 0x47, /* its first key; the main keys are below */
	RELEASED = 0x80,
	PREFIX = 0xe0,
};

/* By scan code 0x00 to 0x39; 0 where a key makes no character. */
static const char plain[] = "\0\x1b"
			    "1234567890-=\x7f\tqwertyuiop[]\r\0"
			    "asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\x1b"
			      "!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0"
			      "ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof(plain) == 0x3b && sizeof(shifted) == 0x3b,
	       "a character for each scan code up to the space bar");

static bool present, shift, ctrl, caps_lock, prefixed;
static const char *pending = "";

static void ignore_input(void)
{
	for (int i = 0; i < WAIT_POLLS; i++) {
		if (!(inb(STATUS_PORT) & STATUS_OUTPUT_FULL))
			return;
		inb(DATA_PORT);
	}
}

/* The next byte from the controller or keyboard; -1 when none comes. */
static int read_byte(void)
{
	for (int i = 0; i < WAIT_POLLS; i++)
		if (inb(STATUS_PORT) & STATUS_OUTPUT_FULL)
			return inb(DATA_PORT);
	return -1;
}

static void write_byte(uint16_t port, uint8_t value)
{
	for (int i = 0; i < WAIT_POLLS; i++) {
		if (!(inb(STATUS_PORT) & STATUS_INPUT_FULL)) {
			outb(port, value);
			return;
		}
	}
}

void keyboard_init(void)
{
	if (inb(STATUS_PORT) == STATUS_ABSENT)
		return;
	write_byte(STATUS_PORT, COMMAND_DISABLE_KEYBOARD);
	write_byte(STATUS_PORT, COMMAND_DISABLE_MOUSE);
	ignore_input();

	write_byte(STATUS_PORT, COMMAND_READ_CONFIG);
	int config = read_byte();
	if (config < 0)
		return;
	config &= ~(CONFIG_INTERRUPTS | CONFIG_KEYBOARD_OFF);
	config |= CONFIG_TRANSLATE;
	write_byte(STATUS_PORT, COMMAND_WRITE_CONFIG);
	write_byte(DATA_PORT, config);
	write_byte(STATUS_PORT, COMMAND_ENABLE_KEYBOARD);
	write_byte(DATA_PORT, KEYBOARD_ENABLE_SCANNING);
	read_byte(); /* acknowledged, if it is plugged in */
	present = true;
}

/*
 * The keys that the first PC did not have, as an ANSI terminal sends them.  It
 * had most on its keypad, where they have the same codes without the prefix;
 * we know no Num Lock, so there they mean the same.
 */
static const char *extra_key(uint8_t code)
{
	switch (code) {
	case 0x48:
		return "\x1b[A"; /* up */
	case 0x50:
		return "\x1b[B"; /* down */
	case 0x4d:
		return "\x1b[C"; /* right */
	case 0x4b:
		return "\x1b[D"; /* left */
	case 0x47:
		return "\x1b[H"; /* home */
	case 0x4f:
		return "\x1b[F"; /* end */
	case 0x53:
		return "\x1b[3~"; /* delete */
	case 0x1c:
		return "\r"; /* enter, on the keypad */
	case 0x35:
		return "/"; /* these too */
	case 0x4a:
		return "-";
	case 0x4e:
		return "+";
	default:
		return "";
	}
}

/* The character of a key, or 0. */
static char plain_key(uint8_t code)
{
	if (code >= sizeof(plain) - 1)
		return 0;

	char c = plain[code];
	bool letter = c >= 'a' && c <= 'z';

	if (ctrl && letter)
		return c - 'a' + 1; /* Ctrl-A is 1 */
	return shift ^ (letter && caps_lock) ? shifted[code] : c;
}

/* Follows the keys that change what others mean. */
static bool is_modifier(uint8_t key, bool pressed)
{
	switch (key) {
	case KEY_CTRL:
		ctrl = pressed;
		return true;
	case KEY_LEFT_SHIFT:
	case KEY_RIGHT_SHIFT:
		/* A prefix marks the shifts that arrow keys make up. */
		if (!prefixed)
			shift = pressed;
		return true;
	case KEY_CAPS_LOCK:
		caps_lock ^= pressed;
		return true;
	default:
		return false;
	}
}

/* Takes a scan code; leaves what it means in `pending`. */
static void take_code(uint8_t code)
{
	static char single[2];

	if (code == PREFIX) {
		prefixed = true;
		return;
	}
	bool pressed = !(code & RELEASED);
	if (!is_modifier(code & ~RELEASED, pressed) && pressed) {
		if (prefixed || code >= KEYPAD) {
			pending = extra_key(code);
		} else {
			single[0] = plain_key(code);
			pending = single;
		}
	}
	prefixed = false;
}

int keyboard_poll(void)
{
	while (present && *pending == '\0') {
		uint8_t status = inb(STATUS_PORT);

		if (status == STATUS_ABSENT || !(status & STATUS_OUTPUT_FULL))
			return -1;
		uint8_t code = inb(DATA_PORT);
		if (!(status & STATUS_FROM_MOUSE))
			take_code(code);
	}
	return *pending == '\0' ? -1 : (uint8_t)*pending++;
}
