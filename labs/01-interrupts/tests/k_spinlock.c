/*
 * k_spinlock.c - exercise 1.3: what a spinlock promises beyond exclusion.
 */
#include "lab01.h"
#include "spinlock.h"

/* ---- interrupts: off inside, and afterwards as they were ---- */

static void test_lock_and_interrupts(struct ktest *t)
{
	struct spinlock a = SPINLOCK_INIT("a"), b = SPINLOCK_INIT("b");

	CHECK(t, !spin_held(&a), "spin_held() is true for a free lock");
	EXPECT_INTERRUPTS_ON(t, "after spin_held()");
	spin_lock(&a);
	EXPECT_INTERRUPTS_OFF(t, "with a lock held");
	CHECK(t, spin_held(&a), "spin_held() is false inside the lock");
	EXPECT_INTERRUPTS_OFF(t, "after spin_held(), inside the lock");
	CHECK(t, !spin_held(&b), "spin_held() is true for a free lock");
	EXPECT_INTERRUPTS_OFF(t, "after spin_held() of another lock, inside "
				 "a lock");
	spin_lock(&b);
	spin_unlock(&a); /* hand over hand */
	EXPECT_INTERRUPTS_OFF(t, "after one of two locks was released");
	CHECK(t, !spin_held(&a) && spin_held(&b),
	      "after spin_unlock(a), spin_held() says that a is %sheld and b "
	      "is %sheld",
	      spin_held(&a) ? "" : "not ", spin_held(&b) ? "" : "not ");
	spin_unlock(&b);
	EXPECT_INTERRUPTS_ON(t, "after the last lock was released");

	cli();
	spin_lock(&a);
	spin_unlock(&a);
	EXPECT_INTERRUPTS_OFF(t, "after spin_unlock(), but they were off "
				 "before spin_lock()");
	sti();
}
KTEST(lab01, lock_and_interrupts);

/* ---- as often as one likes ---- */

static void test_many_times(struct ktest *t)
{
	struct spinlock lock = SPINLOCK_INIT("busy");

	for (unsigned int i = 0; i < 66000 && intr_enabled(); i++) {
		spin_lock(&lock);
		spin_unlock(&lock);
	}
	EXPECT_INTERRUPTS_ON(t, "after spin_unlock()");
	spin_lock(&lock);
	CHECK(t, spin_held(&lock),
	      "spin_held() is false inside a lock that was taken 66,000 times "
	      "before");
	spin_unlock(&lock);
}
KTEST(lab01, many_times);

/* ---- interrupts off first ---- */

struct sweep {
	struct spinlock lock;
	struct timer timer;
	volatile bool fired, refused;
};

/* An interrupt that comes before spin_lock() or after spin_unlock() finds the
 * lock free. */
static void try_from_timer(struct timer *timer)
{
	struct sweep *s = container_of(timer, struct sweep, timer);

	if (spin_try_lock(&s->lock))
		spin_unlock(&s->lock);
	else
		s->refused = true;
	s->fired = true;
}

/* The timer comes an instruction later each time (a nanosecond, under QEMU's
 * -icount), so each instruction of both functions is interrupted once. */
static void lock_while_swept(void *arg)
{
	struct ktest *t = arg;
	struct sweep s = {.lock = SPINLOCK_INIT("swept"), .fired = true};

	for (uint64_t delay = 0; delay < 1200 && s.fired; delay++) {
		s.fired = false;
		timer_start(&s.timer, time_ns() + delay, try_from_timer);
		spin_lock(&s.lock);
		spin_unlock(&s.lock);
		if (s.refused)
			break;
		WAIT_FOR(s.fired);
	}
	timer_cancel(&s.timer);
	CHECK(t, !s.refused,
	      "a timer interrupt found the lock taken, by the code that it "
	      "interrupted: a handler that wants the lock would wait for ever; "
	      "interrupts must be off before the lock is asked for, and until "
	      "it is free again");
	EXPECT_INTERRUPTS_ON(t, "after spin_unlock()");
}

static void test_interrupts_off_first(struct ktest *t)
{
	run_on_cpus(t, 1, lock_while_swept, t);
}
KTEST(lab01, interrupts_off_first);

/* ---- fair: first come, first served ---- */

struct line_up {
	struct ktest *t;
	struct spinlock lock;
	struct thread *waiters[MAX_CPUS];
	unsigned int asked[MAX_CPUS];         /* CPUs, in that order */
	unsigned int order[MAX_CPUS], length; /* needs lock */
};

static void take_turn(void *arg)
{
	struct line_up *l = arg;

	spin_lock(&l->lock);
	l->order[l->length++] = this_cpu()->id;
	spin_unlock(&l->lock);
}

/* CPU 0 has the lock, the others ask for it, one after the other; then it gives
 * the lock back, and asks again at once. */
