/*
 * k_lost_updates.c - exercises 1.1 and 1.3: who can get between a load and a
 * store, and what keeps each of them out.
 *
 * The same account is credited one by one, from two sides.  To read the balance
 * and to write it back are two steps, so an update is lost when the other side
 * comes in between.  Its own CPU's interrupts and threads a section keeps out
 * (irq_save, irq_push); another CPU only a lock does.
 */
#include "lab01.h"
#include "spinlock.h"

enum guard { SAVE, PUSH, LOCK };

struct account {
	struct ktest *t;
	enum guard guard;
	unsigned int rounds; /* of each thread */
	struct spinlock lock;
	volatile unsigned int balance;
	unsigned int inside; /* a CPU's number + 1; 0: nobody. LOCK only */
	volatile unsigned int credited; /* by the timer */
	struct timer timer;
	uint64_t random; /* of the timer's delays */
};

/* Load, a moment, store: a schedule point and some instructions apart. */
static void add_one(struct account *a)
{
	unsigned int balance = a->balance;

	sched_point(POINT_ACCESS, (const void *)&a->balance);
	for (volatile unsigned int i = 0; i < 5; i++)
		;
	a->balance = balance + 1;
}

/* With a lock that lets in two this ends in words, and not in the panic of the
 * one that then is no holder. */
static void credit_locked(struct account *a)
{
	unsigned int here, before, after;

	spin_lock(&a->lock);
	here = this_cpu()->id + 1;
	before = __atomic_exchange_n(&a->inside, here, __ATOMIC_SEQ_CST);
	add_one(a);
	after = __atomic_exchange_n(&a->inside, 0, __ATOMIC_SEQ_CST);
	if (before == 0 && after == here) {
		spin_unlock(&a->lock);
		return;
	}
	FAIL(a->t,
	     "two are in the section at once: spin_lock() let CPU %u in while "
	     "somebody else had the lock",
	     here - 1);
	if (spin_held(&a->lock))
		spin_unlock(&a->lock);
	else
		forget_locks();
}

static void credit(struct account *a)
{
	uint64_t flags;

	switch (a->guard) {
	case SAVE:
		flags = irq_save();
		add_one(a);
		irq_restore(flags);
		break;
	case PUSH:
		irq_push();
		add_one(a);
		irq_pop();
		break;
	case LOCK:
		credit_locked(a);
		break;
	}
}

static void credit_many(void *arg)
{
	struct account *a = arg;

	for (unsigned int i = 0; i < a->rounds && !a->t->failures; i++)
		credit(a);
}

/* ---- a thread against the timer interrupt ---- */

#define TIMER_CREDITS 200

static void credit_from_timer(struct timer *timer)
{
	struct account *a = container_of(timer, struct account, timer);

	credit(a);
	if (++a->credited < TIMER_CREDITS && !a->t->failures)
		timer_start(timer, time_ns() + random_next(&a->random) % 1000,
			    credit_from_timer);
}

/* Pinned: a section does not keep other CPUs out. */
static void race_with_timer(void *arg)
{
	struct account *a = arg;
	unsigned int mine = 0;

	if (a->guard == LOCK) {
		spin_lock(&a->lock);
		EXPECT_INTERRUPTS_OFF(a->t, "with a lock held");
		spin_unlock(&a->lock);
		if (a->t->failures)
			return;
	}
	timer_start(&a->timer, time_ns() + 1000, credit_from_timer);
	for (; a->credited < TIMER_CREDITS && intr_enabled() && !a->t->failures;
	     mine++)
		credit(a);
	timer_cancel(&a->timer);
	EXPECT_INTERRUPTS_ON(a->t, "after a section");
	CHECK(a->t, a->balance == mine + a->credited,
	      "a thread and the timer interrupt of its CPU added %u, and the "
	      "sum is %u: interrupts came between load and store",
	      mine + a->credited, a->balance);
}

static void test_timer_and_save(struct ktest *t)
{
	struct account a = {.t = t, .guard = SAVE, .random = t->seed};

	run_on_cpus(t, 1, race_with_timer, &a);
}
KTEST(lab01, timer_and_save);

static void test_timer_and_push(struct ktest *t)
{
	struct account a = {.t = t, .guard = PUSH, .random = t->seed};

	run_on_cpus(t, 1, race_with_timer, &a);
}
KTEST(lab01, timer_and_push);

static void test_timer_and_lock(struct ktest *t)
{
	struct account a = {.t = t,
			    .guard = LOCK,
			    .random = t->seed,
			    .lock = SPINLOCK_INIT("account")};

	run_on_cpus(t, 1, race_with_timer, &a);
}
KTEST(lab01, timer_and_lock);

/* ---- threads of one CPU, and of several ---- */

static void race_threads(struct ktest *t, unsigned int threads,
			 unsigned int on_cpus, const char *who)
{
	struct account a = {.t = t,
			    .guard = LOCK,
			    .rounds = 25,
			    .lock = SPINLOCK_INIT("account")};
	struct thread *all[MAX_CPUS + 1];

	for (unsigned int i = 0; i < threads; i++)
		ASSERT(t, thread_spawn_on(i % on_cpus, &all[i], "credits",
					  credit_many, &a) == 0);
	for (unsigned int i = 0; i < threads; i++)
		thread_join(all[i]);
	CHECK(t, t->failures || a.balance == threads * a.rounds,
	      "%s added %u under a spinlock, and the sum is %u: two of them "
	      "were in the section at once",
	      who, threads * a.rounds, a.balance);
}

static void test_threads(struct ktest *t)
{
	race_threads(t, 3, 1, "three threads of one CPU");
}
KTEST(lab01, threads, .seeds = 50);

/* Here interrupts that are off do not help. */
static void test_cpus(struct ktest *t)
{
	race_threads(t, cpu_count, cpu_count, "threads, one on each CPU,");
}
KTEST(lab01, cpus, .min_cpus = 2, .seeds = 50);
