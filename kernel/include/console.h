/*
 * console.h - the serial port COM1 and the VGA text screen, as one console.
 *
 * Output goes to every console that is enabled (command line: console=serial,
 * console=vga, or both, the default).  Input is polled from COM1, and needs no
 * interrupt, so that the monitor and the test harness work whatever a student's
 * interrupt code does; so does the PS/2 keyboard, until lab 2 has it interrupt.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "types.h"

/* Before everything else; serial output works from here on.  screen_init
 * needs nothing but the boot page tables either. */
void console_init(void);

/* After the command line is known: obeys console=; NULL changes nothing. */
void console_select(const char *names);

/* The devices, in masks. */
#define CONSOLE_SERIAL 1u
#define CONSOLE_SCREEN 2u

/* Text for every enabled device, with a carriage return before each newline;
 * printk's lock is the caller's business. */
void console_write(const char *text, size_t len);

/* The same for some devices, and bytes as they are. */
void console_send(unsigned int devices, const char *bytes, size_t len);

/*
 * The next input byte, or -1 when there is none; never waits.  Keys without
 * a character come as the escape sequences of an ANSI terminal (up: ESC [ A).
 */
int console_poll(void);

/* The same from one device. */
int console_poll_device(unsigned int device);

/*
 * From now on, ready() is called when console_poll() may have a byte: any
 * context but NMI.  True when that is so for every device; false: there is one
 * that must still be polled, or all of them.  Once.
 */
bool console_listen(void (*ready)(void));

/* Waits until all that was written has left the serial port. */
void console_flush(void);

void serial_init(void);
void serial_write(const char *bytes, size_t len);
int serial_poll(void);

/* The receiver interrupts, on the line of COM1, and ready() is called then.
 * False: the line is taken, or there is no port. */
bool serial_listen(void (*ready)(void));
void serial_flush(void);

/* ---- the screen: linux/screen/screen.c ---- */

#define SCREEN_ROWS 25
#define SCREEN_COLUMNS 80

void screen_init(void);
void screen_write(const char *bytes, size_t len);

/* Forgets the escape sequence that has begun, before a message of the kernel's;
 * printk's lock, as for screen_write(). */
void screen_cut_sequence(void);

/* What it answers to a program's question, as where the cursor is: a byte, or
 * -1.  One thread at a time. */
int screen_answer(void);
bool screen_has_answer(void);

/* Do the arrow keys send what a program has asked for (DECCKM)? */
bool screen_wants_application_keys(void);

/* ---- the keyboard ---- */

/* The next byte that the keyboard has typed, or -1; one thread at a time. After
 * ps2_init(); until then there is none. */
int keyboard_poll(void);

/* A key has been pressed: its character, or if 0 the sequence of the key
 * (KEY_*), if it has one, is what keyboard_poll() returns next.  Any context
 * but NMI. */
void keyboard_type(unsigned int key, int character);

/* Each key calls ready(); false: none will before somebody polls. */
bool keyboard_listen(void (*ready)(void));

#endif
