/*
 * trap.c - the interrupt descriptor table, and who handles which vector.
 *
 * Exceptions go to the debugger's side of the kernel (explain/fault.c), which
 * explains them.  The local timer and the inter-processor interrupts are
 * handled here and never pass through a student's code; all others go to
 * the dispatch of lab 1.  All gates are interrupt gates: handlers run with
 * interrupts off.
 */
#include "trap.h"
#include "apic.h"
#include "cpu.h"
#include "errno.h"
#include "irq.h"
#include "panic.h"
#include "process.h"
#include "segments.h"
#include "signals.h"
#include "spinlock.h"
#include "string.h"
#include "thread.h"
#include "timer.h"
#include "trace.h"
#include "uaccess.h"

/* Source: SDM 3A, 6.14.1. */
struct gate_descriptor {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e /* present, DPL 0 */
#define GATE_DPL_USER 0x60

static struct gate_descriptor idt[256];

extern const uintptr_t trap_stubs[256];

static const char *const exception_names[EXCEPTION_VECTORS] = {
	[0] = "divide error",
	[1] = "debug exception",
	[2] = "non-maskable interrupt",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range exceeded",
	[6] = "invalid opcode",
	[7] = "no floating-point unit",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack segment fault",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "x87 floating-point error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD floating-point error",
};

const char *trap_name(uint64_t vector)
{
	if (vector < EXCEPTION_VECTORS)
		return exception_names[vector] ? exception_names[vector]
					       : "reserved exception";
	switch (vector) {
	case VECTOR_TIMER:
		return "local timer";
	case VECTOR_RESCHEDULE:
		return "reschedule";
	case VECTOR_TLB:
		return "TLB shoot-down";
	case VECTOR_SPURIOUS:
		return "spurious";
	}
	if (vector >= VECTOR_DEVICE && vector < VECTOR_DEVICE + DEVICE_LINES)
		return "device line";
	return "unused vector";
}

static void set_gate(unsigned int vector, unsigned int ist)
{
	uintptr_t stub = trap_stubs[vector];

	idt[vector] = (struct gate_descriptor){
		.offset_low = stub,
		.selector = SELECTOR_KERNEL_CODE,
		.ist = ist,
		.type = GATE_INTERRUPT,
		.offset_middle = stub >> 16,
		.offset_high = stub >> 32,
	};
}

void trap_init(void)
{
	for (unsigned int vector = 0; vector < ARRAY_SIZE(idt); vector++)
		set_gate(vector, 0);
	set_gate(VECTOR_NMI, IST_NMI);
	set_gate(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT);
	set_gate(VECTOR_DEBUG, IST_DEBUG);
	set_gate(VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK);
	idt[VECTOR_BREAKPOINT].type |= GATE_DPL_USER;
}

void trap_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};

	asm volatile("lidt %0" : : "m"(pointer));
}

/* Lab 1's dispatch serves device lines, and what is spurious. */
static void dispatch_device(struct trap_frame *frame)
{
	unsigned int line = frame->vector - VECTOR_DEVICE;
	const struct line_check *row;

	if (line < DEVICE_LINES)
		table_for_each (row, line_checks)
			row->check(line);
	lab_irq_dispatch(frame);
}

static void dispatch_interrupt(struct trap_frame *frame)
{
	switch (frame->vector) {
	case VECTOR_TIMER:
		apic_end_of_interrupt();
		thread_sample_mode(trap_from_user(frame));
		timer_interrupt();
		break;
	case VECTOR_RESCHEDULE:
		apic_end_of_interrupt();
		sched_kick();
		break;
	case VECTOR_TLB:
		apic_end_of_interrupt();
		tlb_interrupt();
		break;
	default:
		dispatch_device(frame);
		break;
	}
}

