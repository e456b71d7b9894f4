/*
 * apic.h - the local APIC of each CPU, and the I/O APIC of the board.
 * Sources: SDM 3A chapter 11; Intel 82093AA data sheet; ACPI 6.5, 5.2.12.
 */
#ifndef APIC_H
#define APIC_H

#include "trap.h"
#include "types.h"

struct cpu;

/* Reads the ACPI tables: fills cpus[].apic_id and cpu_possible. */
void acpi_init(void);
extern unsigned int cpu_possible; /* CPUs that the board has, <= MAX_CPUS */

/* Maps the registers, silences the 8259s and the I/O APIC; once. */
void apic_init(void);

/* Enables this CPU's local APIC, with LINT1 as NMI. */
void apic_init_cpu(void);

unsigned int apic_id(void);
void apic_end_of_interrupt(void);

/* One-shot: an interrupt VECTOR_TIMER after `ticks` of apic_timer_hz; 0
 * disarms. */
void apic_timer_arm(uint32_t ticks);
uint32_t apic_timer_remaining(void);

void apic_send_ipi(unsigned int cpu, uint8_t vector);
void apic_send_nmi(unsigned int cpu);
void apic_start_cpu(unsigned int apic_id, paddr_t start_page);

/*
 * Routes a device line (an ISA IRQ number, or a global interrupt of the I/O
 * APIC from 16 up) to VECTOR_DEVICE + line on a CPU, and masks it or not.
 * Lines below 16 are edge-triggered unless ACPI or `level` says otherwise.
 * -EINVAL: no such line.
 */
int ioapic_route(unsigned int line, unsigned int cpu, bool level);
int ioapic_mask(unsigned int line, bool masked);
bool ioapic_is_masked(unsigned int line);

/* Starts the other CPUs, and waits until they are online. */
void smp_start(void);

/*
 * Flushes pages [addr, addr + count * PAGE_SIZE) from the TLB of every CPU,
 * and waits until they have.  Interrupts must be on, or this the only CPU
 * online: two CPUs that wait for each other with interrupts off would hang.
 */
void tlb_shootdown(uintptr_t addr, size_t count);
void tlb_interrupt(void);

#endif
