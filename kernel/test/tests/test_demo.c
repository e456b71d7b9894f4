/*
 * test_demo.c - what the perturbed scheduler shows; and what a switch costs.
 *
 * The demos print what happened and cannot fail by it: tools/check boots them
 * several times and compares.
 */
#include "cpu.h"
#include "ktest.h"
#include "printk.h"
#include "string.h"
#include "thread.h"
#include "time.h"

/* ---- demo/interleave: the order in which three threads pass ---- */

struct interleaving {
	struct core_lock lock;
	char order[64]; /* needs lock, as length */
	unsigned int length;
};

struct walker {
	struct interleaving *all;
	char letter;
};

static void walk(void *arg)
{
	struct walker *w = arg;

	for (unsigned int i = 0; i < 12; i++) {
		core_lock(&w->all->lock);
		w->all->order[w->all->length++] = w->letter;
		core_unlock(&w->all->lock);
	}
}

static void test_interleave(struct ktest *t)
{
	struct interleaving all = {.length = 0};
	struct walker walkers[3];
	struct thread *threads[3];

	core_lock_init(&all.lock, "interleaving", RANK_TEST);
	for (unsigned int i = 0; i < 3; i++) {
		walkers[i] = (struct walker){&all, 'A' + i};
		ASSERT(t, thread_create(&threads[i], "walker", walk,
					&walkers[i]) == 0);
	}
	for (unsigned int i = 0; i < 3; i++)
		thread_start(threads[i]);
	for (unsigned int i = 0; i < 3; i++)
		thread_join(threads[i]);
	all.order[all.length] = '\0';
	printk("# interleaving %s\n", all.order);
	EXPECT_EQ(t, all.length, 36);
}
KTEST(demo, interleave, .manual = true);

/* ---- demo/lost_updates: two CPUs count without a lock ---- */

#define UPDATES 20000

static void count_unlocked(void *arg)
{
	volatile uint64_t *counter = arg;

	for (unsigned int i = 0; i < UPDATES; i++) {
		uint64_t value = *counter;

		sched_point(POINT_ACCESS, arg);
		*counter = value + 1;
	}
}

static void test_lost_updates(struct ktest *t)
{
	uint64_t counter = 0;
	struct thread *threads[2];

	for (unsigned int i = 0; i < 2; i++)
		ASSERT(t, thread_spawn_on(i, &threads[i], "unlocked",
					  count_unlocked, &counter) == 0);
	for (unsigned int i = 0; i < 2; i++)
		thread_join(threads[i]);
	printk("# lost %llu of %u\n", 2 * UPDATES - (unsigned long long)counter,
	       2 * UPDATES);
	EXPECT(t, counter <= 2 * UPDATES);
}
KTEST(demo, lost_updates, .min_cpus = 2, .manual = true);

/* ---- bench/switch: two threads yield to each other ---- */

#define SWITCHES 20000

static void yield_many(void *arg)
{
	for (unsigned int i = 0; i < SWITCHES / 2; i++)
		thread_yield();
}

/* Under -icount shift=0 a cycle is an instruction.  The order of locks, which
 * runs of tests check, is left alone: no switch pays for that otherwise. */
static void test_switch(struct ktest *t)
{
	bool checked = lockorder_set(false);
	struct thread *a, *b;
	uint64_t start;

	ASSERT(t, thread_create(&a, "a", yield_many, NULL) == 0);
	ASSERT(t, thread_create(&b, "b", yield_many, NULL) == 0);
	thread_pin(a, 0);
	thread_pin(b, 0);
	start = time_cycles();
	thread_start(a);
	thread_start(b);
	thread_join(a);
	thread_join(b);
	printk("# bench switch %llu\n",
	       (unsigned long long)((time_cycles() - start) / SWITCHES));
	lockorder_set(checked);
}
KTEST(bench, switch, .manual = true);
