/*
 * keyboard.h - the keyboard of the console, for screen.c.
 */
#ifndef KEYBOARD_H
#define KEYBOARD_H

#include "types.h"

/* The next byte that the keyboard has typed, or -1; one thread at a time. After
 * ps2_init(); until then there is none. */
int keyboard_poll(void);

/* Do the arrow keys send what a program has asked for (DECCKM)? */
void keyboard_application_keys(bool on);

/* Each key calls ready(); false: none will before somebody polls. */
bool keyboard_listen(void (*ready)(void));

#endif
