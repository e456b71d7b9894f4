/*
 * acpi.c - which processors and interrupt controllers the board has.
 *
 * The firmware leaves a root pointer (RSDP) in low memory, which leads to the
 * RSDT, a table of tables; the MADT among them lists local APICs, I/O APICs
 * and how the old ISA interrupts are wired (ACPI 6.5, 5.2.5 to 5.2.12).  A
 * board without ACPI gets the traditional values: one CPU, one I/O APIC.
 */
#include "acpi.h"
#include "apic.h"
#include "cmdline.h"
#include "cpu.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "vm.h"

struct rsdp {
	char signature[8]; /* "RSD PTR " */
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
} __attribute__((packed));

struct table_header {
	char signature[4];
	uint32_t length; /* of the whole table */
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct madt {
	struct table_header header;
	uint32_t local_apic;
	uint32_t flags;
	uint8_t entries[];
} __attribute__((packed));

enum madt_type { MADT_LOCAL_APIC = 0, MADT_IO_APIC = 1, MADT_OVERRIDE = 2 };

struct madt_entry {
	uint8_t type, length;
	union {
		struct {
			uint8_t processor, apic_id;
			uint32_t flags; /* bit 0: enabled */
		} __attribute__((packed)) local_apic;
		struct {
			uint8_t id, reserved;
			uint32_t address, base;
		} __attribute__((packed)) io_apic;
		struct {
			uint8_t bus, source;
			uint32_t global;
			uint16_t flags;
		} __attribute__((packed)) override;
	};
} __attribute__((packed));

#define BIOS_AREA 0xe0000
#define BIOS_AREA_END 0x100000

unsigned int cpu_possible;

struct acpi_board acpi_board = {
	.local_apic = 0xfee00000,
	.io_apic = 0xfec00000,
};

static bool checksum_ok(const void *table, size_t len)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += bytes[i];
	return sum == 0;
}

/* Physical memory, in the direct map where it reaches, else mapped. */
static const void *table_map(paddr_t addr, size_t len)
{
	if (vm_readable((uintptr_t)phys_to_virt(addr), len))
		return phys_to_virt(addr);
	return (const void *)vm_map_mmio(addr, len);
}

static const struct table_header *map_table(paddr_t addr)
{
	const struct table_header *header = table_map(addr, sizeof(*header));

	header = table_map(addr, header->length);
	return checksum_ok(header, header->length) ? header : NULL;
}

static const struct rsdp *find_rsdp(void)
{
	for (paddr_t at = BIOS_AREA; at < BIOS_AREA_END; at += 16) {
		const struct rsdp *rsdp = phys_to_virt(at);

		if (memcmp(rsdp->signature, "RSD PTR ", 8) == 0 &&
		    checksum_ok(rsdp, sizeof(*rsdp)))
			return rsdp;
	}
	return NULL;
}

static const struct madt *find_madt(void)
{
	const struct rsdp *rsdp = find_rsdp();
	const struct table_header *rsdt = rsdp ? map_table(rsdp->rsdt) : NULL;

	if (!rsdt)
		return NULL;

	const uint32_t *tables = (const uint32_t *)(rsdt + 1);
	size_t count = (rsdt->length - sizeof(*rsdt)) / sizeof(*tables);

	for (size_t i = 0; i < count; i++) {
		const struct table_header *table = map_table(tables[i]);

		if (table && memcmp(table->signature, "APIC", 4) == 0)
			return (const struct madt *)table;
	}
	return NULL;
}

static void add_cpu(unsigned int id)
{
	if (cpu_possible < MAX_CPUS)
		cpus[cpu_possible++].apic_id = id;
}

/* Flags bits 3:2 are the trigger mode (3: level), 1:0 the polarity (3: low). */
static void add_override(unsigned int source, unsigned int global,
			 unsigned int flags)
{
	if (source >= ACPI_ISA_LINES)
		return;
	acpi_board.isa[source] = (struct acpi_line){
		.global = global,
		.level = (flags >> 2 & 3) == 3,
		.active_low = (flags & 3) == 3,
	};
}

static void parse_madt(const struct madt *madt)
{
	const uint8_t *at = madt->entries;
	const uint8_t *end = (const uint8_t *)madt + madt->header.length;

	acpi_board.local_apic = madt->local_apic;
	while (at + 2 <= end) {
		const struct madt_entry *e = (const struct madt_entry *)at;

		if (e->length < 2)
			return;
		if (e->type == MADT_LOCAL_APIC && (e->local_apic.flags & 1))
			add_cpu(e->local_apic.apic_id);
		else if (e->type == MADT_IO_APIC && e->io_apic.base == 0)
			acpi_board.io_apic = e->io_apic.address;
		else if (e->type == MADT_OVERRIDE)
			add_override(e->override.source, e->override.global,
				     e->override.flags);
		at += e->length;
	}
}

void acpi_init(void)
{
	const struct madt *madt = find_madt();
	uint64_t wanted = cmdline_u64("cpus", MAX_CPUS);

	for (unsigned int i = 0; i < ACPI_ISA_LINES; i++)
		acpi_board.isa[i].global = i;
	if (madt)
		parse_madt(madt);
	else
		printk("acpi: no interrupt controller table; assuming one "
		       "CPU\n");
	if (cpu_possible == 0)
		add_cpu(0);
	if (wanted >= 1 && wanted < cpu_possible)
		cpu_possible = wanted;
}
