/*
 * trap.h - what the entry stubs leave on the stack, and the vector numbers.
 *
 * A vector's priority class is its upper four bits (SDM 3A, 11.8.3).  The
 * timer and the inter-processor interrupts are in higher classes than every
 * device line, so a device handler that never signals its end of interrupt
 * cannot hold them up.
 */
#ifndef TRAP_H
#define TRAP_H

#include "table.h"
#include "types.h"

enum {
	VECTOR_DIVIDE = 0,
	VECTOR_DEBUG = 1,
	VECTOR_NMI = 2,
	VECTOR_BREAKPOINT = 3,
	VECTOR_INVALID_OPCODE = 6,
	VECTOR_DOUBLE_FAULT = 8,
	VECTOR_STACK_SEGMENT = 12,
	VECTOR_PROTECTION = 13,
	VECTOR_PAGE_FAULT = 14,
	VECTOR_MACHINE_CHECK = 18,
	EXCEPTION_VECTORS = 32,

	VECTOR_PIC = 0x20,    /* the 8259s, masked: only spurious */
	VECTOR_DEVICE = 0x30, /* device line n at VECTOR_DEVICE + n */
	DEVICE_LINES = 24,

	VECTOR_TIMER = 0xe0,      /* this CPU's local timer */
	VECTOR_RESCHEDULE = 0xf0, /* look at your run queue */
	VECTOR_TLB = 0xf1,        /* TLB shoot-down */
	VECTOR_SPURIOUS = 0xff,   /* of the local APIC */
	VECTOR_SYSCALL = 0x100,   /* in a frame only: came by SYSCALL */
};

/* Pushed by trap_entry.asm, lowest address first. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector;
	uint64_t error; /* 0 where the CPU pushes none */
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Page fault error code (SDM 3A, 4.7). */
#define FAULT_PRESENT (1u << 0)
#define FAULT_WRITE (1u << 1)
#define FAULT_USER (1u << 2)
#define FAULT_RESERVED (1u << 3)
#define FAULT_FETCH (1u << 4)

static inline bool trap_from_user(const struct trap_frame *frame)
{
	return (frame->cs & 3) != 0;
}

/* "page fault", "divide error" ... for any vector; never NULL. */
const char *trap_name(uint64_t vector);

/* Called by the assembly stubs, interrupts off, on the stack the CPU chose. */
void trap_dispatch(struct trap_frame *frame);

/* Fills the interrupt descriptor table, once; and loads it, on each CPU. */
void trap_init(void);
void trap_load(void);

/* Who looks at each interrupt of a device's line before it is dispatched: at
 * one that fires without end, explain/storm.c. */
struct line_check {
	void (*check)(unsigned int line);
};

TABLE(line_checks, struct line_check);

#endif
