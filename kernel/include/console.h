/*
 * console.h - the serial port COM1, and the screen if there is one, as one
 * console.
 *
 * Output goes to every console that is enabled (command line: console=serial,
 * console=vga, or both, the default).  Input is polled from COM1, and needs no
 * interrupt, so that the monitor and the test harness work whatever a student's
 * interrupt code does; so does the PS/2 keyboard, until lab 2 has it interrupt.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "table.h"
#include "types.h"

/* Before everything else; output works from here on. */
void console_init(void);

/* After the command line is known: obeys console=; NULL changes nothing. */
void console_select(const char *names);

/* The devices, in masks. */
#define CONSOLE_SERIAL 1u
#define CONSOLE_SCREEN 2u
#define CONSOLE_ALL (CONSOLE_SERIAL | CONSOLE_SCREEN)

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

/* The same from some devices. */
int console_poll_device(unsigned int devices);

/*
 * From now on, ready() is called when console_poll() may have a byte: any
 * context but NMI.  True when that is so for every device; false: there is one
 * that must still be polled, or all of them.  Once.
 */
bool console_listen(void (*ready)(void));

/* Waits until all that was written has left the serial port. */
void console_flush(void);

void serial_flush(void);

/* ---- the devices ---- */

/* One of them; a row by CONSOLE in the device's own file. */
struct console_device {
	unsigned int mask; /* CONSOLE_* */
	const char *name;  /* in console= */

	/* From here on it works; it may need nothing but the boot page tables.
	 */
	void (*init)(void);
	/* Bytes as they are; with printk's lock. */
	void (*write)(const char *bytes, size_t len);
	/* Or NULL: before a message of the kernel's, whatever a program has
	 * left unfinished; with printk's lock. */
	void (*begin_message)(void);
	int (*poll)(void); /* as console_poll() */
	/* ready() is called when poll() may have a byte; false: it must still
	 * be polled. */
	bool (*listen)(void (*ready)(void));
};

TABLE(consoles, struct console_device);

#define CONSOLE(...) \
	TABLE_ROW(consoles, struct console_device) \
	{ \
		__VA_ARGS__ \
	}

#endif
