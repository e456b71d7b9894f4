/*
 * lab03_futex.h - what the tests of the futex engine share.
 *
 * The test and its callers pretend to be threads of one process with a few
 * pages of memory, in which each word is a futex.
 */
#ifndef LAB03_FUTEX_H
#define LAB03_FUTEX_H

#include "futex.h"
#include "lab03.h"

#define ANY FUTEX_BITSET_ANY

#define MEMORY_PAGES 16
#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(uint32_t))

/* The first word of a page, from 0 on; of one that is not mapped. */
#define WORD_OF_PAGE(n) ((n) * (unsigned int)WORDS_PER_PAGE)
#define WORD_NOWHERE WORD_OF_PAGE(MEMORY_PAGES + 1)

struct memory {
	struct ktest *t;
	struct process p;
	uintptr_t words;
};

/* A thread that waits on a word. */
struct futex_caller {
	struct caller c;
	struct memory *memory;
	unsigned int word;
	uint32_t value, bitset; /* 0: any */
};

/* The n-th word, and its key. */
uintptr_t word(const struct memory *m, unsigned int n);
struct futex_key key(const struct memory *m, unsigned int n);

/* The calling thread has this memory until memory_end().  False: the test
 * cannot be run, and is told so.  (A run that is explored may be given up with
 * all its threads, but not those of a process.) */
bool memory_begin(struct memory *m, struct ktest *t);
void memory_end(struct memory *m);

/* The same for threads of the kernel, on this one CPU: no thread pretends to be
 * a process's, and so the test can be explored.  Word 0 is 0. */
bool memory_begin_kernel(struct memory *m, struct ktest *t);

void word_set(struct memory *m, unsigned int n, uint32_t value);
uint32_t word_get(struct memory *m, unsigned int n);

/* Starts a thread that waits on the n-th word, which must be w->value; the
 * same, and returns when it sleeps. */
void futex_start(struct memory *m, struct futex_caller *w, unsigned int n);
void futex_bed(struct memory *m, struct futex_caller *w, unsigned int n);

/* Wakes on the words from 0 on whoever still waits, and waits for the end of
 * the n threads; when the test has failed, it kills those that are left. */
void futex_end(struct memory *m, struct futex_caller *w, unsigned int n);

/* Wakes up to count of those that wait on the n-th word. */
void expect_wakes(struct memory *m, unsigned int n, unsigned int count,
		  uint32_t bitset, long want);

#endif
