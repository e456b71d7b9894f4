/*
 * apic.c - the local APIC of each CPU and the board's I/O APIC.
 *
 * A device raises a line of the I/O APIC, which sends a vector to a CPU's
 * local APIC; that one holds back what is not of a higher priority class than
 * what is in service, until the end of interrupt is signalled.  Sources: SDM
 * 3A chapter 11; Intel 82093AA data sheet (I/O APIC); Intel 8259A data sheet.
 */
#include "apic.h"
#include "acpi.h"
#include "cpu.h"
#include "errno.h"
#include "lock.h"
#include "vm.h"
#include "x86.h"

/* Local APIC registers (SDM 3A, table 11-1). */
#define LAPIC_ID 0x020
#define LAPIC_TASK_PRIORITY 0x080
#define LAPIC_EOI 0x0b0
#define LAPIC_SPURIOUS 0x0f0
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_LVT_ERROR 0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0

#define SPURIOUS_ENABLE (1u << 8)
#define LVT_MASKED (1u << 16)
#define DELIVERY_NMI (4u << 8)
#define DELIVERY_INIT (5u << 8)
#define DELIVERY_STARTUP (6u << 8)
#define ICR_PENDING (1u << 12)
#define ICR_ASSERT (1u << 14)
#define ICR_LEVEL (1u << 15)
#define DIVIDE_BY_1 0xb

/* I/O APIC: an index register and a data window. */
#define IOAPIC_SELECT 0x00
#define IOAPIC_WINDOW 0x10
#define IOAPIC_REDIRECTION 0x10 /* two registers a line */

#define REDIRECTION_ACTIVE_LOW (1u << 13)
#define REDIRECTION_LEVEL (1u << 15)
#define REDIRECTION_MASKED (1u << 16)

#define PIC1_COMMAND 0x20
#define PIC1_DATA 0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA 0xa1

static volatile char *lapic, *ioapic;

static struct core_lock ioapic_lock = CORE_LOCK_INIT("ioapic", RANK_IRQ);

static uint32_t lapic_read(unsigned int reg)
{
	return *(volatile uint32_t *)(lapic + reg);
}

static void lapic_write(unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(lapic + reg) = value;
}

static uint32_t ioapic_read(unsigned int reg)
{
	*(volatile uint32_t *)(ioapic + IOAPIC_SELECT) = reg;
	return *(volatile uint32_t *)(ioapic + IOAPIC_WINDOW);
}

static void ioapic_write(unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(ioapic + IOAPIC_SELECT) = reg;
	*(volatile uint32_t *)(ioapic + IOAPIC_WINDOW) = value;
}

/*
 * The two 8259s are moved off the exceptions' vectors and masked.  A masked
 * 8259 can still raise its spurious interrupt 7, which is only counted.
 */
static void silence_pics(void)
{
	outb(PIC1_COMMAND, 0x11); /* ICW1: cascade, ICW4 follows */
	outb(PIC2_COMMAND, 0x11);
	outb(PIC1_DATA, VECTOR_PIC); /* ICW2: vectors */
	outb(PIC2_DATA, VECTOR_PIC + 8);
	outb(PIC1_DATA, 1u << 2); /* ICW3: the second is on line 2 */
	outb(PIC2_DATA, 2);
	outb(PIC1_DATA, 1); /* ICW4: 8086 mode */
	outb(PIC2_DATA, 1);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

void apic_init(void)
{
	silence_pics();
	lapic = vm_map_mmio(acpi_board.local_apic, PAGE_SIZE);
	ioapic = vm_map_mmio(acpi_board.io_apic, PAGE_SIZE);
	for (unsigned int line = 0; line < DEVICE_LINES; line++)
		ioapic_write(IOAPIC_REDIRECTION + 2 * line, REDIRECTION_MASKED);
}

void apic_init_cpu(void)
{
	lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	lapic_write(LAPIC_TASK_PRIORITY, 0);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, DELIVERY_NMI);
	lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	apic_end_of_interrupt();
}

unsigned int apic_id(void)
{
	return lapic_read(LAPIC_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
	lapic_write(LAPIC_EOI, 0);
}

void apic_timer_arm(uint32_t ticks)
{
	lapic_write(LAPIC_TIMER_INITIAL, ticks);
}

uint32_t apic_timer_remaining(void)
{
	return lapic_read(LAPIC_TIMER_CURRENT);
}

/*
 * The command register is two halves: an interrupt handler, or an NMI, that
 * sent another command between them would send ours to the wrong CPU.  So
 * interrupts are off, and the high half is put back as it was found.
 */
static void ipi_send(unsigned int id, uint32_t command)
{
	intr_push();

	uint32_t high = lapic_read(LAPIC_ICR_HIGH);

	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	lapic_write(LAPIC_ICR_HIGH, id << 24);
	lapic_write(LAPIC_ICR_LOW, command);
	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	lapic_write(LAPIC_ICR_HIGH, high);
	intr_pop();
}

void apic_send_ipi(unsigned int cpu, uint8_t vector)
{
	ipi_send(cpus[cpu].apic_id, ICR_ASSERT | vector);
}

/* In a panic before apic_init() there is nobody to send to. */
void apic_send_nmi(unsigned int cpu)
{
	if (lapic)
		ipi_send(cpus[cpu].apic_id, ICR_ASSERT | DELIVERY_NMI);
}

/* INIT, then a start-up interrupt that names the page (SDM 3A, 9.4.4.1). */
void apic_start_cpu(unsigned int id, paddr_t start_page)
{
	ipi_send(id, ICR_ASSERT | ICR_LEVEL | DELIVERY_INIT);
	ipi_send(id, ICR_LEVEL | DELIVERY_INIT);
	ipi_send(id, ICR_ASSERT | DELIVERY_STARTUP | start_page >> PAGE_SHIFT);
}

/* The I/O APIC's input for a line, with ACPI's overrides for ISA. */
static struct acpi_line resolve(unsigned int line)
{
	if (line < ACPI_ISA_LINES)
		return acpi_board.isa[line];
	return (struct acpi_line){line, true, true}; /* PCI */
}

int ioapic_route(unsigned int line, unsigned int cpu, bool level)
{
	if (line >= DEVICE_LINES || cpu >= cpu_count)
		return -EINVAL;

	struct acpi_line input = resolve(line);
	unsigned int reg = IOAPIC_REDIRECTION + 2 * input.global;
	uint32_t low = REDIRECTION_MASKED | (VECTOR_DEVICE + line);

	if (input.level || level)
		low |= REDIRECTION_LEVEL;
	if (input.active_low)
		low |= REDIRECTION_ACTIVE_LOW;
	core_lock(&ioapic_lock);
	ioapic_write(reg, low);
	ioapic_write(reg + 1, cpus[cpu].apic_id << 24);
	core_unlock(&ioapic_lock);
	return 0;
}

int ioapic_mask(unsigned int line, bool masked)
{
	if (line >= DEVICE_LINES)
		return -EINVAL;

	unsigned int reg = IOAPIC_REDIRECTION + 2 * resolve(line).global;

	core_lock(&ioapic_lock);
	uint32_t low = ioapic_read(reg) & ~REDIRECTION_MASKED;

	ioapic_write(reg, masked ? low | REDIRECTION_MASKED : low);
	core_unlock(&ioapic_lock);
	return 0;
}

bool ioapic_is_masked(unsigned int line)
{
	uint32_t low;

	core_lock(&ioapic_lock);
	low = ioapic_read(IOAPIC_REDIRECTION + 2 * resolve(line).global);
	core_unlock(&ioapic_lock);
	return low & REDIRECTION_MASKED;
}
