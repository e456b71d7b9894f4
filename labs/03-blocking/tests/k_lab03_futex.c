/*
 * k_lab03_futex.c - what the tests of the futex engine share: lab03_futex.h.
 */
#include "lab03_futex.h"

#include "aspace.h"
#include "uaccess.h"

#define PROT_RW 3
#define ANONYMOUS 0x22 /* MAP_PRIVATE | MAP_ANONYMOUS */
#define WORDS_USED 64

uintptr_t word(const struct memory *m, unsigned int n)
{
	return m->words + n * sizeof(uint32_t);
}

struct futex_key key(const struct memory *m, unsigned int n)
{
	return (struct futex_key){m->p.aspace, word(m, n)};
}

static bool memory_map(struct memory *m, struct ktest *t)
{
	long words;

	m->t = t;
	if (pretended_init(&m->p)) {
		FAIL(t, "no memory");
		return false;
	}
	words = aspace_map(m->p.aspace, 0, MEMORY_PAGES * PAGE_SIZE, PROT_RW,
			   ANONYMOUS, NULL, 0);
	m->words = words;
	CHECK(t, words > 0, "no memory");
	pretend_begin(&m->p);
	return true;
}

bool memory_begin(struct memory *m, struct ktest *t)
{
	if (t->strategy == SCHED_EXPLORE) {
		ktest_skip(t, "tests with processes cannot be explored");
		return false;
	}
	return memory_map(m, t);
}

bool memory_begin_kernel(struct memory *m, struct ktest *t)
{
	if (cpu_count > 1) {
		ktest_skip(t, "needs one CPU, whose address space it uses");
		return false;
	}
	if (!memory_map(m, t))
		return false;
	word_set(m, 0, 0); /* brings the page in */
	current->proc = NULL;
	return true;
}

void memory_end(struct memory *m)
{
	pretend_end();
	pretended_free(&m->p);
}

void word_set(struct memory *m, unsigned int n, uint32_t value)
{
	if (put_user(value, word(m, n)))
		FAIL(m->t, "the test cannot write word %u", n);
}

uint32_t word_get(struct memory *m, unsigned int n)
{
	uint32_t value = 0;

	if (user_load32(word(m, n), &value))
		FAIL(m->t, "the test cannot read word %u", n);
	return value;
}

/* Deep in the stack, so that what the thread does afterwards does not overwrite
 * a waiter that has been left in its bucket: the next wake-up will count it. */
static int wait(struct caller *c)
{
	struct futex_caller *w = container_of(c, struct futex_caller, c);
	struct futex_key k = key(w->memory, w->word);
	char unused[2048];

	asm volatile("" : : "r"(unused)); /* ... but there */
	return futex_wait(&k, word(w->memory, w->word), w->value, w->bitset,
			  caller_deadline(c));
}

void futex_start(struct memory *m, struct futex_caller *w, unsigned int n)
{
	w->c.call = wait;
	w->c.pretends = &m->p;
	w->memory = m;
	w->word = n;
	if (!w->bitset)
		w->bitset = ANY;
	caller_start(m->t, &w->c);
}

void futex_bed(struct memory *m, struct futex_caller *w, unsigned int n)
{
	futex_start(m, w, n);
	await_asleep(m->t, w->c.thread);
}

void futex_end(struct memory *m, struct futex_caller *w, unsigned int n)
{
	for (unsigned int i = 0; i < WORDS_USED; i++) {
		struct futex_key k = key(m, i);

		futex_wake(&k, WAKE_ALL, ANY);
	}
	/* A waiter that nothing wakes ends as those of a process that ends. */
	for (unsigned int i = 0; i < n && m->t->failures; i++)
		if (!w[i].c.returned)
			pretended_kill(&m->p, w[i].c.thread);
	for (unsigned int i = 0; i < n; i++)
		thread_join(w[i].c.thread);
	m->p.state = PROCESS_RUNNING;
}

void expect_wakes(struct memory *m, unsigned int n, unsigned int count,
		  uint32_t bitset, long want)
{
	struct futex_key k = key(m, n);
	long got = futex_wake(&k, count, bitset);

	CHECK(m->t, got == want,
	      "futex_wake(word %u, %u, bitset %x): expected %ld, got %ld", n,
	      count, bitset, want, got);
}
