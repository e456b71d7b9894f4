/*
 * k_moved.c - exercises 1.1 and 1.3: a thread that is moved to another CPU in
 * the middle of irq_push(), spin_lock() or spin_held().
 *
 * That can happen at any instruction at which interrupts are on: the time slice
 * ends, and another CPU that has nothing to do takes the thread.  Here it
 * happens at each of these instructions in turn.  A timer ends the slice, an
 * instruction later each time (a nanosecond, under QEMU's -icount), and wakes a
 * thread that keeps this CPU busy until the other one has taken ours.
 */
#include "lab01.h"
#include "spinlock.h"

#define INSTRUCTIONS 900 /* more than it takes */

struct move {
	struct ktest *t;
	void (*enter)(struct move *m);
	bool (*is_inside)(struct move *m); /* fails in words when not */
	void (*leave)(struct move *m);
	struct spinlock lock;
	struct timer timer;
	struct thread *moved;
	struct gate push[2]; /* for the thread that keeps CPU 0 or 1 busy */
	bool held_meanwhile; /* the lock, by the CPU that it was moved from */
	volatile bool fired, done;
	volatile unsigned int turn, asked; /* moves begun; and ended */
};

static void end_slice(struct timer *timer)
{
	struct move *m = container_of(timer, struct move, timer);

	gate_open(&m->push[this_cpu()->id]);
	sched_slice_over();
	m->fired = true;
}

/* Takes the lock, on the CPU that our thread has left, until it has asked. */
static void hold_meanwhile(struct move *m)
{
	spin_lock(&m->lock);
	WAIT_FOR(m->asked == m->turn);
	spin_unlock(&m->lock);
}

/* On each of the two CPUs.  An idle CPU that is kicked looks for work. */
static void push_away(void *arg)
{
	struct move *m = arg;
	unsigned int cpu = current->pinned;

	while (gate_wait(m->t, &m->push[cpu]) && !m->done) {
		for (unsigned int i = 0; i < 20 && m->moved->cpu == cpu; i++) {
			apic_send_ipi(!cpu, VECTOR_RESCHEDULE);
			time_delay_ns(1000);
		}
		if (m->held_meanwhile && m->moved->cpu != cpu)
			hold_meanwhile(m);
	}
}

/* The other CPU must be idle: else it does not take us, and under -icount it
 * would run for as long as our timer. */
static void wait_for_idle(unsigned int cpu)
{
	WAIT_FOR(*(struct thread *volatile *)&cpus[cpu].running ==
		 cpus[cpu].idle);
}

static void enter_and_leave(void *arg)
{
	struct move *m = arg;

	m->fired = true;
	for (uint64_t delay = 0; delay < INSTRUCTIONS && m->fired; delay++) {
		m->fired = false;
		wait_for_idle(!m->moved->cpu);
		m->turn++;
		timer_start(&m->timer, time_ns() + delay, end_slice);
		m->enter(m);
		if (!m->is_inside(m))
			break;
		m->leave(m);
		EXPECT_INTERRUPTS_ON(m->t, "after the section");
		WAIT_FOR(m->fired);
	}
	if (m->t->failures) {
		cpus[0].irq.depth = cpus[1].irq.depth = 0;
		sti();
	}
	timer_cancel(&m->timer);
	m->done = true;
	gate_open(&m->push[0]);
	gate_open(&m->push[1]);
}

static void move_between_two(struct move *m)
{
	struct ktest *t = m->t;
	struct thread *pushers[2];

	if (cpu_count != 2) {
		ktest_skip(t, "needs two CPUs, no more");
		return;
	}
	ASSERT(t, thread_create(&m->moved, "moved", enter_and_leave, m) == 0);
	for (unsigned int i = 0; i < 2; i++)
		ASSERT(t, thread_spawn_on(i, &pushers[i], "pusher", push_away,
					  m) == 0);
	thread_start(m->moved);
	thread_join(m->moved);
	for (unsigned int i = 0; i < 2; i++)
		thread_join(pushers[i]);
}

/* ---- in irq_push() and irq_pop() ---- */

static void enter_section(struct move *m)
{
	irq_push();
}

static void leave_section(struct move *m)
{
	irq_pop();
}

static bool is_in_section(struct move *m)
{
	unsigned int here = cpus[this_cpu()->id].irq.depth;
	unsigned int there = cpus[!this_cpu()->id].irq.depth;

	EXPECT_INTERRUPTS_OFF(m->t, "after irq_push()");
	CHECK(m->t, here == 1 && there == 0,
	      "a thread was moved to another CPU in irq_push(), and its CPU "
	      "counts %u sections now, the other one %u: when did it look for "
	      "its struct cpu?",
	      here, there);
	return here == 1 && there == 0;
}

static void test_moved(struct ktest *t)
{
	struct move m = {.t = t,
			 .enter = enter_section,
			 .is_inside = is_in_section,
			 .leave = leave_section};

	move_between_two(&m);
}
KTEST(lab01, moved, .min_cpus = 2);

/* ---- in spin_lock() and spin_unlock() ---- */

static void enter_lock(struct move *m)
{
	spin_lock(&m->lock);
}

static void leave_lock(struct move *m)
{
	spin_unlock(&m->lock);
}

static bool is_in_lock(struct move *m)
{
	bool held = spin_held(&m->lock);

	EXPECT_INTERRUPTS_OFF(m->t, "after spin_lock()");
	CHECK(m->t, held,
	      "a thread was moved to another CPU in spin_lock(), and its CPU "
	      "does not hold the lock now: when did it look for its struct "
	      "cpu?");
	return held;
}

static void test_moved_lock(struct ktest *t)
{
	struct move m = {.t = t,
			 .enter = enter_lock,
			 .is_inside = is_in_lock,
			 .leave = leave_lock,
			 .lock = SPINLOCK_INIT("moved")};

	move_between_two(&m);
}
KTEST(lab01, moved_lock, .min_cpus = 2);

/* ---- in spin_held() ---- */

static void do_nothing(struct move *m)
{
}

static bool is_not_held(struct move *m)
{
	bool held = spin_held(&m->lock);

	m->asked = m->turn;
	EXPECT_INTERRUPTS_ON(m->t, "after spin_held()");
	CHECK(m->t, !held,
	      "a thread was moved to another CPU in spin_held(), and the CPU "
	      "that it came from has the lock now; spin_held() says true");
	return !held;
}

static void test_moved_held(struct ktest *t)
{
	struct move m = {.t = t,
			 .enter = do_nothing,
			 .is_inside = is_not_held,
			 .leave = do_nothing,
			 .lock = SPINLOCK_INIT("moved"),
			 .held_meanwhile = true};

	move_between_two(&m);
}
KTEST(lab01, moved_held, .min_cpus = 2);
