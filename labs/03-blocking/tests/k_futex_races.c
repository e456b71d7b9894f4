/*
 * k_futex_races.c - exercise 3.3: no wake-up is lost; and what one costs.
 */
#include "lab03_futex.h"

#include "aspace.h"
#include "heap.h"
#include "uaccess.h"

/* ---- the word changes while somebody looks at it ---- */

#define TURNS 8

/* atomic: the counts */
struct rally {
	struct memory m;
	unsigned int begun, woken, returned;
};

static void hit(struct rally *r, uint32_t value)
{
	struct futex_key k = key(&r->m, 0);
	uint32_t old;

	if (user_exchange32(word(&r->m, 0), value, &old))
		FAIL(r->m.t, "the test cannot write its word");
	__atomic_add_fetch(&r->woken, futex_wake(&k, 1, ANY), __ATOMIC_SEQ_CST);
}

/* Word 0 says whose turn it is. */
static void play(void *arg)
{
	struct rally *r = arg;
	unsigned int me = __atomic_fetch_add(&r->begun, 1, __ATOMIC_SEQ_CST);
	struct futex_key k = key(&r->m, 0);

	pretend_begin(&r->m.p);
	for (unsigned int i = 0; i < TURNS; i++) {
		while (word_get(&r->m, 0) != me) {
			int result = futex_wait(&k, word(&r->m, 0), !me, ANY,
						WAIT_FOREVER);

			CHECK(r->m.t, result == 0 || result == -EAGAIN,
			      "futex_wait() returned %s", result_name(result));
			__atomic_add_fetch(&r->returned, result == 0,
					   __ATOMIC_SEQ_CST);
		}
		hit(r, !me);
	}
	pretend_end();
}

static void test_futex_no_wakeup_lost(struct ktest *t)
{
	struct rally r = {.begun = 0};

	if (!memory_begin(&r.m, t))
		return;
	run_threads(2, play, &r);
	CHECK(t, r.woken == r.returned,
	      "futex_wake() says that it has woken %u, but %u calls of "
	      "futex_wait() returned 0",
	      r.woken, r.returned);
	memory_end(&r.m);
}
KTEST(lab03, futex_no_wakeup_lost, .seeds = 50);

/* ---- the same, small enough for all orders ---- */

/*
 * These are threads of the kernel, which look at the word by the address space
 * that is active: a run of a search may be given up with all its threads, but
 * not with those of a process.  What it leaves in the buckets is forgotten.
 */
struct note {
	struct memory m;
	unsigned int woken, returned;
};

static bool given_up; /* was the last run? */

static void note_read(void *arg)
{
	struct note *n = arg;
	struct futex_key k = key(&n->m, 0);

	while (word_get(&n->m, 0) == 0)
		n->returned += futex_wait(&k, word(&n->m, 0), 0, ANY,
					  WAIT_FOREVER) == 0;
}

static void note_write(void *arg)
{
	struct note *n = arg;
	struct futex_key k = key(&n->m, 0);
	uint32_t old;

	if (user_exchange32(word(&n->m, 0), 1, &old))
		FAIL(n->m.t, "the test cannot write its word");
	n->woken += futex_wake(&k, 1, ANY);
}

static void test_futex_wake_meets_wait(struct ktest *t)
{
	struct note n = {.woken = 0};
	struct thread *reader, *writer;

	if (!memory_begin_kernel(&n.m, t))
		return;
	if (given_up)
		futex_init();
	given_up = true;
	reader = spawn("reader", note_read, &n);
	writer = spawn("writer", note_write, &n);
	thread_join(reader);
	thread_join(writer);
	CHECK(t, n.woken == n.returned,
	      "futex_wake() says that it has woken %u, but %u calls of "
	      "futex_wait() returned 0",
	      n.woken, n.returned);
	memory_end(&n.m);
	given_up = false;
}
KTEST(lab03, futex_wake_meets_wait);

/* ---- the word changes while a requeue looks at it ---- */

/*
 * The requeue moves a waiter only if word 0 is 0.  The waiter first makes it 1
 * and then waits for the 1.  So whatever the order is, that waiter must not be
 * moved: the program has told the kernel that it means others.  Word 0 becomes
 * 2 when the waiter shall go.
 */
struct change {
	struct memory m;
	long moved, woken;
	int waited; /* what futex_wait() returned */
};