static void let_others_wait(void *arg)
{
	struct line_up *l = arg;

	spin_lock(&l->lock);
	for (unsigned int i = 0; i < cpu_count - 1; i++) {
		struct thread *waiter = l->waiters[l->asked[i]];

		thread_start(waiter);
		CHECK(l->t, WAIT_FOR(spin_waits(waiter) == &l->lock),
		      "CPU %u does not wait for a lock that CPU 0 holds",
		      l->asked[i]);
		let_others_run(); /* it asks now */
	}
	spin_unlock(&l->lock);
	take_turn(l);
}

/* The CPUs from 1 on ask in the order of their numbers, begun at `first`. */
static void expect_served_as_asked(struct ktest *t, unsigned int first)
{
	struct line_up l = {.t = t, .lock = SPINLOCK_INIT("line-up")};
	unsigned int others = cpu_count - 1;

	for (unsigned int i = 0; i < others; i++) {
		unsigned int cpu = 1 + (first + i) % others;

		l.asked[i] = cpu;
		ASSERT(t, thread_create(&l.waiters[cpu], "waiter", take_turn,
					&l) == 0);
		thread_pin(l.waiters[cpu], cpu);
	}
	l.asked[others] = 0;
	run_on_cpus(t, 1, let_others_wait, &l);
	for (unsigned int i = 0; i < others; i++)
		thread_join(l.waiters[l.asked[i]]);
	for (unsigned int i = 0; i < cpu_count; i++)
		CHECK(t, l.order[i] == l.asked[i],
		      "CPU %u was number %u to ask for the lock, but CPU %u "
		      "got it then",
		      l.asked[i], i + 1, l.order[i]);
}

static void test_fair(struct ktest *t)
{
	if (!time_is_instructions()) {
		ktest_skip(t,
			   "who asks first is not known: make test ICOUNT=1");
		return;
	}
	for (unsigned int i = 0; i < cpu_count - 1 && !t->failures; i++)
		expect_served_as_asked(t, i);
}
KTEST(lab01, fair, .min_cpus = 2);

/* ---- a CPU that waits lets the others run ---- */

/* What a turn of this CPU may cost while another one waits, in instructions.
 * One that does not say cpu_relax() takes some thousands before each. */
#define MAX_TURN 2000

/* The guest's time between two turns of this CPU, on the average; without
 * patience when they are long. */
static uint64_t time_of_turn(void)
{
	uint64_t start = time_cycles(), time = 0;
	unsigned int turns = 0;

	while (turns < 100 && time < 100 * MAX_TURN) {
		cpu_relax();
		time = time_cycles() - start;
		turns++;
	}
	return time / turns;
}

static void expect_short_turns(struct ktest *t, const char *waits,
			       uint64_t turn)
{
	CHECK(t, turn <= MAX_TURN,
	      "while another CPU waits in %s, each turn of this one comes "
	      "after %lu instructions, %u are allowed: does the loop that "
	      "waits call cpu_relax()?",
	      waits, turn, MAX_TURN);
}

struct slow {
	struct ktest *t;
	struct spinlock lock;
	struct thread *waiter;
	volatile bool inside, detaching;
	uint64_t turn; /* while the other CPU waits */
};

static void ask_once(void *arg)
{
	struct slow *s = arg;

	spin_lock(&s->lock);
	spin_unlock(&s->lock);
}

static void hold_slowly(void *arg)
{
	struct slow *s = arg;

	spin_lock(&s->lock);
	thread_start(s->waiter);
	CHECK(s->t, WAIT_FOR(spin_waits(s->waiter) == &s->lock),
	      "CPU 1 does not wait for a lock that CPU 0 holds");
	s->turn = time_of_turn();
	spin_unlock(&s->lock);
}

#define SLOW_LINE 9

static void handle_slowly(unsigned int line, void *arg)
{
	struct slow *s = arg;

	s->inside = true;
	WAIT_FOR(s->detaching);
	s->turn = time_of_turn();
}

static void detach_slow_handler(void *arg)
{
	struct slow *s = arg;

	ASSERT_ATTACH(s->t, SLOW_LINE, handle_slowly, s);
	raise_line(1, SLOW_LINE);
	CHECK(s->t, WAIT_FOR(s->inside), "the handler was not called on CPU 1");
	s->detaching = true;
	irq_detach(SLOW_LINE);
}

static void test_waiting_cpu_relaxes(struct ktest *t)
{
	struct slow s = {.t = t, .lock = SPINLOCK_INIT("slow")};

	if (!time_is_instructions()) {
		ktest_skip(t, "time is not counted in instructions: make test "
			      "ICOUNT=1");
		return;
	}
	detach_all();
	ASSERT(t, thread_create(&s.waiter, "waiter", ask_once, &s) == 0);
	thread_pin(s.waiter, 1);
	run_on_cpus(t, 1, hold_slowly, &s);
	thread_join(s.waiter);
	expect_short_turns(t, "spin_lock()", s.turn);
	s.turn = 0;
	run_on_cpus(t, 1, detach_slow_handler, &s);
	expect_short_turns(t, "irq_detach()", s.turn);
}
KTEST(lab01, waiting_cpu_relaxes, .min_cpus = 2);

