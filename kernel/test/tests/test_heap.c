/*
 * test_heap.c - tests of kmalloc and kfree.
 *
 * Objects are filled with bytes that tell whose they are, and these are looked
 * at before the object is freed: objects that overlap, or an allocator that
 * writes into them, show.
 */
#include "cpu.h"
#include "heap.h"
#include "ktest.h"
#include "page.h"
#include "sanitize.h"
#include "string.h"
#include "test_mm.h"
#include "thread.h"

#define SLOTS 96
#define LARGEST 9000
#define STEPS 1500

struct object {
	uint8_t *ptr;
	size_t size;
	uint8_t fill;
};

static void object_alloc(struct ktest *t, struct object *o, size_t size,
			 uint8_t fill)
{
	*o = (struct object){kmalloc(size), size, fill};
	if (!o->ptr)
		return;
	EXPECT_EQ(t, (uintptr_t)o->ptr % (size > 2048 ? PAGE_SIZE : 16), 0);
	memset(o->ptr, fill, size);
}

static void object_free(struct ktest *t, struct object *o)
{
	size_t wrong = 0;

	for (size_t i = 0; i < o->size; i++)
		wrong += o->ptr[i] != o->fill;
	EXPECT_EQ(t, wrong, 0);
	kfree(o->ptr);
	o->ptr = NULL;
}

/* Small sizes are the usual ones. */
static size_t random_size(struct random *r)
{
	return 1 + random_below(r, 1 + random_below(r, LARGEST));
}

static void objects_run(struct ktest *t, struct object *objects,
			struct random *r, unsigned int steps)
{
	for (; steps > 0; steps--) {
		struct object *o = &objects[random_below(r, SLOTS)];

		if (o->ptr)
			object_free(t, o);
		else
			object_alloc(t, o, random_size(r),
				     random_below(r, 256));
	}
	for (size_t i = 0; i < SLOTS; i++)
		if (objects[i].ptr)
			object_free(t, &objects[i]);
}

static void test_heap_random(struct ktest *t)
{
	static struct object objects[SLOTS];
	struct random r = random_seeded(t->seed);
	size_t count = heap_object_count();
	size_t used = memory_used();

	objects_run(t, objects, &r, STEPS);
	EXPECT_EQ(t, heap_object_count(), count);
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, heap_random);

/* Around each power of two, and each multiple of 16: the last byte is there,
 * and the next object does not begin in it. */
static void test_heap_sizes(struct ktest *t)
{
	size_t count = heap_object_count();

	for (size_t size = 0; size <= 2 * PAGE_SIZE; size += 1 + size / 5) {
		struct object a, b;

		object_alloc(t, &a, size, 0x11);
		object_alloc(t, &b, size, 0x22);
		ASSERT(t, a.ptr && b.ptr);
		EXPECT(t, a.ptr != b.ptr);
		EXPECT_EQ(t, heap_object_count(), count + 2);
		object_free(t, &a);
		object_free(t, &b);
	}
	EXPECT_EQ(t, heap_object_count(), count);
}
KTEST(mm, heap_sizes);

static void test_heap_zeroed(struct ktest *t)
{
	const size_t size = 500;
	uint8_t *dirty = kmalloc(size);

	ASSERT(t, dirty);
	memset(dirty, 0xff, size);
	kfree(dirty);
	if (SANITIZING)
		heap_trim(); /* it keeps the object back */

	uint8_t *zeroed = kzalloc(size);
	size_t nonzero = 0;

	EXPECT(t, zeroed == dirty);
	ASSERT(t, zeroed);
	for (size_t i = 0; i < size; i++)
		nonzero += zeroed[i] != 0;
	EXPECT_EQ(t, nonzero, 0);
	kfree(zeroed);
}
KTEST(mm, heap_zeroed);

/* Only one empty slab of a class is kept, and heap_trim gives that back. */
static void test_heap_trim(struct ktest *t)
{
	static void *objects[200];
	size_t used = memory_used();

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		objects[i] = kmalloc(1024);
		ASSERT(t, objects[i]);
	}
	EXPECT(t, memory_used() > used + ARRAY_SIZE(objects) / 8);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i]);
	heap_trim();
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, heap_trim);

/* The room in slabs that were full is found again. */
static void test_heap_refill(struct ktest *t)
{
	static void *objects[100];
	const size_t size = 1000;

	if (SANITIZING) {
		ktest_skip(t, "the sanitizer keeps back what is freed");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmalloc(size);
	size_t used = memory_used();
	for (size_t i = 0; i < ARRAY_SIZE(objects); i += 2)
		kfree(objects[i]);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i += 2)
		objects[i] = kmalloc(size);
	EXPECT_EQ(t, memory_used(), used);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		EXPECT(t, objects[i]);
		kfree(objects[i]);
	}
}
KTEST(mm, heap_refill);

