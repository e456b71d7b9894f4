/*
 * power.c - leaving the emulator, restarting the machine, stopping for good.
 *
 * There is no one way that works everywhere, so each function tries the ways
 * it knows from the most specific on; a port that nobody listens to swallows
 * the write, and the next is tried.
 *
 *	isa-debug-exit	a QEMU device made for tests: a write of v ends QEMU
 *			with status v << 1 | 1, never 0
 *	port 0x8900	Bochs ends when the word "Shutdown" is written there
 *	ACPI		S5 in the PM1a control register, at the port where
 *			QEMU's chip sets have it
 *
 * Any context may call these; none returns.
 *
 * Sources: QEMU docs/specs and hw/misc/debugexit.c for the device's ports;
 * Bochs user manual, "unmapped" plug-in; ACPI 6.5, 4.8.3.2 (PM1 control) and
 * 4.8.3.6 (reset register).
 */
#include "power.h"

#include "console.h"
#include "x86.h"

#define DEBUG_EXIT_PORT 0xf4
#define BOCHS_SHUTDOWN_PORT 0x8900
#define QEMU_PM1A_CONTROL 0x604
#define PM1_SLEEP_ENABLE (1u << 13) /* with sleep type 0: QEMU's S5 */
#define KEYBOARD_COMMAND_PORT 0x64
#define KEYBOARD_PULSE_RESET 0xfe
#define RESET_PORT 0xcf9
#define RESET_CPU_AND_BOARD 0x06

void power_off(unsigned int code)
{
	cli();
	/* Bochs transmits at the speed of the line, and would cut the end. */
	console_flush();
	outl(DEBUG_EXIT_PORT, code);
	for (const char *c = "Shutdown"; *c != '\0'; c++)
		outb(BOCHS_SHUTDOWN_PORT, *c);
	outw(QEMU_PM1A_CONTROL, PM1_SLEEP_ENABLE);
	power_halt();
}

void power_reboot(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_idt = {0};

	cli();
	console_flush();
	outb(RESET_PORT, RESET_CPU_AND_BOARD);
	outb(KEYBOARD_COMMAND_PORT, KEYBOARD_PULSE_RESET);
	/*
	 * Neither worked: an exception that can not be delivered, without an
	 * interrupt table, shuts the CPU down, and boards answer with a reset
	 * (SDM 3A, 6.15, double fault).
	 */
	asm volatile("lidt %0; int3" : : "m"(no_idt));
	power_halt();
}

void power_halt(void)
{
	for (;;) {
		cli();
		asm volatile("hlt");
	}
}
