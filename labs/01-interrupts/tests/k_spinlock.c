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
	CHECK(t, !spin_held(&b), "spin_held() is true for a free lock");
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
	for (unsigned int i = 1; i < cpu_count; i++) {
		thread_start(l->waiters[i]);
		CHECK(l->t, WAIT_FOR(spin_waits(l->waiters[i]) == &l->lock),
		      "CPU %u does not wait for a lock that CPU 0 holds", i);
		time_delay_ns(500 * NSEC_PER_USEC); /* it asks now */
	}
	spin_unlock(&l->lock);
	take_turn(l);
}

static void test_fair(struct ktest *t)
{
	struct line_up l = {.t = t, .lock = SPINLOCK_INIT("line-up")};

	if (!time_is_instructions()) {
		ktest_skip(t,
			   "who asks first is not known: make test ICOUNT=1");
		return;
	}
	for (unsigned int i = 1; i < cpu_count; i++) {
		ASSERT(t, thread_create(&l.waiters[i], "waiter", take_turn,
					&l) == 0);
		thread_pin(l.waiters[i], i);
	}
	run_on_cpus(t, 1, let_others_wait, &l);
	for (unsigned int i = 1; i < cpu_count; i++)
		thread_join(l.waiters[i]);
	for (unsigned int i = 0; i < cpu_count; i++)
		CHECK(t, l.order[i] == (i + 1) % cpu_count,
		      "CPU %u was number %u to ask for the lock, but CPU %u "
		      "got it then",
		      (i + 1) % cpu_count, i + 1, l.order[i]);
}
KTEST(lab01, fair, .min_cpus = 2);

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

#define PASSES 20
#define MAX_TRIES 20000 /* a few will do */

struct turnstile {
	struct spinlock lock;
	volatile unsigned int passed; /* needs lock */
};

static void pass(void *arg)
{
	struct turnstile *s = arg;

	for (unsigned int i = 0; i < PASSES; i++) {
		unsigned int tries = 0;

		while (!spin_try_lock(&s->lock) && tries++ < MAX_TRIES) {
			cpu_relax(); /* let the other CPUs go on */
			thread_yield();
		}
		if (tries > MAX_TRIES)
			return;
		unsigned int passed = s->passed;

		sched_point(POINT_ACCESS, (const void *)&s->passed);
		s->passed = passed + 1;
		spin_unlock(&s->lock);
	}
}

static void test_try_lock_excludes(struct ktest *t)
{
	struct turnstile s = {.lock = SPINLOCK_INIT("turnstile")};

	run_on_cpus(t, cpu_count + 1, pass, &s);
	CHECK(t, s.passed == PASSES * (cpu_count + 1),
	      "%u threads went %u times through a turnstile, by "
	      "spin_try_lock(), and it counts %u: two were in it at once, or "
	      "it let nobody in any more",
	      cpu_count + 1, PASSES, s.passed);
}
KTEST(lab01, try_lock_excludes, .seeds = 50);