static void test_heap_exhaustion(struct ktest *t)
{
	struct list_head blocks = LIST_INIT(blocks);
	size_t used = memory_used(), refused = 0;
	void *chain = NULL;

	memory_take_all(&blocks);
	for (size_t size = 16; size <= PAGE_SIZE; size *= 2) {
		void **object;

		/* What partly used slabs still have. */
		while ((object = kmalloc(size))) {
			*object = chain;
			chain = object;
		}
		refused++;
	}
	memory_give_back(&blocks);
	while (chain) {
		void *next = *(void **)chain;

		kfree(chain);
		chain = next;
	}
	EXPECT_EQ(t, refused, 9);
	EXPECT_EQ(t, memory_used(), used);
	EXPECT(t, kmalloc(SIZE_MAX) == NULL);
	EXPECT(t, kmalloc(((size_t)PAGE_SIZE << MAX_ORDER) + 1) == NULL);
}
KTEST(mm, heap_exhaustion);

/* ---- several CPUs: objects are freed where they were not allocated ---- */

#define PASSED 64

struct heap_worker {
	struct ktest *t;
	struct thread *thread;
	struct random random;
	struct object objects[SLOTS];
};

/* Taken and put with an atomic exchange: each object has one owner. */
static uint64_t *passed[PASSED];

static void heap_worker_run(void *arg)
{
	struct heap_worker *w = arg;
	unsigned int steps = STEPS / cpu_count;

	for (unsigned int left = steps; left > 0; left--) {
		size_t words = 1 + random_below(&w->random, 40);
		uint64_t *mine = kmalloc((words + 1) * sizeof(*mine));

		if (!mine)
			continue;
		mine[0] = words;
		for (size_t i = 1; i <= words; i++)
			mine[i] = (uintptr_t)mine;
		uint64_t *old = __atomic_exchange_n(
			&passed[random_below(&w->random, PASSED)], mine,
			__ATOMIC_ACQ_REL);
		for (size_t i = 1; old && i <= old[0]; i++)
			EXPECT_EQ(w->t, old[i], (uintptr_t)old);
		kfree(old);
	}
	objects_run(w->t, w->objects, &w->random, steps);
}

static void test_heap_cpus(struct ktest *t)
{
	static struct heap_worker workers[MAX_CPUS];
	size_t count = heap_object_count(), used = memory_used();
	unsigned int started = 0;

	for (; started < cpu_count; started++) {
		struct heap_worker *w = &workers[started];

		w->t = t;
		w->random = random_seeded(t->seed * MAX_CPUS + started);
		if (thread_spawn_on(started, &w->thread, "heap_worker",
				    heap_worker_run, w))
			break;
	}
	EXPECT_EQ(t, started, cpu_count);
	while (started-- > 0)
		thread_join(workers[started].thread);
	for (size_t i = 0; i < PASSED; i++) {
		kfree(passed[i]);
		passed[i] = NULL;
	}
	EXPECT_EQ(t, heap_object_count(), count);
	EXPECT_EQ(t, memory_used(), used);
}
KTEST(mm, heap_cpus, .min_cpus = 2, .seeds = 3);

/* ---- mistakes: each of these ends in a panic that names it ---- */

static void test_kfree_twice(struct ktest *t)
{
	char *object = kmalloc(40);

	ASSERT(t, object);
	kfree(object);
	kfree(object);
}
KTEST(mm, kfree_twice, .manual = true);

static void test_kfree_large_twice(struct ktest *t)
{
	char *object = kmalloc(3 * PAGE_SIZE);

	ASSERT(t, object);
	kfree(object);
	kfree(object);
}
KTEST(mm, kfree_large_twice, .manual = true);

static void test_kfree_inside(struct ktest *t)
{
	char *object = kmalloc(40);

	ASSERT(t, object);
	kfree(object + 8);
}
KTEST(mm, kfree_inside, .manual = true);

static void test_kfree_wild(struct ktest *t)
{
	char object[16];

	kfree(object);
}
KTEST(mm, kfree_wild, .manual = true);

static void test_write_after_kfree(struct ktest *t)
{
	uint64_t *object = kmalloc(40);

	ASSERT(t, object);
	kfree(object);
	*(volatile uint64_t *)object = 1;
	object = kmalloc(40);
}
KTEST(mm, write_after_kfree, .manual = true);

/* The pointer that is read from a freed object is none. */
static void test_use_after_kfree(struct ktest *t)
{
	struct node {
		struct node *volatile next;
		uint64_t value;
	} *a = kzalloc(sizeof(*a));

	ASSERT(t, a);
	a->next = a;
	kfree(a);
	a->next->value = 1;
}
KTEST(mm, use_after_kfree, .manual = true);
