/*
 * acpi.h - what cpu/acpi.c found out about the board.
 */
#ifndef ACPI_H
#define ACPI_H

#include "types.h"

#define ACPI_ISA_LINES 16

struct acpi_line {
	unsigned int global; /* input of the I/O APIC */
	bool level, active_low;
};

struct acpi_board {
	paddr_t local_apic, io_apic; /* register pages */
	struct acpi_line isa[ACPI_ISA_LINES];
};

extern struct acpi_board acpi_board;

#endif
