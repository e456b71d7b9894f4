/*
 * segments.h - selectors of the GDT and stacks of the TSS: see cpu/cpu.c.
 */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_CODE32 0x18 /* empty: see cpu.c */
#define SELECTOR_USER_DATA 0x20
#define SELECTOR_USER_CODE 0x28
#define SELECTOR_TSS 0x30
#define GDT_ENTRIES 8

/* Numbers of the interrupt stack table, as a gate names them (from 1). */
#define IST_NMI 1
#define IST_DOUBLE_FAULT 2
#define IST_DEBUG 3
#define IST_MACHINE_CHECK 4
#define IST_STACKS 4

#endif
