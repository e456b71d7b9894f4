/*
 * multiboot.c - reads what the boot loader left: memory map, command line,
 * modules (Multiboot Specification 0.6.96, 3.3).
 *
 * All of it lies somewhere in free memory, so the parts that we need are
 * copied to boot_info before the page allocator takes over.
 */
#include "boot.h"
#include "page.h"
#include "panic.h"

#define MULTIBOOT_BOOTED 0x2badb002u

#define HAS_MEMORY_SIZE (1u << 0)
#define HAS_CMDLINE (1u << 2)
#define HAS_MODULES (1u << 3)
#define HAS_MEMORY_MAP (1u << 6)
#define HAS_LOADER_NAME (1u << 9)

#define MEMORY_RAM 1

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB below 1 MiB, and above */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t loader_name;
};

struct multiboot_module {
	uint32_t start, end, cmdline, reserved;
};

struct multiboot_range {
	uint32_t size; /* of the rest of this entry */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

struct boot_info boot_info;

static void add_ram(paddr_t start, paddr_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end || boot_info.range_count == BOOT_MAX_RANGES)
		return;
	boot_info.ram[boot_info.range_count++] =
		(struct boot_range){start, end};
}

static void parse_memory(const struct multiboot_info *info)
{
	if (!(info->flags & HAS_MEMORY_MAP)) {
		assert(info->flags & HAS_MEMORY_SIZE);
		add_ram(1 * MIB, 1 * MIB + info->mem_upper * KIB);
		return;
	}
	paddr_t at = info->mmap_addr, end = at + info->mmap_length;

	while (at < end) {
		const struct multiboot_range *range = phys_to_virt(at);

		if (range->type == MEMORY_RAM)
			add_ram(range->base, range->base + range->length);
		at += range->size + sizeof(range->size);
	}
}

void multiboot_parse(uint32_t magic, paddr_t addr)
{
	const struct multiboot_info *info = phys_to_virt(addr);

	if (magic != MULTIBOOT_BOOTED)
		panic("multiboot_parse: the boot loader left 0x%x in EAX, not "
		      "the Multiboot magic 0x%x",
		      magic, MULTIBOOT_BOOTED);
	boot_info.cmdline = "";
	boot_info.loader = "unknown loader";
	if (info->flags & HAS_CMDLINE)
		boot_info.cmdline = phys_to_virt(info->cmdline);
	if (info->flags & HAS_LOADER_NAME)
		boot_info.loader = phys_to_virt(info->loader_name);
	parse_memory(info);
	if ((info->flags & HAS_MODULES) && info->mods_count > 0) {
		const struct multiboot_module *module =
			phys_to_virt(info->mods_addr);

		boot_info.module =
			(struct boot_range){module->start, module->end};
	}
}
