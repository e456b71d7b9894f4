/*
 * fault.c - what a fault means, in words.
 *
 * The CPU reports a fault as a vector, an error code, and for a page fault an
 * address in CR2.  fault_explain() works out from these, and from layout.h,
 * what the code tried to do and which usual mistake does that; the answer is
 * the headline of the panic.  After the registers the panic calls
 * fault_print_details(), which adds what supports it: the registers that lead
 * to the address, and the page tables on the way to it.
 *
 * A kernel stack that overflows is a special case.  The push that faults is
 * followed by the CPU's own pushes, of the trap frame, to the same stack: they
 * fault too, and so an overflow arrives as a double fault (SDM 3A, 6.15), which
 * has a stack of its own.
 */
#include "backtrace.h"
#include "boot.h"
#include "cpu.h"
#include "heap.h"
#include "layout.h"
#include "panic.h"
#include "printk.h"
#include "report.h"
#include "string.h"
#include "thread.h"
#include "trap.h"
#include "vm.h"

#define WORDS_SIZE 384

/* A trap frame without registers is five words, with an error code six. */
#define CPU_FRAME_SIZE 48

/* A pointer to a structure faults this near to its value. */
#define NEAR 0x1000

static bool is_canonical(uintptr_t addr)
{
	return addr < USER_TOP || addr >= DIRECT_MAP;
}

/* ---- which part of the address space ---- */

static const struct {
	uintptr_t start, size;
	const char *name;
} regions[] = {
	{0, USER_TOP, "a user address, used in the kernel"},
	{DIRECT_MAP, DIRECT_MAP_SIZE,
	 "the direct map, where this machine has no RAM"},
	{STACK_AREA, STACK_AREA_SIZE,
	 "the area of kernel stacks, where there is none now"},
	{VM_AREA, VM_AREA_SIZE,
	 "the area of vm_alloc: memory that was freed, or a guard page beside "
	 "an allocation"},
	{MMIO_AREA, MMIO_AREA_SIZE,
	 "the area of device registers, where no device is mapped"},
	{KASAN_SHADOW, KASAN_SHADOW_SIZE,
	 "the shadow memory of the address sanitizer"},
	{KERNEL_BASE, -KERNEL_BASE, "beyond the kernel's image"},
};

static const char *region_name(uintptr_t addr)
{
	if (!is_canonical(addr))
		return "no canonical address";
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		if (addr - regions[i].start < regions[i].size)
			return regions[i].name;
	return "a hole in the address space, see layout.h";
}

static bool in_image_part(uintptr_t addr, const char *start, const char *end)
{
	return addr >= (uintptr_t)start && addr < (uintptr_t)end;
}

/* What is at a mapped address: for a write or a jump to the wrong place. */
static const char *contents_name(uintptr_t addr)
{
	if (in_image_part(addr, text_start, text_end))
		return "the kernel's code";
	if (in_image_part(addr, rodata_start, rodata_end))
		return "the kernel's constants";
	if (in_image_part(addr, data_start, data_end))
		return "the kernel's data";
	if (addr >= KERNEL_BASE)
		return "the kernel's symbol table";
	if (addr - DIRECT_MAP < DIRECT_MAP_SIZE)
		return "the direct map (the heap, mostly)";
	if (addr - STACK_AREA < STACK_AREA_SIZE)
		return "a kernel stack";
	return "mapped memory";
}

/* ---- stack overflow ---- */

/*
 * Says so when addr lies in the guard below a stack: nearly always that of the
 * thread that runs here.
 */
static bool explain_overflow(char *words, uintptr_t addr, uintptr_t rip)
{
	uintptr_t stack;
	char name[REPORT_THREAD_SIZE], where[SYMBOL_TEXT_SIZE];

	if (!vm_stack_guard(addr, &stack))
		return false;
	if (stack == current->stack)
		report_thread_name(current, name, sizeof(name));
	else
		strlcpy(name, "a stack that is not the current thread's",
			sizeof(name));
	snprintf(words, WORDS_SIZE,
		 "kernel stack overflow of %s: all %lu KiB are used up, by "
		 "recursion without end or by large local variables, in %s",
		 name, STACK_SIZE / KIB,
		 symbol_format(rip, where, sizeof(where)));
	return true;
}

/* ---- page faults ---- */

