/*
 * watchdog.h - an NMI after a while, whatever the kernel does: dev/watchdog.c.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include "types.h"

/* Finds the device.  False when the machine has none. */
bool watchdog_init(void);

/* An NMI on every CPU after `ns` nanoseconds, give or take two milliseconds;
 * replaces one that was armed.  Any context but NMI. */
void watchdog_arm(uint64_t ns);
void watchdog_disarm(void);

#endif
