/*
 * boot.h - what the boot loader tells, copied out of its memory.
 * Source: Multiboot Specification 0.6.96, 3.3.
 */
#ifndef BOOT_H
#define BOOT_H

#include "types.h"

#define BOOT_MAX_RANGES 32

struct boot_range {
	paddr_t start, end;
};

struct boot_info {
	const char *cmdline; /* in boot memory: copy early */
	const char *loader;  /* its name, or "unknown loader" */
	unsigned int range_count;
	struct boot_range ram[BOOT_MAX_RANGES]; /* usable, page-aligned */
	struct boot_range module; /* the first module; empty if none */
};

extern struct boot_info boot_info;

/* magic and info as the boot loader left them in EAX and EBX. */
void multiboot_parse(uint32_t magic, paddr_t info);

/* The first C function. */
void kmain(uint32_t magic, paddr_t info);

/* "01-interrupts", "01-interrupts.solutions": made by the Makefile. */
extern const char stage_name[];

/* The lab of this stage: 1 to 8. */
static inline unsigned int stage_lab(void)
{
	return (stage_name[0] - '0') * 10 + (stage_name[1] - '0');
}

/* Bounds from the linker script. */
extern char kernel_start[], kernel_end[];
extern char text_start[], text_end[];
extern char rodata_start[], rodata_end[];
extern char data_start[], data_end[];

/* What runs once all is ready: tests, the first program, or the prompt; in
 * monitor/start.c, above all that it can start. */
void start_system(void);

#endif
