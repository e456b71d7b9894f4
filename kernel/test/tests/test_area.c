/*
 * test_area.c - tests of vm_alloc and of kernel stacks: what lies between
 * guard pages.
 */
#include "cpu.h"
#include "heap.h"
#include "ktest.h"
#include "page.h"
#include "string.h"
#include "test_mm.h"
#include "thread.h"
#include "vm.h"

/* ---- areas ---- */

static void test_vm_guards(struct ktest *t)
{
	size_t used = memory_used();
	void *below = vm_alloc(1);
	char *area = vm_alloc(3);
	uintptr_t start = (uintptr_t)area, end = start + 3 * PAGE_SIZE;

	ASSERT(t, area);
	EXPECT(t, vm_readable(start, 3 * PAGE_SIZE));
	EXPECT(t, !vm_readable(start - 1, 1));
	EXPECT(t, !vm_readable(end, 1));
	EXPECT(t, !vm_readable(start - 1, 2));
	EXPECT(t, !vm_readable(end - 1, 2));
	memset(area, 0x77, 3 * PAGE_SIZE);
	vm_free(area, 3);
	EXPECT(t, !vm_readable(start, 1));
	EXPECT(t, !vm_readable(end - 1, 1));

	/* Used again late: a stale pointer faults. */
	char *next = vm_alloc(3);
	EXPECT(t, next != area);
	vm_free(next, 3);
	vm_free(below, 1);
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, vm_guards);

#define AREAS 40
#define AREA_STEPS 1600 /* several times round the window */

struct areas {
	uintptr_t *start[AREAS];
	size_t count[AREAS];
};

static void area_check(struct ktest *t, uintptr_t *start, size_t count)
{
	const size_t words = PAGE_SIZE / sizeof(*start);

	for (size_t i = 0; i < count; i++)
		EXPECT_EQ(t, start[i * words], (uintptr_t)start + i);
	EXPECT(t, !vm_readable((uintptr_t)start - 1, 1));
	EXPECT(t, !vm_readable((uintptr_t)(start + count * words), 1));
}

static void area_toggle(struct ktest *t, struct areas *a, size_t slot,
			size_t count)
{
	const size_t words = PAGE_SIZE / sizeof(uintptr_t);
	uintptr_t *start = a->start[slot];

	if (start) {
		area_check(t, start, a->count[slot]);
		vm_free(start, a->count[slot]);
		a->start[slot] = NULL;
		return;
	}
	start = a->start[slot] = vm_alloc(count);
	a->count[slot] = count;
	for (size_t i = 0; start && i < count; i++)
		start[i * words] = (uintptr_t)start + i;
}

static void test_vm_random(struct ktest *t)
{
	static struct areas a;
	struct random r = random_seeded(t->seed);
	size_t used = memory_used(), tables = vm_table_count();
	size_t count = heap_object_count();

	/* One that stays, and is met again on the next time round. */
	void *anchor = vm_alloc(1);

	for (int step = 0; step < AREA_STEPS; step++)
		area_toggle(t, &a, random_below(&r, AREAS),
			    1 + random_below(&r, 12));
	for (size_t slot = 0; slot < AREAS; slot++)
		if (a.start[slot])
			area_toggle(t, &a, slot, 0);
	vm_free(anchor, 1);
	EXPECT_EQ(t, memory_used(), used);
	EXPECT_EQ(t, heap_object_count(), count);

	/* The addresses stay in their window: at most 16 MiB of them,
	 * eight page tables under one page directory. */
	EXPECT(t, vm_table_count() <= tables + 9);
}
KTEST(mm, vm_random);

static void test_vm_exhaustion(struct ktest *t)
{
	size_t used = memory_used();
	size_t count = heap_object_count();

	EXPECT(t, vm_alloc(0) == NULL);
	EXPECT(t, vm_alloc(page_free_count() + 1) == NULL);
	EXPECT(t, vm_alloc(SIZE_MAX / PAGE_SIZE) == NULL);
	EXPECT_EQ(t, memory_used(), used);
	EXPECT_EQ(t, heap_object_count(), count);

	struct list_head blocks = LIST_INIT(blocks);

	memory_take_all(&blocks);
	void *area = vm_alloc(1);
	uintptr_t stack = vm_stack_alloc();
	memory_give_back(&blocks);
	EXPECT(t, area == NULL);
	EXPECT(t, stack == 0);
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, vm_exhaustion);

/* ---- stacks ---- */