/* ---- try_lock ---- */

struct held_elsewhere {
	struct ktest *t;
	struct spinlock lock;
	struct gate taken;
	volatile bool leave;
};

static void hold_until_told(void *arg)
{
	struct held_elsewhere *h = arg;

	spin_lock(&h->lock);
	gate_open(&h->taken);
	WAIT_FOR(h->leave);
	spin_unlock(&h->lock);
}

static void try_while_held(void *arg)
{
	struct held_elsewhere *h = arg;

	if (!gate_wait(h->t, &h->taken))
		return;
	if (spin_try_lock(&h->lock)) {
		FAIL(h->t, "spin_try_lock() took a lock that CPU 1 holds, or "
			   "has waited for it");
		spin_unlock(&h->lock);
	}
	EXPECT_INTERRUPTS_ON(h->t, "after spin_try_lock() failed");
	CHECK(h->t, !spin_held(&h->lock),
	      "spin_held() is true for a lock that CPU 1 holds");
	h->leave = true;
}

static void test_try_lock(struct ktest *t)
{
	struct held_elsewhere h = {.t = t, .lock = SPINLOCK_INIT("tried")};
	struct thread *holds, *tries;

	ASSERT(t,
	       thread_spawn_on(1, &holds, "holds", hold_until_told, &h) == 0);
	ASSERT(t, thread_spawn_on(0, &tries, "tries", try_while_held, &h) == 0);
	thread_join(tries);
	thread_join(holds);
	if (!spin_try_lock(&h.lock)) {
		FAIL(t, "spin_try_lock() did not take a free lock, one on "
			"which it had failed before: did that leave something "
			"behind?");
		return;
	}
	EXPECT_INTERRUPTS_OFF(t, "after spin_try_lock() took a lock");
	CHECK(t, spin_held(&h.lock),
	      "spin_held() is false for a lock that spin_try_lock() took");
	CHECK(t, !spin_try_lock(&h.lock),
	      "spin_try_lock() took a lock that this CPU holds already");
	EXPECT_INTERRUPTS_OFF(t, "after spin_try_lock() failed, but they were "
				 "off before it");
	spin_unlock(&h.lock);
	EXPECT_INTERRUPTS_ON(t, "after spin_unlock()");
}
KTEST(lab01, try_lock, .min_cpus = 2);

/* ---- try_lock: not two at once ---- */

#define CONTESTS 20

struct contest {
	struct ktest *t;
	struct spinlock lock;
	unsigned int tried; /* threads that have, in all contests */
	unsigned int left;  /* the same, and each once before the first */
	unsigned int winners[CONTESTS]; /* a bit for each CPU */
};

/* While interrupts are on this lets other threads run: the one that is to start
 * the next CPU's may be among them. */
static bool have_arrived(unsigned int *arrived, unsigned int threads)
{
	if (intr_enabled())
		thread_yield();
	return __atomic_load_n(arrived, __ATOMIC_SEQ_CST) >= threads;
}

/* Counts this thread, and waits for those of the other CPUs. */
static void meet(unsigned int *arrived, unsigned int times)
{
	__atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
	WAIT_FOR(have_arrived(arrived, times * cpu_count));
}

/* All try at the same time, and nobody gives the lock back before all have
 * tried. */
static void compete(void *arg)
{
	struct contest *c = arg;

	meet(&c->left, 1);
	for (unsigned int i = 0; i < CONTESTS && !c->t->failures; i++) {
		bool won = spin_try_lock(&c->lock);
		unsigned int here = current->pinned;

		if (won)
			__atomic_fetch_or(&c->winners[i], 1u << here,
					  __ATOMIC_SEQ_CST);
		meet(&c->tried, i + 1);
		unsigned int winners = c->winners[i];

		if (winners & (winners - 1)) {
			FAIL(c->t,
			     "spin_try_lock() has let in two at once: it "
			     "returned true on CPU %d and on CPU %d, and "
			     "neither has released the lock",
			     __builtin_ctz(winners),
			     __builtin_ctz(winners & (winners - 1)));
			if (won)
				forget_locks();
			return;
		}
		if (won)
			spin_unlock(&c->lock);
		meet(&c->left, i + 2);
	}
}

static void hold_contests(struct ktest *t)
{
	struct contest c = {.t = t, .lock = SPINLOCK_INIT("contested")};

	run_on_cpus(t, cpu_count, compete, &c);
}

