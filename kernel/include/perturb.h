/*
 * perturb.h - the perturbed scheduler: many interleavings, each from a seed.
 *
 * sched_point() is called wherever another order of events would be legal:
 * at lock, unlock, sleep, wake.  Off (sched=fair), it costs one test.  With a
 * strategy on, it may switch to another thread, or, with several CPUs, execute
 * `pause`, which under QEMU's -icount hands over to the next CPU.
 *
 *	sched=random	at each point, switch with probability 1/4 to a random
 *			ready thread
 *	sched=pct:D	each thread has a random priority and the highest
 *			runs; at D - 1 random points the running one drops
 *			below all others (Burckhardt et al., ASPLOS 2010)
 *	sched=jitter	no points; the time slice of each CPU is log-uniform
 *			between 100 ns and 1 ms
 *	sched=explore	no chance at all: every schedule of a test with at most
 *			two forced switches, one after the other (explore.h)
 *
 * Same seed, same decisions: each CPU draws from a generator of its own.
 */
#ifndef PERTURB_H
#define PERTURB_H

#include "types.h"

enum sched_strategy {
	SCHED_FAIR,
	SCHED_RANDOM,
	SCHED_PCT,
	SCHED_JITTER,
	SCHED_EXPLORE,
};

enum sched_point_kind {
	POINT_LOCK,
	POINT_UNLOCK,
	POINT_SLEEP,
	POINT_WAKE,
	POINT_SYSCALL,
	POINT_ACCESS,    /* a shared access that a test marks */
	POINT_MEMORY,    /* any access of a lab's file: access.c */
	POINT_CORE_LOCK, /* a core_lock, of the given kernel */
	POINT_CORE_UNLOCK,
};

extern bool perturb_on;

void sched_point_slow(enum sched_point_kind kind, const void *object);

static inline void sched_point(enum sched_point_kind kind, const void *object)
{
	if (unlikely(perturb_on))
		sched_point_slow(kind, object);
}

/* Reads sched= and seed= from the command line. */
void perturb_init(void);

/* Parses "random", "pct:3", "jitter", "fair"; "explore" and "explore:17.1",
 * without what is behind the colon.  -EINVAL. */
int perturb_parse(const char *text, enum sched_strategy *strategy,
		  unsigned int *depth);

/* The other way round: what repeats the present run, "pct:3".  Returns buf. */
char *perturb_format(char *buf, size_t size);

/* From now on: this strategy, generators seeded anew on every CPU. */
void perturb_start(enum sched_strategy strategy, unsigned int depth,
		   uint64_t seed);
void perturb_stop(void);

enum sched_strategy perturb_strategy(void);
unsigned int perturb_depth(void);
uint64_t perturb_seed(void);
const char *perturb_name(enum sched_strategy strategy);

/* The length of the next time slice of this CPU, ns. */
uint64_t perturb_slice(uint64_t normal);

/* A random number of this CPU's generator.  Interrupts off. */
uint64_t perturb_random(void);

#endif