static void test_stack_guard(struct ktest *t)
{
	uintptr_t a = vm_stack_alloc(), b = vm_stack_alloc(), found = 0;

	ASSERT(t, a && b);
	EXPECT(t, a != b);
	EXPECT_EQ(t, a % STACK_SIZE, 0);
	EXPECT(t, vm_readable(a, STACK_SIZE));
	EXPECT(t, !vm_readable(a - 1, 1));
	EXPECT(t, !vm_readable(a + STACK_SIZE, 1));
	EXPECT(t, !vm_stack_guard(a, &found));
	EXPECT(t, !vm_stack_guard(a + STACK_SIZE - 1, &found));
	EXPECT(t, !vm_stack_guard(VM_AREA, &found));
	EXPECT(t, vm_stack_guard(a - 1, &found));
	EXPECT_EQ(t, found, a);
	EXPECT(t, vm_stack_guard(b - STACK_SLOT_SIZE + STACK_SIZE, &found));
	EXPECT_EQ(t, found, b);

	/* The next thread gets the stack that is still in the cache. */
	vm_stack_free(b);
	EXPECT_EQ(t, vm_stack_alloc(), b);
	vm_stack_free(a);
	vm_stack_free(b);
}
KTEST(mm, stack_guard);

#define STACKS 700

static void test_stack_many(struct ktest *t)
{
	static uintptr_t stacks[STACKS];
	size_t used = memory_used(), tables;
	size_t count = MIN(page_free_count() / 8, (size_t)STACKS), made = 0;
	struct random r = random_seeded(t->seed);

	for (int round = 0; round < 2; round++) {
		tables = vm_table_count();
		for (made = 0; made < count; made++) {
			stacks[made] = vm_stack_alloc();
			if (!stacks[made])
				break;
			*(uintptr_t *)stacks[made] = stacks[made];
		}
		EXPECT_EQ(t, made, count);
		for (; made > 0; made--) {
			size_t i = random_below(&r, made);

			EXPECT_EQ(t, *(uintptr_t *)stacks[i], stacks[i]);
			vm_stack_free(stacks[i]);
			stacks[i] = stacks[made - 1];
		}
		EXPECT_EQ(t, memory_used(), used);
	}
	/* The second round found its slots, and their tables, again. */
	EXPECT_EQ(t, vm_table_count(), tables);
}
KTEST(mm, stack_many);

/* ---- all CPUs at once ---- */

/* Few, and divided among the CPUs: each flush waits for all of them, which is
 * slow where the host has fewer. */
#define WORKER_STEPS 100
#define WORKER_AREAS 5

struct vm_worker {
	struct ktest *t;
	struct thread *thread;
	struct random random;
	struct areas areas;
};

static void vm_worker_run(void *arg)
{
	struct vm_worker *w = arg;

	for (unsigned int left = WORKER_STEPS / cpu_count; left > 0; left--) {
		area_toggle(w->t, &w->areas,
			    random_below(&w->random, WORKER_AREAS),
			    1 + random_below(&w->random, 4));
		uintptr_t stack = vm_stack_alloc();

		if (stack)
			vm_stack_free(stack);
		if (random_below(&w->random, 8) == 0)
			vm_stack_trim();
	}
	for (size_t slot = 0; slot < WORKER_AREAS; slot++)
		if (w->areas.start[slot])
			area_toggle(w->t, &w->areas, slot, 0);
}

/* All CPUs map and unmap, and so flush each other's TLBs, at once. */
static void test_vm_cpus(struct ktest *t)
{
	static struct vm_worker workers[MAX_CPUS];
	size_t used = memory_used();
	unsigned int started = 0;

	for (; started < cpu_count; started++) {
		struct vm_worker *w = &workers[started];

		w->t = t;
		w->random = random_seeded(t->seed * MAX_CPUS + started);
		if (thread_spawn_on(started, &w->thread, "vm_worker",
				    vm_worker_run, w))
			break;
	}
	EXPECT_EQ(t, started, cpu_count);
	while (started-- > 0)
		thread_join(workers[started].thread);
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, vm_cpus, .min_cpus = 2, .seeds = 1);

/* ---- mistakes: each of these ends in a panic that names it ---- */

static void test_vm_free_twice(struct ktest *t)
{
	void *area = vm_alloc(1);

	ASSERT(t, area);
	vm_free(area, 1);
	vm_free(area, 1);
}
KTEST(mm, vm_free_twice, .manual = true);

static void test_stack_free_twice(struct ktest *t)
{
	uintptr_t stack = vm_stack_alloc();

	ASSERT(t, stack);
	vm_stack_free(stack);
	vm_stack_free(stack);
}
KTEST(mm, stack_free_twice, .manual = true);