static uint32_t exchange(struct change *c, uint32_t value)
{
	uint32_t old = 0;

	if (user_exchange32(word(&c->m, 0), value, &old))
		FAIL(c->m.t, "the test cannot write its word");
	return old;
}

static void change_and_wait(void *arg)
{
	struct change *c = arg;
	struct futex_key k = key(&c->m, 0);

	if (exchange(c, 1) == 0)
		c->waited =
			futex_wait(&k, word(&c->m, 0), 1, ANY, WAIT_FOREVER);
}

static void requeue_if_0(void *arg)
{
	struct change *c = arg;
	struct futex_key from = key(&c->m, 0), to = key(&c->m, 1);
	struct futex_compare compare = {word(&c->m, 0), 0};

	c->moved = futex_requeue(&from, &to, 0, WAKE_ALL, &compare);
	exchange(c, 2);
	c->woken = futex_wake(&from, WAKE_ALL, ANY);
	c->woken += futex_wake(&to, WAKE_ALL, ANY); /* or it never ends */
}

static void test_futex_requeue_meets_change(struct ktest *t)
{
	struct change c = {.waited = -EAGAIN};
	struct thread *requeues, *waits;

	if (!memory_begin_kernel(&c.m, t))
		return;
	if (given_up)
		futex_init();
	given_up = true;
	requeues = spawn("requeues", requeue_if_0, &c);
	waits = spawn("waits", change_and_wait, &c);
	thread_join(requeues);
	thread_join(waits);
	CHECK(t, c.moved == 0 || c.moved == -EAGAIN,
	      "futex_requeue(move all, if the word is 0), and one waiter, "
	      "which "
	      "made it 1 before it came: expected 0 or -EAGAIN, got %ld: the "
	      "word was looked at too early",
	      c.moved);
	CHECK(t, c.waited == 0 || c.waited == -EAGAIN,
	      "futex_wait() returned %s", result_name(c.waited));
	CHECK(t, c.woken == (c.waited == 0),
	      "futex_wait() returned %s, and futex_wake() says that it has "
	      "woken %ld",
	      result_name(c.waited), c.woken);
	memory_end(&c.m);
	given_up = false;
}
KTEST(lab03, futex_requeue_meets_change, .seeds = 50);

/* ---- a page comes in, and meanwhile the word changes ---- */

/*
 * The reader waits on the first word of each page, which nobody has touched:
 * so it must bring the page in.  As soon as it begins, the writer changes the
 * word and wakes.
 */
struct book {
	struct memory m;
	unsigned int begun, done; /* pages, of the reader; atomic */
	unsigned int returned;    /* with 0; the reader's */
	unsigned int woken;       /* the writer's */
};