/* The signal that an exception of a program stands for (signal(7)). */
static int exception_signal(uint64_t vector)
{
	switch (vector) {
	case VECTOR_DIVIDE:
	case 16: /* x87 and SIMD floating point */
	case 19:
		return SIGFPE;
	case VECTOR_DEBUG:
	case VECTOR_BREAKPOINT:
		return SIGTRAP;
	case VECTOR_INVALID_OPCODE:
		return SIGILL;
	case 12: /* stack segment and alignment check */
	case 17:
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

/*
 * A fault at a user address, by a program or by the kernel on its behalf: the
 * page is found, with interrupts on, since that may take a while and sleep.
 * 0: the access may be tried again; else the error of aspace_fault().
 */
static int fault_mend(const struct trap_frame *frame, uintptr_t addr)
{
	unsigned int tries = 0;
	int error;

	if (addr >= USER_TOP || !current->proc || !(frame->rflags & RFLAGS_IF))
		return -EFAULT;
	/* A program's access that counts as the kernel's: not to its pages.
	 * (In QEMU 7.2 with SMAP, it is IRET and far RET in user mode.) */
	if (trap_from_user(frame) && !(frame->error & FAULT_USER))
		return -EFAULT;
	sti();
	do
		error = aspace_fault(current->proc->aspace, addr, frame->error);
	while (error == -ENOMEM && process_wait_for_memory(tries++));
	cli();
	return error;
}

/*
 * CR2 is read before interrupts are on: then other threads have faults of their
 * own.  A wrong address in the kernel's half is the kernel's own fault, also
 * when it is the copying code that meets it.  With -ENOMEM the program has been
 * killed: a call that wanted a copy fails with -EFAULT, which nobody sees.
 */
static void dispatch_page_fault(struct trap_frame *frame)
{
	uintptr_t addr = read_cr2();
	int error = fault_mend(frame, addr);

	if (error && error != -ENOMEM && trap_from_user(frame))
		process_fault(frame, error == -ENXIO ? SIGBUS : SIGSEGV);
	if (error && !trap_from_user(frame) &&
	    (addr >= USER_TOP || !uaccess_fixup(frame)))
		fault_explain(frame);
}

static void dispatch_exception(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_PAGE_FAULT)
		dispatch_page_fault(frame);
	else if (trap_from_user(frame))
		process_fault(frame, exception_signal(frame->vector));
	else
		fault_explain(frame);
}

/* The handler has kept a spinlock: nobody else will ever get it. */
static void panic_kept_lock(const struct trap_frame *frame)
{
	unsigned int line = frame->vector - VECTOR_DEVICE;
	char who[32];

	snprintf(who, sizeof(who), "interrupt on line %u", line);
	spin_panic_kept(line < DEVICE_LINES ? who : trap_name(frame->vector));
}

/* On the way back to a program that has been killed meanwhile. */
static void return_to_user(const struct trap_frame *frame)
{
	if (unlikely(current->spin.held))
		panic_kept_lock(frame);
	if (likely(!current->must_leave))
		return;
	sti();
	process_check_killed();
	cli();
}

void trap_dispatch(struct trap_frame *frame)
{
	struct cpu *c = this_cpu();

	if (frame->vector == VECTOR_NMI) {
		c->interrupts[VECTOR_NMI]++;
		nmi_dispatch(frame);
		return;
	}
	if (frame->vector < EXCEPTION_VECTORS) {
		dispatch_exception(frame);
	} else {
		c->interrupts[frame->vector]++;
		c->irq_nesting++;
		trace(TRACE_INTERRUPT, frame->vector, frame->rip);

		struct spin_wait wait = spin_wait_suspend();

		dispatch_interrupt(frame);
		if (unlikely(current->spin.held > wait.held))
			panic_kept_lock(frame);
		spin_wait_resume(wait);
		trace(TRACE_INTERRUPT_END, frame->vector, 0);
		c->irq_nesting--;
		if (c->irq_nesting == 0)
			sched_interrupt_exit();
	}
	if (trap_from_user(frame))
		return_to_user(frame);
}
