/*
 * cpu.c - descriptor tables and control registers of each CPU.
 *
 * Every CPU has its own GDT and TSS.  The order of the GDT's entries is given
 * by SYSCALL and SYSRET, which compute selectors from MSR_STAR (SDM 2B,
 * SYSRET): kernel code, kernel data; 32-bit user code, user data, user code.
 * The third is left empty.  A program could jump into it, and SYSCALL in 32-bit
 * code enters the kernel at another address (MSR_CSTAR), where we have nothing.
 *
 * NMI, double fault, debug exception and machine check can come when the
 * stack is not to be trusted: just after SYSCALL, or because a push on it
 * faulted.  They run on stacks of their own, through the interrupt stack table
 * of the TSS (SDM 3A, 6.14.5).
 */
#include "cpu.h"
#include "panic.h"
#include "segments.h"
#include "string.h"
#include "vm.h"

#define GDT_KERNEL_CODE 0x00af9b000000ffffull
#define GDT_KERNEL_DATA 0x00cf93000000ffffull
#define GDT_USER_DATA 0x00cff3000000ffffull
#define GDT_USER_CODE 0x00affb000000ffffull

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct cpu cpus[MAX_CPUS];
unsigned int cpu_count;

/* The descriptor tables. */
static uint64_t gdts[MAX_CPUS][GDT_ENTRIES] __attribute__((aligned(16)));

/* Until there is memory, the boot CPU's faults use this one. */
static char early_ist_stack[PAGE_SIZE * 2] __attribute__((aligned(16)));

/* A TSS descriptor takes two GDT entries (SDM 3A, 7.2.3). */
static void set_tss_descriptor(uint64_t *entry, const struct tss *tss)
{
	uint64_t base = (uintptr_t)tss;

	entry[0] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
		   0x89ull << 40 | (base >> 24 & 0xff) << 56;
	entry[1] = base >> 32;
}

static void load_gdt(const uint64_t *gdt)
{
	struct table_pointer pointer = {sizeof(gdts[0]) - 1, (uintptr_t)gdt};

	asm volatile("lgdt %0\n\t"
		     "pushq %1\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\n\t"
		     "movw %w2, %%ds\n\t"
		     "movw %w2, %%es\n\t"
		     "movw %w2, %%ss\n\t"
		     "ltr %w3"
		     :
		     : "m"(pointer), "i"(SELECTOR_KERNEL_CODE),
		       "r"(SELECTOR_KERNEL_DATA), "r"(SELECTOR_TSS)
		     : "rax", "memory");
}

void cpu_init(struct cpu *c)
{
	uint64_t *gdt = gdts[c - cpus];

	gdt[SELECTOR_KERNEL_CODE / 8] = GDT_KERNEL_CODE;
	gdt[SELECTOR_KERNEL_DATA / 8] = GDT_KERNEL_DATA;
	gdt[SELECTOR_USER_DATA / 8] = GDT_USER_DATA;
	gdt[SELECTOR_USER_CODE / 8] = GDT_USER_CODE;
	set_tss_descriptor(&gdt[SELECTOR_TSS / 8], &c->tss);
	c->tss.io_map_base = sizeof(c->tss);
	if (c == &cpus[0])
		for (unsigned int i = 0; i < IST_STACKS; i++)
			c->tss.ist[i] = (uintptr_t)early_ist_stack +
					sizeof(early_ist_stack);
	load_gdt(gdt);

	c->self = c;
	c->id = c - cpus;
	wrmsr(MSR_GS_BASE, (uintptr_t)c);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void cpu_init_stacks(struct cpu *c)
{
	for (unsigned int i = 0; i < IST_STACKS; i++) {
		uintptr_t stack = vm_stack_alloc();

		if (!stack)
			panic("cpu_init_stacks: no memory for the fault "
			      "stacks of CPU %u",
			      c->id);
		c->tss.ist[i] = stack + STACK_SIZE;
	}
}

/* CPUID leaf 1, EDX and ECX; every x86-64 CPU has these, except for the local
 * APIC, which an emulator can leave out. */
const char *cpu_missing_feature(void)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} needed[] = {
		{4, "time stamp counter (TSC)"},
		{5, "model-specific registers (MSR)"},
		{9, "local APIC"},
		{13, "global pages (PGE)"},
		{24, "FXSAVE"},
		{26, "SSE2"},
	};
	uint32_t edx = cpuid(1, 0).edx;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!(edx & 1u << needed[i].bit))
			return needed[i].name;
	return NULL;
}

/* CPUID leaf 7, EBX: bit 7 is SMEP, bit 20 SMAP. */
void cpu_enable_features(void)
{
	uint64_t cr4 = read_cr4() | CR4_PGE | CR4_MCE;

	if (cpuid(0, 0).eax >= 7) {
		uint32_t ebx = cpuid(7, 0).ebx;

		if (ebx & 1u << 7)
			cr4 |= CR4_SMEP;
		if (ebx & 1u << 20)
			cr4 |= CR4_SMAP;
	}
	write_cr4(cr4);
}

void cpu_describe(char *buf, size_t size)
{
	uint32_t brand[13] = {0};

	if (cpuid(0x80000000, 0).eax < 0x80000004) {
		strlcpy(buf, "x86-64", size);
		return;
	}
	for (unsigned int i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(0x80000002 + i, 0);

		memcpy(&brand[i * 4], &r, sizeof(r));
	}
	strlcpy(buf, (const char *)brand, size);
}
