/*
 * perturb.c - the perturbed scheduler.  See perturb.h for what it does.
 *
 * The decisions of a run depend on the strategy, the seed and the sequence of
 * points alone: each CPU draws from its own generator, seeded from the seed
 * and its number, and perturb_start() puts everything back to the beginning.
 * The generator is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
 */
#include "perturb.h"
#include "apic.h"
#include "cmdline.h"
#include "cpu.h"
#include "errno.h"
#include "explore.h"
#include "init.h"
#include "panic.h"
#include "printk.h"
#include "sched.h"
#include "string.h"
#include "syscall.h"
#include "trace.h"

/*
 * sched=random: switch at one point in SWITCH_ONE_IN; with several CPUs, hand
 * over to the next one at one in PAUSE_ONE_IN.  Accesses are many: at each of
 * them the chance is ACCESS_RARER times smaller.
 */
#define SWITCH_ONE_IN 4
#define PAUSE_ONE_IN 8
#define ACCESS_RARER 4

#define PCT_MAX_DEPTH 8
#define PCT_MAX_STEPS_LOG2 14

/* Written by perturb_start() and perturb_stop(), while tests do not run. */
static struct {
	enum sched_strategy strategy;
	unsigned int depth;
	uint64_t seed;
} perturb;

/* Private to each CPU, interrupts off. */
static struct {
	uint64_t state;
} generators[MAX_CPUS];

/* sched=pct.  One count for all CPUs, by atomic operations. */
static struct {
	uint64_t steps;                 /* points passed */
	uint64_t change[PCT_MAX_DEPTH]; /* steps at which to drop */
	uint64_t ranked;                /* threads given a priority */
	uint64_t lowest;                /* counts down */
} pct;

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

#define GOLDEN_GAMMA 0x9e3779b97f4a7c15ull

uint64_t perturb_random(void)
{
	return mix(generators[this_cpu()->id].state += GOLDEN_GAMMA);
}

/* ---- sched=random ---- */

static bool random_should_switch(uint64_t r, unsigned int rarer)
{
	return r % (SWITCH_ONE_IN * rarer) == 0;
}

static struct thread *random_pick(struct run_queue *rq)
{
	uint64_t skip = perturb_random() % sched_candidates(rq);
	struct thread *t;

	list_for_each (t, &rq->ready, run_link)
		if (skip-- == 0)
			break;
	return t;
}

/* ---- sched=pct ---- */

/* Priorities of threads are above this, those of dropped ones below. */
#define PCT_DROPPED (1ull << 32)

/*
 * The change points.  How long the run will be is not known, so they are spread
 * log-uniformly: some fall early in short runs, some late in long ones.
 */
static void pct_reset(void)
{
	pct.steps = 0;
	pct.ranked = 0;
	pct.lowest = PCT_DROPPED;
	for (unsigned int i = 0; i < PCT_MAX_DEPTH; i++) {
		uint64_t r = mix(perturb.seed * GOLDEN_GAMMA + i);
		uint64_t scale = 1ull << (r % PCT_MAX_STEPS_LOG2);

		pct.change[i] = scale + (r >> 32) % scale;
	}
}

/* A thread gets its priority when it is first compared, in each run anew. */
static uint64_t pct_priority(struct thread *t)
{
	if (t->policy_priority == 0) {
		uint64_t n =
			__atomic_add_fetch(&pct.ranked, 1, __ATOMIC_RELAXED);

		t->policy_priority =
			mix(perturb.seed + n * GOLDEN_GAMMA) | PCT_DROPPED;
	}
	return t->policy_priority;
}

static void pct_drop(struct thread *t)
{
	t->policy_priority =
		__atomic_sub_fetch(&pct.lowest, 1, __ATOMIC_RELAXED);
}

/* A thread that yields has nothing to do but wait for others: were it not to
 * drop, it would be picked again for ever. */
static void pct_yielded(struct run_queue *rq)
{
	pct_drop(current);
}

