/*
 * ps2.h - the 8042, the controller of keyboard and mouse.
 *
 * Both devices send bytes through the one register of the controller, and a
 * status bit says whose the next byte is.  When interrupts are on, each byte of
 * the keyboard raises line 1, each of the mouse line 12, and the next one comes
 * when this one is taken.
 */
#ifndef PS2_H
#define PS2_H

#include "types.h"

#define KEYBOARD_LINE 1
#define MOUSE_LINE 12

enum ps2_port { PS2_KEYBOARD, PS2_MOUSE, PS2_PORTS };

/* Looks for the controller and its devices, and sets them up, with interrupts
 * and the mouse off; once, when time is known to pass.  Says nothing when
 * something is missing: see ps2_present(). */
void ps2_init(void);

bool ps2_present(enum ps2_port port);

/*
 * From now on both devices send, and raise their lines; what came before is
 * dropped.  The handlers must be attached.  May be called again.  -ENODEV: no
 * controller, or nothing plugged in.  Not in an interrupt handler.
 */
int ps2_start(void);

/* Takes the next byte, if it is of that port: 0 .. 255, or else -1.  Any
 * context but NMI. */
int ps2_take(enum ps2_port port);

/* ---- for tests ---- */

/* Has the controller receive a byte as if the device had sent it, interrupt and
 * all.  The one before must have been taken. */
void ps2_inject(enum ps2_port port, uint8_t byte);

/* The same with several bytes, which raise one interrupt together, as when the
 * CPU was kept from the first one; and how many of them nobody has taken, which
 * are then dropped. */
#define PS2_MAX_BEHIND 7
void ps2_inject_together(enum ps2_port port, const uint8_t *bytes,
			 unsigned int count);
unsigned int ps2_left_together(enum ps2_port port);

/* The next ps2_start() only returns this error. */
void ps2_fail_next_start(int error);

#endif
