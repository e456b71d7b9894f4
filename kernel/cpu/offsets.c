/*
 * offsets.c - what the assembler has to know of structures and headers.
 *
 * This file is compiled, but not linked.  The compiler writes each value into
 * its assembly output, on a line of its own that begins with "->"; the build
 * makes offsets.inc of these lines (%define NAME value), which the .asm files
 * include.  So a field has one place where it is described: its structure.
 */
#include "cpu.h"
#include "errno.h"
#include "segments.h"
#include "thread.h"
#include "trap.h"

#define DEFINE(name, value) asm("\n->" #name " %c0" : : "i"(value))
#define FRAME(name, field) \
	DEFINE(FRAME_##name, offsetof(struct trap_frame, field))

static void __attribute__((used)) offsets(void)
{
	DEFINE(CPU_CURRENT, offsetof(struct cpu, running));
	DEFINE(CPU_USER_RSP, offsetof(struct cpu, user_rsp));
	DEFINE(CPU_KERNEL_RSP, offsetof(struct cpu, tss.rsp[0]));

	DEFINE(THREAD_RETURN_WORK, offsetof(struct thread, must_leave));

	FRAME(R15, r15);
	FRAME(R14, r14);
	FRAME(R13, r13);
	FRAME(R12, r12);
	FRAME(R11, r11);
	FRAME(R10, r10);
	FRAME(R9, r9);
	FRAME(R8, r8);
	FRAME(RBP, rbp);
	FRAME(RDI, rdi);
	FRAME(RSI, rsi);
	FRAME(RDX, rdx);
	FRAME(RCX, rcx);
	FRAME(RBX, rbx);
	FRAME(RAX, rax);
	FRAME(VECTOR, vector);
	FRAME(RIP, rip);
	FRAME(CS, cs);
	FRAME(RFLAGS, rflags);
	FRAME(RSP, rsp);
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));

	DEFINE(SELECTOR_USER_DATA, SELECTOR_USER_DATA);
	DEFINE(SELECTOR_USER_CODE, SELECTOR_USER_CODE);

	DEFINE(VECTOR_DEBUG, VECTOR_DEBUG);
	DEFINE(VECTOR_NMI, VECTOR_NMI);
	DEFINE(VECTOR_DOUBLE_FAULT, VECTOR_DOUBLE_FAULT);
	DEFINE(VECTOR_MACHINE_CHECK, VECTOR_MACHINE_CHECK);
	DEFINE(VECTOR_SYSCALL, VECTOR_SYSCALL);

	DEFINE(MSR_GS_BASE, MSR_GS_BASE);
	DEFINE(EFAULT, EFAULT);
}
