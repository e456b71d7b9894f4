/*
 * layout.h - the whole address space, in one place.
 *
 * Physical memory, at boot:
 *
 *	0x00001000	the page that application processors start in
 *	0x00100000	the kernel image
 *	above		free pages; the ACPI tables near the end of memory
 *
 * Virtual memory (four-level paging, 48 bits; source: Intel SDM 3A, 4.5):
 *
 *	0x0000000000000000	user programs, 128 TiB
 *	0xffff800000000000	DIRECT_MAP: all physical memory, 64 TiB;
 *				writable, never executable
 *	0xffffc80000000000	STACK_AREA: kernel stacks, each above a guard
 *	0xffffc90000000000	VM_AREA: mappings made page by page, with a
 *				guard page between any two
 *	0xffffca0000000000	MMIO_AREA: device registers, uncached
 *	0xffffec0000000000	KASAN_SHADOW: one byte for eight bytes of
 *				the kernel's half, 16 TiB (SANITIZE=1)
 *	0xffffffff80000000	KERNEL_BASE: the image, linked in the top
 *				2 GiB as -mcmodel=kernel needs
 *
 * The assembler and the linker script read this file too, so it holds
 * nothing but #define of plain numbers.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE 0x1000
#define LARGE_PAGE_SIZE 0x200000

/* The boot page tables map this much, from physical address 0 on. */
#define BOOT_MAP_SIZE 0x40000000

#define USER_TOP 0x0000800000000000

#define DIRECT_MAP 0xffff800000000000
#define DIRECT_MAP_SIZE 0x0000400000000000

#define STACK_AREA 0xffffc80000000000
#define STACK_AREA_SIZE 0x0000010000000000

/*
 * A kernel stack lies in the upper half of a slot of its own, aligned to the
 * slot's size; the lower half is never mapped.  So an overflow by up to 16 KiB
 * faults, and the address alone tells which stack it was.
 */
#define STACK_SLOT_SIZE 0x8000
#define STACK_SIZE 0x4000

#define VM_AREA 0xffffc90000000000
#define VM_AREA_SIZE 0x0000010000000000

#define MMIO_AREA 0xffffca0000000000
#define MMIO_AREA_SIZE 0x0000010000000000

/*
 * Shadow byte of an address: (address >> 3) + KASAN_SHADOW_OFFSET, as GCC's
 * -fasan-shadow-offset computes it.
 */
#define KASAN_SHADOW 0xffffec0000000000
#define KASAN_SHADOW_SIZE 0x0000100000000000
#define KASAN_SHADOW_OFFSET 0xdffffc0000000000

#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_LOAD 0x0000000000100000 /* physical address of the image */

#define AP_START_PAGE 0x1000 /* physical, below 1 MiB for SIPI */

#define MAX_CPUS 8

#endif
