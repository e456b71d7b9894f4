/*
 * printk.h - the kernel's messages, to every console.
 */
#ifndef PRINTK_H
#define PRINTK_H

#include "types.h"

/*
 * Any context, NMI and panic included; whole calls do not interleave between
 * CPUs.  Format: see string.h.  At most 512 bytes a call; what is longer is
 * cut and ends in "...".
 */
void printk(const char *fmt, ...) PRINTF_LIKE(1, 2);
void vprintk(const char *fmt, va_list args);

/* Text, whole; and the same for some devices (CONSOLE_*), bytes as they are:
 * what programs write to terminals. */
void printk_write(const char *text, size_t len);
void printk_send(unsigned int devices, const char *bytes, size_t len);

/*
 * From here on printk takes no lock on this CPU: for panic and the NMI report,
 * which stop the other CPUs first, maybe in the middle of a line.  Nests.
 */
void printk_unlocked_begin(void);
void printk_unlocked_end(void);

#endif
