/*
 * keymap.c - which key a scan code means, and which character a key makes.
 *
 * Two tables from codes to keys: the keys of the first PC have their scan code
 * as number, up to the keypad's last; those that came later sent a prefix, so
 * that old programs took them for the old key of the same code, and need a
 * table.  And a table from keys to characters, plain and shifted.
 *
 * Sources: Microsoft keyboard scan code specification, appendix A (set 1);
 * Linux, input-event-codes.h (the numbers of keys).
 */
#include "keymap.h"

/* ---- from codes to keys ---- */

#define LAST_OLD_CODE 0x53 /* the keypad's point */

static const uint8_t late_keys[0x80] = {
	[0x54] = KEY_SYSRQ, /* Print Screen, with Alt */
	[0x56] = KEY_102ND,
	[0x57] = KEY_F11,
	[0x58] = KEY_F12,
};

static const uint8_t extended_keys[0x80] = {
	[0x1c] = KEY_KPENTER,  [0x1d] = KEY_RIGHTCTRL,
	[0x20] = KEY_MUTE,     [0x2e] = KEY_VOLUMEDOWN,
	[0x30] = KEY_VOLUMEUP, [0x35] = KEY_KPSLASH,
	[0x37] = KEY_SYSRQ,    [0x38] = KEY_RIGHTALT,
	[0x46] = KEY_PAUSE, /* with Ctrl */
	[0x47] = KEY_HOME,     [0x48] = KEY_UP,
	[0x49] = KEY_PAGEUP,   [0x4b] = KEY_LEFT,
	[0x4d] = KEY_RIGHT,    [0x4f] = KEY_END,
	[0x50] = KEY_DOWN,     [0x51] = KEY_PAGEDOWN,
	[0x52] = KEY_INSERT,   [0x53] = KEY_DELETE,
	[0x5b] = KEY_LEFTMETA, [0x5c] = KEY_RIGHTMETA,
	[0x5d] = KEY_COMPOSE,  [0x5e] = KEY_POWER,
	[0x5f] = KEY_SLEEP,    [0x63] = KEY_WAKEUP,
};

unsigned int keymap_code(uint8_t scancode, bool extended)
{
	if (scancode >= 0x80)
		return 0;
	if (extended)
		return extended_keys[scancode];
	return scancode <= LAST_OLD_CODE ? scancode : late_keys[scancode];
}

/* ---- from keys to characters ---- */

/* By key 0 to 83; 0 where a key makes no character. */
static const char plain[] = "\0\x1b"
			    "1234567890-=\x7f\tqwertyuiop[]\r\0"
			    "asdfghjkl;'`\0\\zxcvbnm,./\0*\0 \0"
			    "\0\0\0\0\0\0\0\0\0\0\0\0"
			    "789-456+1230.";
static const char shifted[] = "\0\x1b"
			      "!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0"
			      "ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 \0"
			      "\0\0\0\0\0\0\0\0\0\0\0\0"
			      "789-456+1230.";
_Static_assert(sizeof(plain) == KEY_KPDOT + 2 &&
		       sizeof(shifted) == KEY_KPDOT + 2,
	       "a character for each key up to the keypad's point");

static char late_character(unsigned int key, bool shift)
{
	switch (key) {
	case KEY_102ND:
		return shift ? '>' : '<';
	case KEY_KPENTER:
		return '\r';
	case KEY_KPSLASH:
		return '/';
	default:
		return 0;
	}
}

int keymap_char(unsigned int key, uint32_t modifiers)
{
	bool shift = modifiers & MOD_SHIFT;

	if (key > KEY_KPDOT)
		return late_character(key, shift);

	char c = plain[key];
	bool letter = c >= 'a' && c <= 'z';

	if (shift ^ (letter && (modifiers & MOD_CAPS)))
		c = shifted[key];
	/* As terminals have it: ^A is 1, ^[ is 27, ^_ is 31. */
	if ((modifiers & MOD_CTRL) && (letter || (c >= '@' && c <= '_')))
		c &= 0x1f;
	return c;
}
