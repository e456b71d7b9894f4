/*
 * test_mm.h - what the memory tests share; in test_page.c.
 */
#ifndef TEST_MM_H
#define TEST_MM_H

#include "list.h"
#include "types.h"

/* A generator of random numbers (xorshift64*, Vigna 2016), for a test's own
 * choices: seeded from t->seed, never 0. */
struct random {
	uint64_t state;
};

struct random random_seeded(uint64_t seed);

/* From 0 to below - 1. */
size_t random_below(struct random *r, size_t below);

/* Puts all free memory on the list, and gives it back. */
void memory_take_all(struct list_head *blocks);
void memory_give_back(struct list_head *blocks);

/* The pages in use, after what is only kept was given back: what a leak would
 * change. */
size_t memory_used(void);

#endif
