/*
 * x86.h - single instructions that C cannot say, and the bits they work on.
 * Sources: Intel SDM 3A, 2.5 (control registers), 4.5 (page table entries),
 * SDM 4 (model-specific registers).
 */
#ifndef X86_H
#define X86_H

#include "types.h"

#define RFLAGS_IF (1ul << 9)
#define RFLAGS_AC (1ul << 18)

#define CR0_PE (1ul << 0)
#define CR0_MP (1ul << 1)
#define CR0_EM (1ul << 2)
#define CR0_NE (1ul << 5)
#define CR0_WP (1ul << 16)
#define CR0_NW (1ul << 29)
#define CR0_CD (1ul << 30)
#define CR0_PG (1ul << 31)

#define CR4_PAE (1ul << 5)
#define CR4_MCE (1ul << 6)
#define CR4_PGE (1ul << 7)
#define CR4_OSFXSR (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_SMEP (1ul << 20)
#define CR4_SMAP (1ul << 21)

#define MSR_APIC_BASE 0x1b
#define MSR_EFER 0xc0000080
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define EFER_SCE (1ul << 0)
#define EFER_LME (1ul << 8)
#define EFER_NXE (1ul << 11)

/* Page table entries, all levels. */
#define PTE_PRESENT (1ul << 0)
#define PTE_WRITE (1ul << 1)
#define PTE_USER (1ul << 2)
#define PTE_WRITE_THROUGH (1ul << 3)
#define PTE_CACHE_DISABLE (1ul << 4)
#define PTE_ACCESSED (1ul << 5)
#define PTE_DIRTY (1ul << 6)
#define PTE_LARGE (1ul << 7)
#define PTE_GLOBAL (1ul << 8)
#define PTE_NX (1ul << 63)
#define PTE_ADDRESS 0x000ffffffffff000ul

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outw(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr"
		     :
		     : "c"(msr), "a"((uint32_t)value),
		       "d"((uint32_t)(value >> 32))
		     : "memory");
}

/* The upper halves of both registers are cleared (SDM 2B, RDTSC). */
static inline uint64_t rdtsc(void)
{
	uint64_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

#define DEFINE_READ_CR(n) \
	static inline uint64_t read_cr##n(void) \
	{ \
		uint64_t value; \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value)); \
		return value; \
	}
#define DEFINE_WRITE_CR(n) \
	static inline void write_cr##n(uint64_t value) \
	{ \
		asm volatile("mov %0, %%cr" #n : : "r"(value) : "memory"); \
	}

DEFINE_READ_CR(0)
DEFINE_READ_CR(2)
DEFINE_READ_CR(3)
DEFINE_READ_CR(4)
DEFINE_WRITE_CR(0)
DEFINE_WRITE_CR(3)
DEFINE_WRITE_CR(4)

static inline void invlpg(uintptr_t addr)
{
	asm volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

static inline uint64_t read_rflags(void)
{
	uint64_t flags;

	asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline uintptr_t read_rbp(void)
{
	uintptr_t rbp;

	asm volatile("mov %%rbp, %0" : "=r"(rbp));
	return rbp;
}

/* No instruction at all: the compiler keeps what is before it before it. */
static inline void compiler_barrier(void)
{
	asm volatile("" : : : "memory");
}

static inline void cli(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void sti(void)
{
	asm volatile("sti" : : : "memory");
}

/*
 * Enables interrupts and waits for one.  STI takes effect only after the
 * next instruction, so none can slip in between the two (SDM 2B, STI).
 */
static inline void sti_hlt(void)
{
	asm volatile("sti; hlt" : : : "memory");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

#endif
