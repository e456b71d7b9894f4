/*
 * pci.h - configuration space of PCI devices, through ports 0xcf8 and 0xcfc.
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 and 6.1.
 */
#ifndef PCI_H
#define PCI_H

#include "types.h"

#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_BAR0 0x10

/* A function of a device: bus, device, function packed as in the address. */
struct pci_function {
	uint32_t address;
};

/* The first function on bus 0 with these identifiers; false when none. */
bool pci_find(uint16_t vendor, uint16_t device, struct pci_function *out);

/* reg is a byte offset, aligned to the width. */
uint32_t pci_read(struct pci_function f, uint8_t reg);
void pci_write(struct pci_function f, uint8_t reg, uint32_t value);
void pci_write16(struct pci_function f, uint8_t reg, uint16_t value);
void pci_write8(struct pci_function f, uint8_t reg, uint8_t value);

#endif
