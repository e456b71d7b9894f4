/*
 * keymap.h - which key a scan code means, and which character a key makes.
 *
 * Keys have the numbers of Linux's input events (linux/input-event-codes.h):
 * those of the first IBM PC have their scan code as number, which is where
 * Linux has them from; the keys that came later follow.
 */
#ifndef KEYMAP_H
#define KEYMAP_H

#include "types.h"

/* Those that the code speaks of; the key map knows some more. */
enum key {
	KEY_ESC = 1,
	KEY_1 = 2,
	KEY_BACKSPACE = 14,
	KEY_TAB = 15,
	KEY_Q = 16,
	KEY_ENTER = 28,
	KEY_LEFTCTRL = 29,
	KEY_A = 30,
	KEY_LEFTSHIFT = 42,
	KEY_RIGHTSHIFT = 54,
	KEY_KPASTERISK = 55,
	KEY_LEFTALT = 56,
	KEY_SPACE = 57,
	KEY_CAPSLOCK = 58,
	KEY_F1 = 59,
	KEY_NUMLOCK = 69,
	KEY_SCROLLLOCK = 70,
	KEY_KP7 = 71,
	KEY_KPDOT = 83,
	KEY_102ND = 86, /* beside the left shift, in Europe */
	KEY_F11 = 87,
	KEY_F12 = 88,
	KEY_KPENTER = 96,
	KEY_RIGHTCTRL = 97,
	KEY_KPSLASH = 98,
	KEY_SYSRQ = 99, /* Print Screen */
	KEY_RIGHTALT = 100,
	KEY_HOME = 102,
	KEY_UP = 103,
	KEY_PAGEUP = 104,
	KEY_LEFT = 105,
	KEY_RIGHT = 106,
	KEY_END = 107,
	KEY_DOWN = 108,
	KEY_PAGEDOWN = 109,
	KEY_INSERT = 110,
	KEY_DELETE = 111,
	KEY_MUTE = 113,
	KEY_VOLUMEDOWN = 114,
	KEY_VOLUMEUP = 115,
	KEY_POWER = 116,
	KEY_PAUSE = 119,
	KEY_LEFTMETA = 125,
	KEY_RIGHTMETA = 126,
	KEY_COMPOSE = 127, /* the menu key */
	KEY_SLEEP = 142,
	KEY_WAKEUP = 143,
};

#define KEYS 256 /* every key's number is below */

/* data[2] of a key event. */
#define MOD_SHIFT 0x1u /* either of the two is held, and so on */
#define MOD_CTRL 0x2u
#define MOD_ALT 0x4u
#define MOD_CAPS 0x8u       /* Caps Lock is on */
#define KEY_REPEATED 0x100u /* the key was down already */

/*
 * The key of a code of set 1, without its release bit (0x80); extended: 0xe0
 * came before it.  0 for a code that no key has.
 */
unsigned int keymap_code(uint8_t scancode, bool extended);

/*
 * The ASCII character of a key with these modifiers, US layout, or 0.  Enter
 * gives 13, Backspace 127, Tab 9, Esc 27.  Ctrl makes letters, and @ [ \ ] ^ _,
 * to 1 .. 31.  Caps Lock counts for letters only.  The keypad gives digits: we
 * know no Num Lock.  Alt changes nothing.
 */
int keymap_char(unsigned int key, uint32_t modifiers);

#endif
