/*
 * watchdog.c - the Intel 6300ESB watchdog timer, as QEMU emulates it.
 *
 * A loop with interrupts off cannot be ended by a timer of the kernel's own.
 * This device counts beside the CPU and, with QEMU's `-action
 * watchdog=inject-nmi`, sends an NMI to every CPU when it runs out.  Under
 * -icount that is after a number of guest instructions, so a test's limit
 * does not depend on how busy the host is.
 *
 * It counts two stages, both preloaded with 20 bits in units of 1 ms or so:
 * the PCI clock of 33 MHz, divided by 2^15.  The first stage would raise an
 * interrupt, which we mask; the end of the second acts.  Registers are
 * unlocked, one write at a time, by writing 0x80 and 0x86 to the reload
 * register.  Source: Intel 6300ESB I/O Controller Hub data sheet, chapter 16.
 */
#include "watchdog.h"
#include "init.h"
#include "pci.h"
#include "vm.h"

#define VENDOR_INTEL 0x8086
#define DEVICE_6300ESB 0x25ab

/* Configuration space. */
#define CONFIG 0x60
#define CONFIG_NO_INTERRUPT 0x3 /* stage 1 is silent; 1 kHz clock */
#define LOCK 0x68
#define LOCK_ENABLE (1u << 1)

/* Memory-mapped, behind BAR 0. */
#define TIMER1 0x00
#define TIMER2 0x04
#define RELOAD 0x0c
#define RELOAD_TIMERS (1u << 8)

/* QEMU counts a PCI clock as 30 ns. */
#define TICK_NS (30ull << 15)
#define MAX_PRELOAD 0xfffffu

static struct pci_function device;
static volatile char *registers;

static void register_write(unsigned int reg, uint32_t value)
{
	*(volatile uint16_t *)(registers + RELOAD) = 0x80;
	*(volatile uint16_t *)(registers + RELOAD) = 0x86;
	if (reg == RELOAD)
		*(volatile uint16_t *)(registers + reg) = value;
	else
		*(volatile uint32_t *)(registers + reg) = value;
}

static void watchdog_init(void)
{
	if (!pci_find(VENDOR_INTEL, DEVICE_6300ESB, &device))
		return;
	pci_write16(device, PCI_COMMAND, PCI_COMMAND_MEMORY);
	registers = vm_map_mmio(pci_read(device, PCI_BAR0) & ~0xful, PAGE_SIZE);
	pci_write16(device, CONFIG, CONFIG_NO_INTERRUPT);
}

INIT(INIT_PARTS, watchdog_init);

/* Half of the time in each stage. */
void watchdog_arm(uint64_t ns)
{
	uint64_t ticks = ns / 2 / TICK_NS + 1;

	if (!registers)
		return;
	ticks = MIN(ticks, MAX_PRELOAD);
	pci_write8(device, LOCK, 0);
	register_write(TIMER1, ticks);
	register_write(TIMER2, ticks);
	register_write(RELOAD, RELOAD_TIMERS);
	pci_write8(device, LOCK, LOCK_ENABLE);
}

void watchdog_disarm(void)
{
	if (registers)
		pci_write8(device, LOCK, 0);
}
