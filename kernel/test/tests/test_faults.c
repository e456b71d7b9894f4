/*
 * test_faults.c - planted faults: does the kernel explain what went wrong?
 *
 * Each test breaks one thing on purpose, and the log must then say in words
 * what it was: faults.expect, beside this file, has for each the text that must
 * appear.  Most of them end in a panic, so each needs a boot of its own:
 *
 *	test=fault/null panic=exit
 *
 * They are `manual`: test=all leaves them out, and tools/check boots each.
 */
#include "apic.h"
#include "cpu.h"
#include "heap.h"
#include "ktest.h"
#include "list.h"
#include "lock.h"
#include "panic.h"
#include "thread.h"
#include "time.h"
#include "timer.h"
#include "trap.h"
#include "vm.h"

/* Pointers come from here, so that the compiler does not see what they are. */
static volatile uintptr_t planted;

/* ---- pointers ---- */

struct point {
	uint64_t x, y, z;
};

static void test_null(struct ktest *t)
{
	planted = 0;
	struct point *point = (struct point *)planted;

	EXPECT_EQ(t, point->z, 0);
}
KTEST(fault, null, .manual = true);

/* The function that fails is in a header, and inlined. */
static void test_inlined(struct ktest *t)
{
	static struct list_head never_initialised;
	struct list_head node;

	list_push_back(&never_initialised, &node);
}
KTEST(fault, inlined, .manual = true);

static void test_wild_pointer(struct ktest *t)
{
	planted = 0x6b6b6b6b6b6b6b6b;
	EXPECT_EQ(t, *(volatile uint64_t *)planted, 0);
}
KTEST(fault, wild_pointer, .manual = true);

static void test_wild_jump(struct ktest *t)
{
	planted = VM_AREA + VM_AREA_SIZE / 2;
	((void (*)(struct ktest *))planted)(t);
}
KTEST(fault, wild_jump, .manual = true);

static void test_null_call(struct ktest *t)
{
	planted = 0;
	((void (*)(struct ktest *))planted)(t);
}
KTEST(fault, null_call, .manual = true);

static void test_unmapped(struct ktest *t)
{
	volatile uint64_t *area = vm_alloc(1);

	ASSERT(t, area != NULL);
	vm_free((void *)area, 1);
	EXPECT_EQ(t, *area, 0);
}
KTEST(fault, unmapped, .manual = true);

static void test_user_address(struct ktest *t)
{
	planted = 0x400000;
	EXPECT_EQ(t, *(volatile uint64_t *)planted, 0);
}
KTEST(fault, user_address, .manual = true);

/* ---- W^X ---- */

static void test_write_text(struct ktest *t)
{
	*(volatile uint8_t *)test_write_text = 0xc3;
}
KTEST(fault, write_text, .manual = true);

static void test_write_rodata(struct ktest *t)
{
	static const char constant[] = "constant";

	planted = (uintptr_t)constant;
	*(volatile char *)planted = 'C';
}
KTEST(fault, write_rodata, .manual = true);

static void test_execute_data(struct ktest *t)
{
	static uint8_t code[] = {0xc3}; /* ret */

	planted = (uintptr_t)code;
	((void (*)(struct ktest *))planted)(t);
}
KTEST(fault, execute_data, .manual = true);

/* ---- stacks ---- */

/*
 * Its end is so far away that no stack reaches it.  Adds after the call, so
 * that it cannot become a loop.
 */
static __attribute__((noinline)) unsigned long count_for_ever(unsigned long n)
{
	volatile unsigned long local = n;

	if (local == UINT64_MAX)
		return 0;
	return count_for_ever(local + planted) + local;
}

static void test_stack_overflow(struct ktest *t)
{
	planted = 1;
	EXPECT_EQ(t, count_for_ever(0), 0);
}
KTEST(fault, stack_overflow, .manual = true);

static void test_double_fault(struct ktest *t)
{
	/* Half a page into a hole: no stack, and no stack's guard. */
	planted = VM_AREA + VM_AREA_SIZE / 2;
	asm volatile("mov %0, %%rsp\n\tpush %%rax" : : "r"(planted) : "memory");
}
KTEST(fault, double_fault, .manual = true);

/* The chain of frame pointers leads nowhere: the backtrace must end. */
static void test_broken_frame(struct ktest *t)
{
	asm volatile("mov $0x1234, %%ebp\n\tud2" : : : "memory");
}
KTEST(fault, broken_frame, .manual = true);

/* ---- the panic itself ---- */

static void test_assert(struct ktest *t)
{
	planted = 3;
	assert(planted == 4);
}
KTEST(fault, assert, .manual = true);

/* The message of the panic faults while it is formatted. */
static void test_panic_recursion(struct ktest *t)
{
	planted = VM_AREA + VM_AREA_SIZE / 2;
	panic("test_panic_recursion: the name is %s", (const char *)planted);
}
KTEST(fault, panic_recursion, .manual = true);

static struct core_lock held_lock = CORE_LOCK_INIT("held", RANK_TEST);
static volatile unsigned int ready_to_panic;

static void panic_together(void *arg)
{
	__atomic_fetch_add(&ready_to_panic, 1, __ATOMIC_SEQ_CST);
	while (ready_to_panic < 2)
		cpu_relax();
	panic("panic_together: this is CPU %lu", (unsigned long)arg);
}

