/*
 * power.h - the ways to stop the machine.
 */
#ifndef POWER_H
#define POWER_H

#include "types.h"

/*
 * Leaves the emulator: with isa-debug-exit QEMU's exit status is
 * code << 1 | 1; else Bochs's shutdown port and ACPI are tried; else halts.
 * The serial port is drained first.
 */
void power_off(unsigned int code) __attribute__((noreturn));

enum {
	EXIT_TESTS_PASSED = 0x10, /* QEMU exits with 33 */
	EXIT_TESTS_FAILED = 0x11, /* 35 */
	EXIT_PANIC = 0x12,        /* 37 */
	EXIT_HANG = 0x14,         /* 41: a test ran into its limit */
	EXIT_USER = 0x13,         /* 39: `poweroff` at the prompt */
};

void power_reboot(void) __attribute__((noreturn));

/* Interrupts off, for ever. */
void power_halt(void) __attribute__((noreturn));

#endif