static unsigned int count_get(const unsigned int *count)
{
	return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static void read_pages(void *arg)
{
	struct book *b = arg;

	pretend_begin(&b->m.p);
	for (unsigned int i = 0; i < MEMORY_PAGES; i++) {
		unsigned int n = WORD_OF_PAGE(i);
		struct futex_key k = key(&b->m, n);
		int result;

		__atomic_store_n(&b->begun, i + 1, __ATOMIC_SEQ_CST);
		result = futex_wait(&k, word(&b->m, n), 0, ANY, WAIT_FOREVER);
		CHECK(b->m.t, result == 0 || result == -EAGAIN,
		      "futex_wait() on a page that was not in memory: expected "
		      "0 or -EAGAIN, got %s",
		      result_name(result));
		b->returned += result == 0;
		__atomic_store_n(&b->done, i + 1, __ATOMIC_SEQ_CST);
	}
	pretend_end();
}

static void write_page(struct book *b, unsigned int i)
{
	unsigned int n = WORD_OF_PAGE(i);
	struct futex_key k = key(&b->m, n);

	while (count_get(&b->begun) <= i) {
		thread_yield();
		cpu_relax();
	}
	word_set(&b->m, n, 1);
	b->woken += futex_wake(&k, 1, ANY);
	if (EVENTUALLY(b->m.t, count_get(&b->done) > i))
		return;
	FAIL(b->m.t,
	     "the word of a page that was not in memory became 1, and "
	     "futex_wake() was called, but the thread that began to wait "
	     "for 0 sleeps: the word must be looked at again, under the lock, "
	     "when the page is there");
	while (count_get(&b->done) <= i) {
		b->woken += futex_wake(&k, 1, ANY);
		thread_yield();
		cpu_relax();
	}
}

/* Throws the page away again and again, while a thread looks at its word, which
 * is 0 each time: also when it has been fetched and is gone again. */
#define LOOKS 12

static void look_at_page(void *arg)
{
	struct book *b = arg;
	struct futex_key k = key(&b->m, 0);

	pretend_begin(&b->m.p);
	for (unsigned int i = 0; i < LOOKS; i++) {
		int result = futex_wait(&k, word(&b->m, 0), 0, ANY, 1);

		CHECK(b->m.t, result == -ETIMEDOUT,
		      "futex_wait() of a word that is 0, for 0, with a "
		      "deadline "
		      "in the past, while its page comes and goes: expected "
		      "-ETIMEDOUT, got %s",
		      result_name(result));
	}
	__atomic_store_n(&b->done, 1, __ATOMIC_SEQ_CST);
	pretend_end();
}

static void throw_page_away(struct book *b)
{
	while (!count_get(&b->done)) {
		if (aspace_discard(b->m.p.aspace, b->m.words, PAGE_SIZE))
			FAIL(b->m.t, "the test cannot discard its page");
		thread_yield();
		cpu_relax();
	}
}

static void test_futex_page_looked_at_again(struct ktest *t)
{
	struct book b = {.begun = 0}, loose = {.begun = 0};
	struct thread *reader;

	if (!memory_begin(&b.m, t))
		return;
	reader = spawn("reads", read_pages, &b);
	for (unsigned int i = 0; i < MEMORY_PAGES; i++)
		write_page(&b, i);
	thread_join(reader);
	CHECK(t, b.woken == b.returned,
	      "futex_wake() says that it has woken %u, but %u calls of "
	      "futex_wait() returned 0",
	      b.woken, b.returned);
	memory_end(&b.m);

	if (!memory_begin(&loose.m, t))
		return;
	reader = spawn("looks", look_at_page, &loose);
	throw_page_away(&loose);
	thread_join(reader);
	memory_end(&loose.m);
}
KTEST(lab03, futex_page_looked_at_again, .seeds = 50);

/* ---- moved, timed out and woken, all at the same time ---- */

#define RACERS 4
#define MOVES 8

struct chase {
	struct memory m;
	uint64_t random;
	unsigned int returned, ended; /* with 0; atomic */
	unsigned int woken, chasers;  /* atomic */
};

static void wait_in_a_hurry(void *arg)
{
	struct chase *c = arg;
	struct futex_key k = key(&c->m, 0);

	pretend_begin(&c->m.p);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t random = random_next(&c->random);
		int result = futex_wait(&k, word(&c->m, 0), 0, ANY,
					time_ns() + random % 40000);

		if (result == 0)
			__atomic_add_fetch(&c->returned, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_add_fetch(&c->ended, 1, __ATOMIC_SEQ_CST);
	pretend_end();
}

static bool all_ended(struct chase *c)
{
	return __atomic_load_n(&c->ended, __ATOMIC_SEQ_CST) == RACERS;
}

/* Moves waiters from one of the two words to the other, as chance says, and
 * wakes there.  Two threads do so: they must not block each other. */
static void chase(void *arg)
{
	struct chase *c = arg;
	struct futex_key keys[2] = {key(&c->m, 0), key(&c->m, 1)};
	uint64_t random = c->random +
			  __atomic_add_fetch(&c->chasers, 1, __ATOMIC_SEQ_CST);

	while (!all_ended(c)) {
		unsigned int from = random_next(&random) % 3 == 0;
		unsigned int count = random_next(&random) % 3;
		long woken;

		futex_requeue(&keys[from], &keys[!from], 0, count, NULL);
		woken = futex_wake(&keys[random_next(&random) % 2], 1, ANY);
		__atomic_add_fetch(&c->woken, woken, __ATOMIC_SEQ_CST);
		thread_sleep_until(time_ns() + random_next(&random) % 10000);
	}
}

static void test_futex_requeue_races(struct ktest *t)
{
	struct chase c = {.random = t->seed};
	struct thread *threads[RACERS + 2];

	if (!memory_begin(&c.m, t))
		return;
	for (unsigned int i = 0; i < RACERS; i++)
		threads[i] = spawn("waits", wait_in_a_hurry, &c);
	for (unsigned int i = RACERS; i < RACERS + 2; i++)
		threads[i] = spawn("moves", chase, &c);
	for (unsigned int i = 0; i < RACERS + 2; i++)
		thread_join(threads[i]);
	CHECK(t, c.woken == c.returned,
	      "futex_wake() says that it has woken %u, and %u waiters "
	      "returned 0",
	      c.woken, c.returned);
	memory_end(&c.m);
}
KTEST(lab03, futex_requeue_races, .seeds = 50);

/* ---- what others cost ---- */

#define CROWD 120
#define ASKED 60 /* keys on which nobody waits */

/* How the words of many waiters lie. */
struct spread {
	const char *how;
	size_t distance; /* in bytes; 0: the same address in many processes */
};

static const struct spread spreads[] = {
	{"one after the other", sizeof(uint32_t)},
	{"1 KiB apart", 1024},
	{"a page apart", PAGE_SIZE},
	{"128 KiB apart, as thread stacks", 128 * 1024},
	{"at the same address in many processes", 0},
};

/* Where the address spaces of so many processes might be; nobody looks into
 * them, for a key is compared and not followed. */
static void *spaces[CROWD + ASKED];

static struct futex_key crowd_key(const struct memory *m,
				  const struct spread *spread, unsigned int n)
{
	struct futex_key k = key(m, 0);

	k.offset += n * spread->distance;
	if (spread->distance == 0)
		k.object = spaces[n];
	return k;
}

/* Each one's word is looked at in the same place: what counts is the key. */
struct crowd_caller {
	struct caller c;
	struct memory *m;
	struct futex_key key;
};

static int wait_in_crowd(struct caller *c)
{
	struct crowd_caller *w = container_of(c, struct crowd_caller, c);

	return futex_wait(&w->key, word(w->m, 0), 0, ANY, WAIT_FOREVER);
}

/* The average over many keys on which nobody waits, in cycles. */
static uint64_t wake_cost(struct memory *m, const struct spread *spread)
{
	uint64_t cycles = 0;

	for (unsigned int i = 0; i < ASKED; i++) {
		struct futex_key k = crowd_key(m, spread, CROWD + i);

		intr_push();
		cycles -= time_cycles();
		futex_wake(&k, 1, ANY);
		cycles += time_cycles();
		intr_pop();
	}
	return cycles / ASKED;
}

static void cost_beside_crowd(struct memory *m, const struct spread *spread)
{
	static struct crowd_caller w[CROWD];
	uint64_t alone, crowded;

	wake_cost(m, spread);
	alone = wake_cost(m, spread);
	for (unsigned int i = 0; i < CROWD; i++) {
		w[i] = (struct crowd_caller){
			.c = {.call = wait_in_crowd, .pretends = &m->p},
			.m = m,
			.key = crowd_key(m, spread, i),
		};
		caller_bed(m->t, &w[i].c);
	}
	crowded = wake_cost(m, spread);
	CHECK(m->t, crowded < 2 * alone + 200,
	      "futex_wake() of a word on which nobody waits costs %llu "
	      "cycles, and %llu while %u threads wait on other words, which "
	      "lie %s",
	      (unsigned long long)alone, (unsigned long long)crowded, CROWD,
	      spread->how);
	for (unsigned int i = 0; i < CROWD; i++) {
		long woken = futex_wake(&w[i].key, 1, ANY);

		CHECK(m->t, woken == 1,
		      "futex_wake() of word %u of %u, which lie %s: "
		      "expected 1, got %ld",
		      i, CROWD, spread->how, woken);
	}
	for (unsigned int i = 0; i < CROWD; i++)
		thread_join(w[i].c.thread);
}

static void test_futex_wake_cost(struct ktest *t)
{
	struct memory m;

	if (!ktest_time_is_exact()) {
		ktest_skip(t, "costs are counted in instructions: -icount");
		return;
	}
	if (!memory_begin(&m, t))
		return;
	word_set(&m, 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(spaces); i++)
		spaces[i] = kmalloc(sizeof(struct aspace));
	for (unsigned int i = 0; i < ARRAY_SIZE(spreads) && !t->failures; i++)
		cost_beside_crowd(&m, &spreads[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(spaces); i++)
		kfree(spaces[i]);
	memory_end(&m);
}
KTEST(lab03, futex_wake_cost);