/* A jump to where no code is: here the caller is the one to blame. */
static void explain_jump(char *words, const struct trap_frame *f)
{
	uintptr_t caller = backtrace_frameless_caller(f);
	const char *what, *target;
	char where[SYMBOL_TEXT_SIZE] = "nobody knows where";

	if (caller)
		symbol_format_call(caller, where, sizeof(where));
	if (f->rip < PAGE_SIZE) {
		snprintf(words, WORDS_SIZE,
			 "call of a NULL function pointer (0x%lx), from %s",
			 f->rip, where);
		return;
	}
	target = region_name(f->rip);
	if (!(f->error & FAULT_PRESENT)) {
		what = "wild jump, to where no code is";
	} else if (f->rip < USER_TOP) {
		what = "jump into user memory, which SMEP forbids";
	} else {
		what = "execute of data, which NX forbids";
		target = contents_name(f->rip);
	}
	snprintf(words, WORDS_SIZE, "%s: 0x%lx (%s), from %s", what, f->rip,
		 target, where);
}

static void explain_present(char *words, uintptr_t addr, uint64_t error,
			    const char *where)
{
	char target[SYMBOL_TEXT_SIZE];

	if (error & FAULT_RESERVED)
		snprintf(words, WORDS_SIZE,
			 "broken page table: a reserved bit is set on the way "
			 "to 0x%lx, used by %s",
			 addr, where);
	else if (addr < USER_TOP)
		snprintf(words, WORDS_SIZE,
			 "%s user memory at 0x%lx by the kernel: it must go "
			 "through uaccess (SMAP), at %s",
			 error & FAULT_WRITE ? "write to" : "read of", addr,
			 where);
	else
		snprintf(words, WORDS_SIZE,
			 "write to read-only memory: 0x%lx (%s, %s), at %s",
			 addr, contents_name(addr),
			 symbol_format(addr, target, sizeof(target)), where);
}

static void explain_page_fault(char *words, const struct trap_frame *f)
{
	uintptr_t addr = read_cr2();
	const char *access = f->error & FAULT_WRITE ? "write to" : "read of";
	char where[SYMBOL_TEXT_SIZE];

	symbol_format(f->rip, where, sizeof(where));
	if (explain_overflow(words, addr, f->rip))
		return;
	if (f->error & FAULT_FETCH)
		explain_jump(words, f);
	else if (f->error & FAULT_PRESENT)
		explain_present(words, addr, f->error, where);
	else if (addr < PAGE_SIZE)
		snprintf(words, WORDS_SIZE,
			 "NULL pointer: %s address 0x%lx%s, at %s", access,
			 addr,
			 addr ? ", a field or element at that offset" : "",
			 where);
	else
		snprintf(words, WORDS_SIZE,
			 "%s unmapped memory: 0x%lx (%s), at %s", access, addr,
			 region_name(addr), where);
}

/* ---- the other faults ---- */

static const struct {
	const char *name;
	size_t offset;
} registers[] = {
#define REGISTER(r) \
	{ \
#r, offsetof(struct trap_frame, r) \
	}
	REGISTER(rax), REGISTER(rbx), REGISTER(rcx), REGISTER(rdx),
	REGISTER(rsi), REGISTER(rdi), REGISTER(rbp), REGISTER(rsp),
	REGISTER(r8),  REGISTER(r9),  REGISTER(r10), REGISTER(r11),
	REGISTER(r12), REGISTER(r13), REGISTER(r14), REGISTER(r15),
#undef REGISTER
};

static uint64_t register_value(const struct trap_frame *f, size_t i)
{
	return *(const uint64_t *)((const char *)f + registers[i].offset);
}

/* The first register that holds what cannot be an address; -1 if none does. */
static int find_wild_register(const struct trap_frame *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		if (!is_canonical(register_value(f, i)))
			return i;
	return -1;
}

/* Was it read from the first word of a freed heap object? */
static bool is_freed(uint64_t value)
{
	return value >> 32 == HEAP_FREE_MARK >> 32;
}

static void explain_protection(char *words, const struct trap_frame *f)
{
	int wild = find_wild_register(f);
	char where[SYMBOL_TEXT_SIZE];

	symbol_format(f->rip, where, sizeof(where));
	if (!is_canonical(f->rip))
		explain_jump(words, f);
	else if (f->error)
		snprintf(words, WORDS_SIZE,
			 "%s: segment selector 0x%lx is not valid, at %s",
			 trap_name(f->vector), f->error, where);
	else if (wild >= 0)
		snprintf(words, WORDS_SIZE,
			 "%s: %s holds 0x%lx, which is no canonical address "
			 "(bits 63 to 47 must be equal): %s; at %s",
			 is_freed(register_value(f, wild)) ? "use after free"
							   : "wild pointer",
			 registers[wild].name, register_value(f, wild),
			 is_freed(register_value(f, wild))
				 ? "kfree() marks freed memory so"
				 : "never set, or overwritten",
			 where);
	else
		snprintf(words, WORDS_SIZE,
			 "%s: an instruction with an operand that is not "
			 "allowed, at %s",
			 trap_name(f->vector), where);
}