static void test_two_panics(struct ktest *t)
{
	struct thread *threads[2];

	for (unsigned long i = 0; i < 2; i++)
		ASSERT(t, thread_spawn_on(i, &threads[i], "panics",
					  panic_together, (void *)i) == 0);
	thread_join(threads[0]);
}
KTEST(fault, two_panics, .manual = true, .min_cpus = 2);

/* One CPU holds a lock, with interrupts off; another panics. */
static void hold_for_ever(void *arg)
{
	core_lock(&held_lock);
	ready_to_panic = 1;
	for (;;)
		cpu_relax();
}

static void test_panic_with_lock(struct ktest *t)
{
	struct thread *holder;
	unsigned int other;

	intr_push();
	other = (this_cpu()->id + 1) % cpu_count;
	intr_pop();
	ASSERT(t, thread_spawn_on(other, &holder, "holder", hold_for_ever,
				  NULL) == 0);
	while (!ready_to_panic)
		cpu_relax();
	panic("test_panic_with_lock: another CPU holds a lock");
}
KTEST(fault, panic_with_lock, .manual = true, .min_cpus = 2);

/* ---- instructions ---- */

static void test_divide(struct ktest *t)
{
	planted = 0;
	EXPECT_EQ(t, 100 / planted, 0);
}
KTEST(fault, divide, .manual = true);

static void test_unreachable(struct ktest *t)
{
	asm volatile("ud2");
}
KTEST(fault, unreachable, .manual = true);

/* ---- locks ---- */

static void test_lock_twice(struct ktest *t)
{
	core_lock(&held_lock);
	core_lock(&held_lock);
}
KTEST(fault, lock_twice, .manual = true);

static void test_unlock_free(struct ktest *t)
{
	core_unlock(&held_lock);
}
KTEST(fault, unlock_free, .manual = true);

static void test_lock_order(struct ktest *t)
{
	static struct core_lock inner =
		CORE_LOCK_INIT("inner", RANK_TEST_INNER);

	core_lock(&inner);
	core_lock(&held_lock);
}
KTEST(fault, lock_order, .manual = true);

static void test_sleep_under_lock(struct ktest *t)
{
	core_lock(&held_lock);
	thread_block();
}
KTEST(fault, sleep_under_lock, .manual = true);

/* ---- the heap ---- */

static void test_free_twice(struct ktest *t)
{
	void *object = kmalloc(64);

	ASSERT(t, object != NULL);
	kfree(object);
	kfree(object);
}
KTEST(fault, free_twice, .manual = true);

struct chained {
	struct chained *next;
	uint64_t value;
};

static void test_use_after_free(struct ktest *t)
{
	struct chained *first = kzalloc(sizeof(*first));

	ASSERT(t, first != NULL);
	first->next = first;
	kfree(first);
	EXPECT_EQ(t, first->next->value, 0);
}
KTEST(fault, use_after_free, .manual = true);

/* ---- interrupts ---- */

static void panic_handler(struct timer *timer)
{
	panic("panic_handler: timer %p", (void *)timer);
}

/* The backtrace goes on through the trap frame, to this loop. */
static void test_panic_in_interrupt(struct ktest *t)
{
	static struct timer timer;

	timer_start(&timer, time_ns() + NSEC_PER_MSEC, panic_handler);
	for (;;)
		cpu_relax();
}
KTEST(fault, panic_in_interrupt, .manual = true);

#define COM1_LINE 4
#define COM1_INTERRUPT_ENABLE 0x3f9
#define COM1_MODEM_CONTROL 0x3fc
#define IER_TRANSMITTER_EMPTY 0x02
#define MCR_INTERRUPT_GATE 0x08 /* OUT2: the line leaves the chip */

/*
 * The transmitter of COM1 is empty nearly always, and asks for an interrupt
 * until somebody reads why; nobody does.  The detector must mask the line, and
 * this thread go on.
 */
static void test_interrupt_storm(struct ktest *t)
{
	uint8_t modem = inb(COM1_MODEM_CONTROL);
	uint64_t start = time_ns();

	ASSERT(t, ioapic_route(COM1_LINE, 0, true) == 0);
	outb(COM1_MODEM_CONTROL, modem | MCR_INTERRUPT_GATE);
	outb(COM1_INTERRUPT_ENABLE, IER_TRANSMITTER_EMPTY);
	ioapic_mask(COM1_LINE, false);
	while (!ioapic_is_masked(COM1_LINE) &&
	       !ktest_is_late(start, 10 * NSEC_PER_SEC))
		cpu_relax();
	EXPECT(t, ioapic_is_masked(COM1_LINE));
	outb(COM1_INTERRUPT_ENABLE, 0);
	outb(COM1_MODEM_CONTROL, modem);
	ioapic_route(COM1_LINE, 0, false);
}
KTEST(fault, interrupt_storm, .manual = true);

/* An NMI is no fault: the report is printed, and the test goes on. */
static void test_nmi_report(struct ktest *t)
{
	uint64_t before;

	intr_push();
	struct cpu *c = this_cpu();

	before = c->interrupts[VECTOR_NMI];
	apic_send_nmi(c->id);
	while (c->interrupts[VECTOR_NMI] == before)
		cpu_relax();
	intr_pop();
	EXPECT(t, intr_enabled());
	for (unsigned int i = 0; i < cpu_count; i++)
		EXPECT(t, cpus[i].stopped_at == NULL);
}
KTEST(fault, nmi_report, .manual = true);
