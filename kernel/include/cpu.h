/*
 * cpu.h - per-CPU data, and interrupts off in nested sections.
 *
 * Each CPU's GS base points at its own struct cpu while it is in the kernel.
 * `current` may be read at any time: it is the same before and after a switch.
 * this_cpu() may only be used while interrupts are off, since otherwise the
 * thread may have moved to another CPU before it uses the answer.
 *
 * intr_push() turns interrupts off and counts; intr_pop() counts down, and at
 * the outermost level restores what was there before.  The depth belongs to
 * the CPU; the saved flag stays with a thread that is switched away, on its
 * stack.
 */
#ifndef CPU_H
#define CPU_H

#include "layout.h"
#include "lock.h"
#include "types.h"
#include "x86.h"

struct aspace;
struct thread;
struct trap_frame;
struct run_queue;
struct timer_queue;
struct trace_ring;

#define MAX_HELD_LOCKS 8

/* Lab 1's nested sections: see irq.h. */
struct irq_section {
	unsigned int depth; /* irq_push() not yet popped */
	bool enabled;       /* were interrupts on before the first? */
};

/* What the CPU reads at a trap: the stacks.  Source: SDM 3A, 7.7. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map_base;
} __attribute__((packed));

struct cpu {
	/* Private to this CPU, interrupts off. */
	struct cpu *self;       /* what this_cpu() reads */
	struct thread *running; /* what `current` reads */
	uint64_t user_rsp;      /* scratch for syscall entry */
	unsigned int id;        /* 0 .. cpu_count - 1 */
	struct tss tss;         /* its rsp[0], top of current's stack */

	unsigned int apic_id;
	unsigned int intr_depth;  /* nested intr_push() */
	bool intr_saved;          /* were they on at the outermost? */
	unsigned int irq_nesting; /* interrupt handlers being run */

	size_t held_count; /* core locks held, oldest first */
	struct core_lock *held[MAX_HELD_LOCKS];

	struct irq_section irq; /* the student's: irq.h */
	uint64_t irqoff_since;  /* irqoff.h; 0: not known */
	uintptr_t irqoff_where;

	struct thread *idle;
	struct run_queue *rq;
	struct aspace *aspace; /* whose page tables are loaded; NULL: none's */
	struct timer_queue *timers;
	struct trace_ring *trace;

	/* Written by this CPU, read by any. */
	volatile bool online;
	uint64_t interrupts[256]; /* taken, by vector */
	uint64_t tlb_flushes;     /* shoot-downs served */

	/* Stopped by panic or by the NMI report: where it was. */
	struct trap_frame *volatile stopped_at;
};

extern struct cpu cpus[MAX_CPUS];
extern unsigned int cpu_count; /* CPUs online; fixed after boot */

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	asm volatile("movq %%gs:%c1, %0"
		     : "=r"(c)
		     : "i"(offsetof(struct cpu, self)));
	return c;
}

/* Not volatile: a thread's own value never changes under it. */
static inline struct thread *current_thread(void)
{
	struct thread *t;

	asm("movq %%gs:%c1, %0" : "=r"(t) : "i"(offsetof(struct cpu, running)));
	return t;
}

#define current current_thread()

static inline bool intr_enabled(void)
{
	return read_rflags() & RFLAGS_IF;
}

/* Any context; never sleeps.  Returns the CPU, on which the caller now stays.
 */
static inline struct cpu *intr_push(void)
{
	bool enabled = intr_enabled();

	cli();
	struct cpu *c = this_cpu();
	if (c->intr_depth++ == 0)
		c->intr_saved = enabled;
	return c;
}

/* The same as intr_pop(), for a caller that knows its CPU. */
static inline void intr_pop_on(struct cpu *c)
{
	if (--c->intr_depth == 0 && c->intr_saved)
		sti();
}

static inline void intr_pop(void)
{
	intr_pop_on(this_cpu());
}

/* A thread gives up the CPU inside a section: says whose, and where. */
void intr_panic_nested(void) __attribute__((noreturn));

/* Sets up this CPU's descriptor tables and GS; the first thing it does. */
void cpu_init(struct cpu *c);

/* Guarded stacks for NMI, double fault, debug and machine check.  Panics when
 * out of memory. */
void cpu_init_stacks(struct cpu *c);

/* The stack on which the next trap or call from user mode begins. */
static inline void cpu_set_kernel_stack(struct cpu *c, uintptr_t top)
{
	c->tss.rsp[0] = top;
}

/* NULL when the CPU has all that the kernel needs, else a name for what is
 * missing (in words). */
const char *cpu_missing_feature(void);

/* SMEP, SMAP and the like are on after this, where the CPU has them. */
void cpu_enable_features(void);

/* The CPU's brand or vendor, for the boot banner. */
void cpu_describe(char *buf, size_t size);

#endif