static void explain_double_fault(char *words, const struct trap_frame *f)
{
	char where[SYMBOL_TEXT_SIZE];

	if (explain_overflow(words, f->rsp - CPU_FRAME_SIZE, f->rip) ||
	    explain_overflow(words, read_cr2(), f->rip))
		return;
	symbol_format(f->rip, where, sizeof(where));
	if (!vm_readable(f->rsp - CPU_FRAME_SIZE, CPU_FRAME_SIZE))
		snprintf(words, WORDS_SIZE,
			 "double fault: the stack pointer 0x%lx is no stack "
			 "(%s), so the CPU could not even report the first "
			 "fault, at %s",
			 f->rsp, region_name(f->rsp), where);
	else
		snprintf(words, WORDS_SIZE,
			 "double fault: the CPU faulted while it entered the "
			 "handler of a first fault, at %s: are the IDT, GDT "
			 "and page tables whole?",
			 where);
}

/* UD2 is what GCC puts where code must not be reached (SDM 2B, UD). */
static bool is_ud2(uintptr_t rip)
{
	const uint8_t *code = (const uint8_t *)rip;

	return vm_readable(rip, 2) && code[0] == 0x0f && code[1] == 0x0b;
}

static const char *plain_words(const struct trap_frame *f)
{
	switch (f->vector) {
	case VECTOR_DIVIDE:
		return "division by zero, or a quotient too large";
	case VECTOR_INVALID_OPCODE:
		return is_ud2(f->rip)
			       ? "ud2: this code should never have been reached"
			       : "invalid opcode: what is executed here is no "
				 "instruction of this CPU";
	case VECTOR_MACHINE_CHECK:
		return "machine check: the processor reports broken hardware";
	case VECTOR_BREAKPOINT:
		return "breakpoint (int3), and no debugger is there";
	default:
		return trap_name(f->vector);
	}
}

void fault_explain(struct trap_frame *frame)
{
	char words[WORDS_SIZE], where[SYMBOL_TEXT_SIZE];

	switch (frame->vector) {
	case VECTOR_PAGE_FAULT:
		explain_page_fault(words, frame);
		break;
	case VECTOR_PROTECTION:
	case VECTOR_STACK_SEGMENT:
		explain_protection(words, frame);
		break;
	case VECTOR_DOUBLE_FAULT:
		explain_double_fault(words, frame);
		break;
	default:
		snprintf(words, sizeof(words), "%s, at %s", plain_words(frame),
			 symbol_format(frame->rip, where, sizeof(where)));
	}
	panic_trap(frame, "%s", words);
}

/* ---- what supports it ---- */

/*
 * Could a pointer of this value have led to addr?  For a NULL pointer only 0:
 * many registers hold small numbers.
 */
static bool leads_to(uint64_t value, uintptr_t addr)
{
	if (addr < NEAR)
		return value == 0;
	return value >= NEAR && (addr - value < NEAR || value - addr < NEAR);
}

static void print_origin(const struct trap_frame *f, uintptr_t addr)
{
	unsigned int found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		uint64_t value = register_value(f, i);
		bool above = addr >= value;

		if (!leads_to(value, addr))
			continue;
		printk("%s%s %c 0x%lx", found++ ? ", or " : "  the address is ",
		       registers[i].name, above ? '+' : '-',
		       above ? addr - value : value - addr);
	}
	if (found)
		printk("\n");
}

static void print_walk(uintptr_t addr)
{
	static const char *const tables[] = {
		"", "page table", "page directory", "PDPT", "PML4",
	};
	struct vm_walk_step steps[4];
	unsigned int count = vm_walk(read_cr3(), addr, steps);

	printk("Page tables on the way to 0x%lx:\n", addr);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t entry = steps[i].entry;

		printk("  %s[%u] = 0x%lx:", tables[steps[i].level],
		       steps[i].index, entry);
		if (!(entry & PTE_PRESENT)) {
			printk(" not present\n");
			break;
		}
		printk(" present, %s%s%s%s\n",
		       entry & PTE_WRITE ? "writable" : "read-only",
		       entry & PTE_USER ? ", user" : "",
		       entry & PTE_NX ? ", no execute" : "",
		       steps[i].level > 1 && entry & PTE_LARGE ? ", large"
							       : "");
	}
}

void fault_print_details(const struct trap_frame *frame)
{
	if (frame->vector != VECTOR_PAGE_FAULT)
		return;
	print_origin(frame, read_cr2());
	print_walk(read_cr2());
}