#define PASSES 12
#define MAX_TRIES 5000 /* a few will do */

struct turnstile {
	struct ktest *t;
	struct spinlock lock;
	volatile bool broken;
	volatile unsigned int passed; /* needs lock */
	unsigned int inside;          /* a CPU's number + 1; 0: nobody */
	bool some_wait;               /* half of the threads use spin_lock() */
	unsigned int threads;         /* numbers them */
};

/* False when it never gets in. */
static bool enter_by_trying(struct turnstile *s)
{
	for (unsigned int i = 0; i < MAX_TRIES && !s->broken; i++) {
		if (spin_try_lock(&s->lock))
			return true;
		cpu_relax(); /* let the other CPUs go on */
		thread_yield();
	}
	return false;
}

/* Inside, where nobody else is; says whether that was so. */
static bool pass_alone(struct turnstile *s, const char *by)
{
	unsigned int here = this_cpu()->id + 1;
	unsigned int before =
		__atomic_exchange_n(&s->inside, here, __ATOMIC_SEQ_CST);
	unsigned int passed = s->passed;

	sched_point(POINT_ACCESS, (const void *)&s->passed);
	s->passed = passed + 1;
	unsigned int after =
		__atomic_exchange_n(&s->inside, 0, __ATOMIC_SEQ_CST);

	if (before == 0 && after == here)
		return true;
	s->broken = true;
	FAIL(s->t,
	     "two have the lock at once: %s let CPU %u in while somebody else "
	     "had it by spin_try_lock()%s",
	     by, here - 1, s->some_wait ? " or spin_lock()" : "");
	return false;
}

static void pass(void *arg)
{
	struct turnstile *s = arg;
	unsigned int n = __atomic_fetch_add(&s->threads, 1, __ATOMIC_RELAXED);
	bool waits = s->some_wait && n % 2;

	for (unsigned int i = 0; i < PASSES && !s->broken; i++) {
		if (waits)
			spin_lock(&s->lock);
		else if (!enter_by_trying(s))
			return;
		if (pass_alone(s, waits ? "spin_lock()" : "spin_try_lock()") ||
		    spin_held(&s->lock))
			spin_unlock(&s->lock);
		else
			forget_locks();
	}
}

static void pass_turnstile(struct ktest *t, bool some_wait)
{
	struct turnstile s = {.t = t,
			      .lock = SPINLOCK_INIT("turnstile"),
			      .some_wait = some_wait};

	run_on_cpus(t, cpu_count + 1, pass, &s);
	CHECK(t, t->failures || s.passed == PASSES * (cpu_count + 1),
	      "%u threads go %u times through a turnstile by "
	      "spin_try_lock()%s, "
	      "and it counts %u: the lock lets nobody in any more",
	      cpu_count + 1, PASSES, some_wait ? " or spin_lock()" : "",
	      s.passed);
}

static void test_try_lock_excludes(struct ktest *t)
{
	hold_contests(t);
	if (!t->failures)
		pass_turnstile(t, false);
	if (!t->failures)
		pass_turnstile(t, true);
}
KTEST(lab01, try_lock_excludes, .seeds = 50);

/* ---- try_lock: never waits ---- */

#define VISITS 6

struct visitors {
	struct ktest *t;
	struct spinlock lock;
	struct {
		volatile unsigned int begun, ended; /* calls of that CPU */
	} calls[MAX_CPUS];
	unsigned int taken; /* needs lock */
};

/* With the lock held: a spin_try_lock() that is under way on another CPU has to
 * end all the same. */
static void expect_others_end(struct visitors *v)
{
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		unsigned int begun = v->calls[cpu].begun;

		CHECK(v->t, WAIT_FOR(v->calls[cpu].ended >= begun),
		      "spin_try_lock() on CPU %u does not return for as long "
		      "as CPU %u has the lock: it waits",
		      cpu, this_cpu()->id);
	}
}

static void visit(void *arg)
{
	struct visitors *v = arg;
	unsigned int cpu = current->pinned;

	for (unsigned int i = 0; i < VISITS && !v->t->failures; i++) {
		v->calls[cpu].begun++;
		bool taken = spin_try_lock(&v->lock);

		v->calls[cpu].ended++;
		if (!taken)
			continue;
		v->taken++;
		expect_others_end(v);
		spin_unlock(&v->lock);
	}
}

static void test_try_lock_never_waits(struct ktest *t)
{
	struct visitors v = {.t = t, .lock = SPINLOCK_INIT("visited")};

	run_on_cpus(t, cpu_count, visit, &v);
	CHECK(t, v.taken > 0,
	      "spin_try_lock() was called %u times on each CPU, and never took "
	      "the lock",
	      VISITS);
}
KTEST(lab01, try_lock_never_waits, .min_cpus = 2, .seeds = 50);
