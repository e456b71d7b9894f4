/*
 * stack.c - kernel stacks.
 *
 * STACK_AREA is cut into slots of STACK_SLOT_SIZE.  The upper half of a slot
 * is the stack, the lower half is never mapped, so that an overflow faults
 * (layout.h).  A slot is
 *
 *	empty	no pages			neither bit set
 *	in use	some thread's			mapped, in_use
 *	kept	mapped, but nobody's		mapped
 *
 * A stack that is freed is kept for the next thread: most threads then cost no
 * page table work.  When more than STACKS_KEPT are, STACKS_BATCH of them
 * are emptied at a time, with one flush of the TLBs for all.  Kept stacks are
 * linked through their own lowest bytes, the latest first.
 *
 * The lock `stacks` guards the bitmaps and the list.
 */
#include "apic.h"
#include "list.h"
#include "lock.h"
#include "panic.h"
#include "vm.h"

#define STACK_PAGES (STACK_SIZE / PAGE_SIZE)
#define STACK_SLOTS 32768 /* twice what 512 MiB of memory would hold */
#define STACKS_KEPT 64
#define STACKS_BATCH 32

#define BITS 64

struct kept_stack {
	struct kept_stack *next;
};

static struct core_lock stacks_lock = CORE_LOCK_INIT("stacks", RANK_VM);

/* Needs stacks_lock. */
static uint64_t mapped[STACK_SLOTS / BITS];
static uint64_t in_use[STACK_SLOTS / BITS];
static size_t first_empty; /* no word of mapped below has an empty slot */
static struct kept_stack *kept;
static unsigned int kept_count;

static bool bit_get(const uint64_t *bits, size_t i)
{
	return bits[i / BITS] >> i % BITS & 1;
}

static void bit_set(uint64_t *bits, size_t i)
{
	bits[i / BITS] |= 1ul << i % BITS;
}

static void bit_clear(uint64_t *bits, size_t i)
{
	bits[i / BITS] &= ~(1ul << i % BITS);
}

static uintptr_t slot_stack(size_t slot)
{
	return STACK_AREA + (slot + 1) * STACK_SLOT_SIZE - STACK_SIZE;
}

static size_t stack_slot(uintptr_t stack)
{
	return (stack - STACK_AREA) / STACK_SLOT_SIZE;
}

/* An empty slot, from now on mapped and in use; 0 when all are taken. */
static uintptr_t slot_take(void)
{
	for (; first_empty < ARRAY_SIZE(mapped); first_empty++) {
		uint64_t empty = ~mapped[first_empty];

		if (!empty)
			continue;
		size_t slot = first_empty * BITS + __builtin_ctzll(empty);

		bit_set(mapped, slot);
		bit_set(in_use, slot);
		return slot_stack(slot);
	}
	return 0;
}

static void slot_give(uintptr_t stack)
{
	size_t slot = stack_slot(stack);

	bit_clear(mapped, slot);
	bit_clear(in_use, slot);
	first_empty = MIN(first_empty, slot / BITS);
}

static uintptr_t kept_pop(void)
{
	uintptr_t stack = (uintptr_t)kept;

	if (stack) {
		kept = kept->next;
		kept_count--;
	}
	return stack;
}

uintptr_t vm_stack_alloc(void)
{
	core_lock(&stacks_lock);
	uintptr_t stack = kept_pop();
	bool fresh = !stack;
	if (fresh)
		stack = slot_take();
	else
		bit_set(in_use, stack_slot(stack));
	core_unlock(&stacks_lock);

	if (stack && fresh && vm_populate(stack, STACK_PAGES, NULL)) {
		core_lock(&stacks_lock);
		slot_give(stack);
		core_unlock(&stacks_lock);
		return 0;
	}
	return stack;
}

/* Empties up to STACKS_BATCH kept stacks; false when there were none. */
static bool stacks_trim(void)
{
	struct list_head pages = LIST_INIT(pages);
	uintptr_t batch[STACKS_BATCH], low = UINTPTR_MAX, high = 0;
	size_t count = 0;

	core_lock(&stacks_lock);
	while (count < STACKS_BATCH && kept)
		batch[count++] = kept_pop();
	core_unlock(&stacks_lock);
	if (count == 0)
		return false;

	for (size_t i = 0; i < count; i++) {
		vm_detach(batch[i], STACK_PAGES, &pages);
		low = MIN(low, batch[i]);
		high = MAX(high, batch[i] + STACK_SIZE);
	}
	tlb_shootdown(low, (high - low) / PAGE_SIZE);
	vm_put_pages(&pages);

	core_lock(&stacks_lock);
	for (size_t i = 0; i < count; i++)
		slot_give(batch[i]);
	core_unlock(&stacks_lock);
	return true;
}

void vm_stack_free(uintptr_t stack)
{
	size_t slot = stack_slot(stack);
	struct kept_stack *link = (struct kept_stack *)stack;

	if (slot >= STACK_SLOTS || slot_stack(slot) != stack)
		panic("vm_stack_free: 0x%lx is not the start of a stack",
		      stack);
	core_lock(&stacks_lock);
	bool was_in_use = bit_get(in_use, slot);
	bool full = false;
	if (was_in_use) {
		bit_clear(in_use, slot);
		link->next = kept;
		kept = link;
		full = ++kept_count > STACKS_KEPT;
	}
	core_unlock(&stacks_lock);
	if (!was_in_use)
		panic("vm_stack_free: the stack at 0x%lx is already free",
		      stack);
	if (full)
		stacks_trim();
}

void vm_stack_trim(void)
{
	while (stacks_trim())
		;
}

size_t vm_stack_kept_pages(void)
{
	return __atomic_load_n(&kept_count, __ATOMIC_RELAXED) * STACK_PAGES;
}

bool vm_stack_guard(uintptr_t addr, uintptr_t *stack)
{
	if (addr < STACK_AREA || addr >= STACK_AREA + STACK_AREA_SIZE)
		return false;
	*stack = slot_stack(stack_slot(addr));
	return addr < *stack;
}