static struct thread *pct_highest(struct run_queue *rq)
{
	unsigned int candidates = sched_candidates(rq);
	struct thread *t, *best = NULL;

	list_for_each (t, &rq->ready, run_link) {
		if (candidates-- == 0)
			break;
		if (!best || pct_priority(t) > pct_priority(best))
			best = t;
	}
	return best;
}

static bool pct_should_switch(uint64_t r, unsigned int rarer)
{
	struct thread *self = current;
	uint64_t step = __atomic_add_fetch(&pct.steps, 1, __ATOMIC_RELAXED);
	struct run_queue *rq = sched_lock_local();
	struct thread *best;
	bool higher;

	for (unsigned int i = 0; i + 1 < perturb.depth; i++)
		if (pct.change[i] == step)
			pct_drop(self);
	best = pct_highest(rq);
	higher = best && pct_priority(best) > pct_priority(self);
	core_unlock(&rq->lock);
	return higher;
}

/* ---- sched=jitter ---- */

/* 128 ns to 1 ms, log-uniform. */
static uint64_t jitter_slice(uint64_t normal)
{
	uint64_t r = perturb_random(), scale = 128ull << (r % 13);

	return scale + (r >> 32) % scale;
}

/* ---- where a policy keeps to what is usual ---- */

static struct thread *usual_pick(struct run_queue *rq)
{
	return queue_first(rq);
}

static void usual_yielded(struct run_queue *rq)
{
}

static uint64_t usual_slice(uint64_t normal)
{
	return normal;
}

static bool usual_slice_ends_turn(void)
{
	return true;
}

/* ---- the strategies ---- */

static void perturb_point(enum sched_point_kind kind, const void *object);

static const struct sched_policy random_policy = {
	.point = perturb_point,
	.pick = random_pick,
	.yielded = usual_yielded,
	.slice = usual_slice,
	.slice_ends_turn = usual_slice_ends_turn,
};

static const struct sched_policy pct_policy = {
	.point = perturb_point,
	.pick = pct_highest,
	.yielded = pct_yielded,
	.slice = usual_slice,
	.slice_ends_turn = usual_slice_ends_turn,
};

static const struct sched_policy jitter_policy = {
	.point = perturb_point,
	.pick = usual_pick,
	.yielded = usual_yielded,
	.slice = jitter_slice,
	.slice_ends_turn = usual_slice_ends_turn,
	.slices_idle = true,
};

static const struct {
	const char *name;
	const struct sched_policy *policy;
	/* At a point, with a random number; NULL: points are no places to
	 * switch, nor to pause. */
	bool (*should_switch)(uint64_t r, unsigned int rarer);
} strategies[] = {
	[SCHED_FAIR] = {"fair", NULL, NULL},
	[SCHED_RANDOM] = {"random", &random_policy, random_should_switch},
	[SCHED_PCT] = {"pct", &pct_policy, pct_should_switch},
	[SCHED_JITTER] = {"jitter", &jitter_policy, NULL},
	[SCHED_EXPLORE] = {"explore", &explore_policy, NULL},
};

bool perturb_may_switch(void)
{
	const struct cpu *c = this_cpu();

	return c->intr_depth == 1 && c->intr_saved && c->irq_nesting == 0 &&
	       c->running != c->idle;
}

static void perturb_point(enum sched_point_kind kind, const void *object)
{
	bool access = kind == POINT_ACCESS || kind == POINT_MEMORY;
	unsigned int rarer = access ? ACCESS_RARER : 1;
	bool (*should_switch)(uint64_t, unsigned int) =
		strategies[perturb.strategy].should_switch;

	if (panicking())
		return;
	intr_push();
	uint64_t r = perturb_random();
	bool change = perturb_may_switch();

	trace(TRACE_SCHED_POINT, kind, TRACE_PTR(object));
	if (should_switch && !should_switch(r, rarer))
		change = false;
	intr_pop();

	if (!should_switch)
		return;
	if (cpu_count > 1 && (r >> 32) % (PAUSE_ONE_IN * rarer) == 0)
		cpu_relax();
	/* No thread_yield(): pct does not count it as one. */
	if (change)
		sched_give_way(sched_lock_local());
}

