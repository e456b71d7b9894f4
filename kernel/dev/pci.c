/*
 * pci.c - configuration space.  An address goes to port 0xcf8, then the
 * register is read or written at 0xcfc: two steps, so a lock goes around.
 */
#include "pci.h"
#include "lock.h"
#include "x86.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE (1u << 31)
#define DEVICES 32

static struct core_lock pci_lock = CORE_LOCK_INIT("pci", RANK_IRQ);

static void register_select(struct pci_function f, uint8_t reg)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | f.address | (reg & 0xfcu));
}

uint32_t pci_read(struct pci_function f, uint8_t reg)
{
	core_lock(&pci_lock);
	register_select(f, reg);
	uint32_t value = inl(CONFIG_DATA);

	core_unlock(&pci_lock);
	return value;
}

void pci_write(struct pci_function f, uint8_t reg, uint32_t value)
{
	core_lock(&pci_lock);
	register_select(f, reg);
	outl(CONFIG_DATA, value);
	core_unlock(&pci_lock);
}

void pci_write16(struct pci_function f, uint8_t reg, uint16_t value)
{
	core_lock(&pci_lock);
	register_select(f, reg);
	outw(CONFIG_DATA + (reg & 2), value);
	core_unlock(&pci_lock);
}

void pci_write8(struct pci_function f, uint8_t reg, uint8_t value)
{
	core_lock(&pci_lock);
	register_select(f, reg);
	outb(CONFIG_DATA + (reg & 3), value);
	core_unlock(&pci_lock);
}

bool pci_find(uint16_t vendor, uint16_t device, struct pci_function *out)
{
	uint32_t wanted = (uint32_t)device << 16 | vendor;

	for (uint32_t i = 0; i < DEVICES; i++) {
		struct pci_function f = {i << 11};

		if (pci_read(f, 0) != wanted)
			continue;
		*out = f;
		return true;
	}
	return false;
}
