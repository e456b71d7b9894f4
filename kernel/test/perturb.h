/*
 * perturb.h - the perturbed scheduler: many interleavings, each from a seed.
 *
 * At each schedule point (sched_policy.h) it may switch to another thread, or,
 * with several CPUs, execute `pause`, which under QEMU's -icount hands over to
 * the next CPU.
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

#include "sched_policy.h"
#include "types.h"

enum sched_strategy {
	SCHED_FAIR,
	SCHED_RANDOM,
	SCHED_PCT,
	SCHED_JITTER,
	SCHED_EXPLORE,
};

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

/* May the current thread be switched away here?  Interrupts off. */
bool perturb_may_switch(void);

/* A random number of this CPU's generator.  Interrupts off. */
uint64_t perturb_random(void);

#endif
