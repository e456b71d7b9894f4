/*
 * watchdog.h - an NMI after a while, whatever the kernel does: test/watchdog.c.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include "types.h"

/* An NMI on every CPU after `ns` nanoseconds, give or take two milliseconds;
 * replaces one that was armed.  Any context but NMI. */
void watchdog_arm(uint64_t ns);
void watchdog_disarm(void);

#endif
