/*
 * k_classics.c - exercise 3.2: problems that every course on concurrency has.
 *
 * They use what the other tests look at one by one, together, and with many
 * threads.  The programs themselves are right; what can go wrong is beneath
 * them.
 */
#include "lab03.h"

#include "string.h"

/* ---- the bounded buffer, by a mutex and two conditions ---- */

#define ROOM 3
#define EACH 6 /* that a producer makes, and a consumer takes */
#define MAX_SIDE 4

struct buffer {
	struct ktest *t;
	struct mutex m;
	struct condition not_full, not_empty;
	/* Need m. */
	unsigned int slots[ROOM], first, count;
	unsigned int producers; /* that have begun */
	unsigned char taken[MAX_SIDE * EACH];
	/* By semaphores instead. */
	struct semaphore free, used;
};

static void check_taken(const struct buffer *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (b->taken[i] != 1) {
			FAIL(b->t,
			     "item %u of %u was taken %u times out of the "
			     "buffer instead of once",
			     i, n, b->taken[i]);
			return;
		}
}

static void put(struct buffer *b, unsigned int item)
{
	b->slots[(b->first + b->count++) % ROOM] = item;
	CHECK(b->t, b->count <= ROOM, "%u items in a buffer for %u", b->count,
	      ROOM);
}

static void take(struct buffer *b)
{
	unsigned int item = b->slots[b->first];

	CHECK(b->t, b->count > 0, "an item was taken out of an empty buffer");
	if (b->count == 0 || item >= sizeof(b->taken))
		return;
	b->first = (b->first + 1) % ROOM;
	b->count--;
	b->taken[item]++;
}

static void produce(void *arg)
{
	struct buffer *b = arg;
	unsigned int item;

	mutex_lock(&b->m);
	item = b->producers++ * EACH;
	for (unsigned int i = 0; i < EACH; i++) {
		while (b->count == ROOM && !b->t->failures)
			if (condition_wait(&b->not_full, &b->m))
				FAIL(b->t, "condition_wait() has failed");
		put(b, item + i);
		condition_signal(&b->not_empty);
	}
	mutex_unlock(&b->m);
}

static void consume(void *arg)
{
	struct buffer *b = arg;

	for (unsigned int i = 0; i < EACH; i++) {
		mutex_lock(&b->m);
		while (b->count == 0 && !b->t->failures)
			if (condition_wait(&b->not_empty, &b->m))
				FAIL(b->t, "condition_wait() has failed");
		take(b);
		condition_signal(&b->not_full);
		mutex_unlock(&b->m);
	}
}

static void run_buffer(struct buffer *b, unsigned int sides,
		       void (*producer)(void *), void (*consumer)(void *))
{
	struct thread *threads[2 * MAX_SIDE];

	mutex_init(&b->m, "buffer");
	condition_init(&b->not_full, "not full");
	condition_init(&b->not_empty, "not empty");
	sem_init(&b->free, "free places", ROOM);
	sem_init(&b->used, "used places", 0);
	for (unsigned int i = 0; i < 2 * sides; i++)
		threads[i] = spawn(i % 2 ? "producer" : "consumer",
				   i % 2 ? producer : consumer, b);
	for (unsigned int i = 0; i < 2 * sides; i++)
		thread_join(threads[i]);
	check_taken(b, sides * EACH);
}

/* ---- the same by semaphores, as Dijkstra did it ---- */

static void produce_by_semaphores(void *arg)
{
	struct buffer *b = arg;
	unsigned int item;

	mutex_lock(&b->m);
	item = b->producers++ * EACH;
	mutex_unlock(&b->m);
	for (unsigned int i = 0; i < EACH; i++) {
		sem_down(&b->free);
		mutex_lock(&b->m);
		put(b, item + i);
		mutex_unlock(&b->m);
		sem_up(&b->used);
	}
}

static void consume_by_semaphores(void *arg)
{
	struct buffer *b = arg;

	for (unsigned int i = 0; i < EACH; i++) {
		sem_down(&b->used);
		mutex_lock(&b->m);
		take(b);
		mutex_unlock(&b->m);
		sem_up(&b->free);
	}
}

/* Every second seed each. */
static void test_bounded_buffer(struct ktest *t)
{
	struct buffer b = {.t = t};
	unsigned int sides = 1 + t->seed / 2 % MAX_SIDE;

	if (t->seed % 2)
		run_buffer(&b, sides, produce, consume);
	else
		run_buffer(&b, sides, produce_by_semaphores,
			   consume_by_semaphores);
}
KTEST(lab03, bounded_buffer, .seeds = 50);

/* ---- the dining philosophers ---- */

#define PHILOSOPHERS 5
#define MEALS 3

struct table {
	struct ktest *t;
	struct mutex forks[PHILOSOPHERS];
	unsigned int owner[PHILOSOPHERS]; /* who eats with it, 0: nobody */
	unsigned int seated, meals;       /* atomic */
};

static void take_fork(struct table *table, unsigned int fork, unsigned int me)
{
	EXPECT_RESULT(table->t, mutex_lock(&table->forks[fork]), 0,
		      "the neighbour puts it down in time");
	CHECK(table->t, table->owner[fork] == 0,
	      "philosophers %u and %u have the same fork", me,
	      table->owner[fork]);
	table->owner[fork] = me;
}

static void put_fork(struct table *table, unsigned int fork)
{
	table->owner[fork] = 0;
	mutex_unlock(&table->forks[fork]);
}

/* Each takes the fork with the lower number first: so no circle can close. */
static void dine(void *arg)
{
	struct table *table = arg;
	unsigned int me =
		__atomic_add_fetch(&table->seated, 1, __ATOMIC_SEQ_CST);
	unsigned int left = me - 1, right = me % PHILOSOPHERS;

	for (unsigned int i = 0; i < MEALS; i++) {
		take_fork(table, MIN(left, right), me);
		take_fork(table, MAX(left, right), me);
		sched_point(POINT_ACCESS, table);
		__atomic_add_fetch(&table->meals, 1, __ATOMIC_SEQ_CST);
		put_fork(table, left);
		put_fork(table, right);
	}
}

static void test_philosophers(struct ktest *t)
{
	struct table table = {.t = t};

	for (unsigned int i = 0; i < PHILOSOPHERS; i++)
		mutex_init(&table.forks[i], "fork");
	run_threads(PHILOSOPHERS, dine, &table);
	CHECK(t, table.meals == PHILOSOPHERS * MEALS,
	      "%u meals instead of %u were eaten", table.meals,
	      PHILOSOPHERS * MEALS);
}
KTEST(lab03, philosophers, .seeds = 50);