/* ---- on and off ---- */

static void forget_priority(struct thread *t, void *arg)
{
	t->policy_priority = 0;
}

void perturb_start(enum sched_strategy strategy, unsigned int depth,
		   uint64_t seed)
{
	intr_push();
	thread_for_each(forget_priority, NULL, true);
	perturb.strategy = strategy;
	perturb.depth = MIN(depth, PCT_MAX_DEPTH);
	perturb.seed = seed;
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		generators[i].state = mix(seed) + mix(i + 1);
	pct_reset();
	__atomic_store_n(&sched_policy, strategies[strategy].policy,
			 __ATOMIC_RELAXED);
	syscall_direct = sched_policy ? 0 : syscall_table_size;
	/* Jitter needs a time slice on every CPU, busy or not. */
	if (strategy == SCHED_JITTER)
		for (unsigned int i = 0; i < cpu_count; i++)
			apic_send_ipi(i, VECTOR_RESCHEDULE);
	intr_pop();
}

void perturb_stop(void)
{
	perturb_start(SCHED_FAIR, 0, 0);
}

int perturb_parse(const char *text, enum sched_strategy *strategy,
		  unsigned int *depth)
{
	struct explore_schedule schedule;
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	uint64_t number = 3;

	if (strncmp(text, "explore:", 8) == 0) {
		*strategy = SCHED_EXPLORE;
		*depth = 0;
		return explore_parse(text + 8, &schedule);
	}
	if (colon && (strncmp(text, "pct:", 4) != 0 ||
		      parse_u64(colon + 1, &number) != 0 || number < 1 ||
		      number > PCT_MAX_DEPTH))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(strategies); i++) {
		if (strlen(strategies[i].name) != len ||
		    strncmp(text, strategies[i].name, len) != 0)
			continue;
		*strategy = i;
		*depth = number;
		return 0;
	}
	return -EINVAL;
}

/* sched= and seed= of the command line. */
static void perturb_init(void)
{
	const char *text = cmdline_get("sched");
	enum sched_strategy strategy;
	unsigned int depth;

	if (!text)
		return;
	if (perturb_parse(text, &strategy, &depth)) {
		printk("sched=%s: not one of fair, random, pct:1 to pct:%u, "
		       "jitter, explore; going on with fair\n",
		       text, PCT_MAX_DEPTH);
		return;
	}
	/* Only a test can be explored: ktest_explore.c. */
	if (strategy == SCHED_EXPLORE)
		return;
	perturb_start(strategy, depth, cmdline_u64("seed", 1));
	if (strategy != SCHED_FAIR)
		printk("scheduler: sched=%s depth=%u seed=%lu\n",
		       perturb_name(strategy), depth, perturb.seed);
}
INIT(INIT_PARTS, perturb_init);

enum sched_strategy perturb_strategy(void)
{
	return perturb.strategy;
}

unsigned int perturb_depth(void)
{
	return perturb.depth;
}

uint64_t perturb_seed(void)
{
	return perturb.seed;
}

const char *perturb_name(enum sched_strategy strategy)
{
	return strategies[strategy].name;
}

char *perturb_format(char *buf, size_t size)
{
	const struct explore_schedule *schedule = explore_current();
	char text[EXPLORE_TEXT_SIZE];

	strlcpy(buf, perturb_name(perturb.strategy), size);
	if (perturb.strategy == SCHED_PCT)
		snprintf(buf, size, "pct:%u", perturb.depth);
	else if (perturb.strategy == SCHED_EXPLORE && schedule)
		snprintf(buf, size, "explore:%s",
			 explore_format(schedule, text, sizeof(text)));
	return buf;
}
