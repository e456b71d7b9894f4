/*
 * test_user.h - what the tests of address spaces share; in test_user.c.
 */
#ifndef TEST_USER_H
#define TEST_USER_H

#include "aspace.h"
#include "ktest.h"
#include "types.h"

#define PROT_RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

/* The entry of a page that is there, or 0; takes no lock. */
uint64_t user_entry(const struct aspace *as, uintptr_t addr);

/* What a program's load and store of a word would do: fault, and go to the
 * page.  0 or the fault's error. */
int user_read(struct aspace *as, uintptr_t addr, uint64_t *value);
int user_write(struct aspace *as, uintptr_t addr, uint64_t value);

/* Is everything as it must be: areas in order, apart, and joined; the counters
 * right; no page outside of an area, none writable that is shared? */
void user_check(struct ktest *t, struct aspace *as);

/* Maps pages of zeroed memory there. */
long user_map(struct aspace *as, uintptr_t addr, size_t pages,
	      unsigned int prot);

size_t user_area_count(const struct aspace *as);

#endif
