/*
 * smp.c - the other processors: starting them, and flushing their TLBs.
 *
 * CPUs start one at a time, so that their numbers are the same in each run and
 * one stack pointer (ap_stack) is enough to hand over.  Each one initialises
 * itself, says so by `online`, and becomes idle.
 */
#include "apic.h"
#include "aspace.h"
#include "boot.h"
#include "cpu.h"
#include "lock.h"
#include "page.h"
#include "panic.h"
#include "printk.h"
#include "string.h"
#include "syscall.h"
#include "thread.h"
#include "time.h"
#include "trace.h"
#include "vm.h"

#define START_TIMEOUT NSEC_PER_SEC

/* In ap.asm. */
extern const char ap_start[], ap_end[];
extern uintptr_t ap_stack;
void ap_main(void) __attribute__((noreturn));

/* Which CPU is being started. */
static struct cpu *starting;

/* The first C function of another CPU, on its own stack. */
void ap_main(void)
{
	struct cpu *c = starting;

	cpu_init(c);
	trap_load();
	vm_init_cpu();
	cpu_enable_features();
	cpu_init_stacks(c);
	apic_init_cpu();
	syscall_init_cpu();
	sched_init_cpu(c);
	__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
	sched_idle();
}

static bool start_cpu(struct cpu *c)
{
	uintptr_t stack = vm_stack_alloc();
	uint64_t deadline = time_ns() + START_TIMEOUT;

	if (!stack)
		panic("smp_start: no memory for the stack of CPU %u",
		      (unsigned int)(c - cpus));
	ap_stack = stack + STACK_SIZE;
	starting = c;
	apic_start_cpu(c->apic_id, AP_START_PAGE);
	while (!__atomic_load_n(&c->online, __ATOMIC_ACQUIRE)) {
		if (time_ns() > deadline)
			return false;
		cpu_relax();
	}
	return true;
}

void smp_start(void)
{
	memcpy(phys_to_virt(AP_START_PAGE), ap_start, ap_end - ap_start);
	cpus[0].apic_id = apic_id();
	cpus[0].online = true;
	cpu_count = 1;
	while (cpu_count < cpu_possible) {
		struct cpu *c = &cpus[cpu_count];

		if (!start_cpu(c)) {
			printk("smp: CPU %u (APIC id %u) did not start within "
			       "a second; going on with %u\n",
			       cpu_count, c->apic_id, cpu_count);
			return;
		}
		cpu_count++;
	}
}

/*
 * One shoot-down at a time: the range, and how many CPUs have yet to serve it.
 * A CPU that waits for its turn opens its interrupts, so that it can serve
 * the shoot-down of the one that has it.
 */
static struct {
	volatile bool busy;
	uintptr_t addr;
	size_t count;
	volatile unsigned int waiting;
} shootdown;

/* Above this many pages, dropping everything is cheaper than page by page. */
#define FLUSH_ALL_ABOVE 64

/* Clearing PGE drops global entries too (SDM 3A, 4.10.4.1). */
static void flush_all(void)
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
}

static void flush_local(uintptr_t addr, size_t count)
{
	if (count > FLUSH_ALL_ABOVE) {
		flush_all();
		return;
	}
	for (size_t i = 0; i < count; i++)
		invlpg(addr + i * PAGE_SIZE);
}

void tlb_interrupt(void)
{
	flush_local(shootdown.addr, shootdown.count);
	aspace_leave();
	this_cpu()->tlb_flushes++;
	__atomic_sub_fetch(&shootdown.waiting, 1, __ATOMIC_RELEASE);
}

void tlb_shootdown(uintptr_t addr, size_t count)
{
	if (cpu_count <= 1) {
		flush_local(addr, count);
		return;
	}
	assert(intr_enabled());
	intr_push();
	while (__atomic_exchange_n(&shootdown.busy, true, __ATOMIC_ACQUIRE)) {
		intr_pop();
		cpu_relax();
		intr_push();
	}
	trace(TRACE_SHOOTDOWN, addr, count);
	shootdown.addr = addr;
	shootdown.count = count;
	__atomic_store_n(&shootdown.waiting, cpu_count - 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < cpu_count; i++)
		if (&cpus[i] != this_cpu())
			apic_send_ipi(i, VECTOR_TLB);
	flush_local(addr, count);
	while (__atomic_load_n(&shootdown.waiting, __ATOMIC_ACQUIRE) > 0)
		cpu_relax();
	__atomic_store_n(&shootdown.busy, false, __ATOMIC_RELEASE);
	intr_pop();
}
