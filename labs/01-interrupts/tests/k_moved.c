/*
 * k_moved.c - exercises 1.1 and 1.3: a thread that is moved to another CPU in
 * the middle of irq_push(), spin_lock(), spin_held() or irq_detach().
 *
 * That can happen at any instruction at which interrupts are on: the time slice
 * ends, and another CPU that has nothing to do takes the thread.  Here it
 * happens at each of these instructions in turn.  A timer ends the slice, an
 * instruction later each time (a nanosecond, under QEMU's -icount), and wakes
 * the pusher of this CPU.  While the pusher runs, our thread stands still
 * between two instructions, and the pusher decides when it goes on elsewhere:
 *
 *	our thread	... load this_cpu() |               compare ...
 *	pusher, CPU 0	                    | lock, move it |            unlock
 *	CPU 1		idle                                | takes our thread
 *
 * So what another CPU does between the two instructions is no matter of luck.
 */
#include "lab01.h"
#include "spinlock.h"

#define INSTRUCTIONS 900 /* more than it takes */

struct move {
	struct ktest *t;
	void (*prepare)(struct move *m); /* before the timer is set, or NULL */
	void (*enter)(struct move *m);   /* to be torn in two */
	bool (*is_inside)(struct move *m); /* fails in words when not */
	void (*leave)(struct move *m);
	/* What the pusher does, on the CPU that our thread is to leave. */
	void (*push)(struct move *m, unsigned int cpu);
	struct spinlock lock;
	struct timer timer;
	struct thread *moved;
	struct gate wake[2];    /* the pusher of CPU 0 or 1 */
	struct gate release[2]; /* who has taken the lock there */
	bool held;              /* what spin_held() said */
	volatile bool taken, outlived;
	volatile bool fired, done;
	volatile unsigned int turn, entered; /* turns begun; and entered */
	unsigned int moves;                  /* turns that ended elsewhere */
};

static void end_slice(struct timer *timer)
{
	struct move *m = container_of(timer, struct move, timer);

	gate_open(&m->wake[this_cpu()->id]);
	sched_slice_over();
	m->fired = true;
}

static bool was_moved(struct move *m, unsigned int cpu)
{
	return m->moved->cpu != cpu;
}

/* An idle CPU that is kicked looks for work, and finds our thread.  May be
 * called with interrupts off. */
static void move_away(struct move *m, unsigned int cpu)
{
	for (unsigned int i = 0; i < 20 && !was_moved(m, cpu); i++) {
		apic_send_ipi(!cpu, VECTOR_RESCHEDULE);
		time_delay_ns(1000);
	}
}

/* On each of the two CPUs. */
static void push_away(void *arg)
{
	struct move *m = arg;
	unsigned int cpu = current->pinned;

	while (gate_wait(m->t, &m->wake[cpu]) && !m->done)
		m->push(m, cpu);
}

/* The other CPU must be idle: else it does not take us, and under -icount it
 * would run for as long as our timer. */
static void wait_for_idle(unsigned int cpu)
{
	WAIT_FOR(*(struct thread *volatile *)&cpus[cpu].running ==
		 cpus[cpu].idle);
}

/* One turn, torn in two after that many instructions. */
static bool enter_and_leave(struct move *m, uint64_t delay)
{
	unsigned int cpu = m->moved->cpu;

	m->fired = false;
	wait_for_idle(!cpu);
	if (m->prepare)
		m->prepare(m);
	m->turn++;
	timer_start(&m->timer, time_ns() + delay, end_slice);
	m->enter(m);
	m->entered = m->turn;
	if (!m->is_inside(m))
		return false;
	m->leave(m);
	EXPECT_INTERRUPTS_ON(m->t, "after the section");
	WAIT_FOR(m->fired);
	m->moves += was_moved(m, cpu);
	return m->fired;
}

static void be_moved(void *arg)
{
	struct move *m = arg;

	for (uint64_t delay = 0; delay < INSTRUCTIONS; delay++)
		if (!enter_and_leave(m, delay))
			break;
	timer_cancel(&m->timer);
	m->done = true;
	for (unsigned int i = 0; i < 2; i++) {
		gate_open(&m->wake[i]);
		gate_open(&m->release[i]);
	}
}

static void move_between_two(struct move *m)
{
	struct ktest *t = m->t;
	struct thread *pushers[2];

	if (cpu_count != 2) {
		ktest_skip(t, "needs two CPUs, no more");
		return;
	}
	ASSERT(t, thread_create(&m->moved, "moved", be_moved, m) == 0);
	for (unsigned int i = 0; i < 2; i++)
		ASSERT(t, thread_spawn_on(i, &pushers[i], "pusher", push_away,
					  m) == 0);
	thread_start(m->moved);
	thread_join(m->moved);
	for (unsigned int i = 0; i < 2; i++)
		thread_join(pushers[i]);
	CHECK(t, t->failures || m->moves > 0 || !time_is_instructions(),
	      "the thread was on one CPU in all of %u turns: it was never "
	      "moved, so this test has seen nothing",
	      m->turn);
}

static void do_nothing(struct move *m)
{
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
	if (here == 1 && there == 0)
		return true;
	FAIL(m->t,
	     "a thread was moved to another CPU in irq_push(), and its CPU "
	     "counts %u sections now, the other one %u: when did it look for "
	     "its struct cpu?",
	     here, there);
	cpus[0].irq.depth = cpus[1].irq.depth = 0;
	sti();
	return false;
}

static void test_moved(struct ktest *t)
{
	struct move m = {.t = t,
			 .enter = enter_section,
			 .is_inside = is_in_section,
			 .leave = leave_section,
			 .push = move_away};

	move_between_two(&m);
}
KTEST(lab01, moved, .min_cpus = 2);

/* ---- in spin_lock(), spin_try_lock() and spin_unlock() ---- */

static void enter_lock(struct move *m)
{
	spin_lock(&m->lock);
}

static void enter_try(struct move *m)
{
	if (!spin_try_lock(&m->lock))
		FAIL(m->t, "spin_try_lock() did not take a free lock");
}

static void leave_lock(struct move *m)
{
	spin_unlock(&m->lock);
}

static bool is_in_lock(struct move *m)
{
	EXPECT_INTERRUPTS_OFF(m->t, "with a lock held");
	if (spin_held(&m->lock))
		return true;
	FAIL(m->t,
	     "a thread was moved to another CPU in %s(), and its CPU does not "
	     "hold the lock now: when did it look for its struct cpu?",
	     m->enter == enter_try ? "spin_try_lock" : "spin_lock");
	forget_locks();
	return false;
}

/* The CPU that our thread leaves takes the lock before it is moved: that is no
 * reason to panic on the other CPU, where it waits. */
static void hold_for_a_while(struct move *m, unsigned int cpu)
{
	spin_lock(&m->lock);
	move_away(m, cpu);
	if (was_moved(m, cpu))
		let_others_run();
	spin_unlock(&m->lock);
	move_away(m, cpu);
}

static void move_in_lock(struct ktest *t, void (*enter)(struct move *m),
			 void (*push)(struct move *m, unsigned int cpu))
{
	struct move m = {.t = t,
			 .enter = enter,
			 .is_inside = is_in_lock,
			 .leave = leave_lock,
			 .push = push,
			 .lock = SPINLOCK_INIT("moved")};

	if (!t->failures && !t->skipped)
		move_between_two(&m);
}

static void test_moved_lock(struct ktest *t)
{
	move_in_lock(t, enter_lock, move_away);
	move_in_lock(t, enter_try, move_away);
	move_in_lock(t, enter_lock, hold_for_a_while);
}
KTEST(lab01, moved_lock, .min_cpus = 2);

/* ---- in spin_held(), while the CPU that it came from has the lock ---- */

static void ask_held(struct move *m)
{
	m->held = spin_held(&m->lock);
}

static void hold_until_entered(struct move *m, unsigned int cpu)
{
	spin_lock(&m->lock);
	move_away(m, cpu);
	if (was_moved(m, cpu))
		WAIT_FOR(m->entered == m->turn);
	spin_unlock(&m->lock);
}

static bool was_not_held(struct move *m)
{
	EXPECT_INTERRUPTS_ON(m->t, "after spin_held()");
	CHECK(m->t, !m->held,
	      "a thread was moved to another CPU in spin_held(), and the CPU "
	      "%s; spin_held() says true, but this thread has not taken the "
	      "lock",
	      m->push == hold_until_entered
		      ? "that it came from has the lock now"
		      : "to which it came had the lock before");
	return !m->held;
}

/* ---- in spin_held(), while the CPU to which it comes had the lock ---- */

/* Takes the lock, and yet leaves its CPU idle: as if it had interrupts off and
 * did nothing.  Gives it back when it is told, before our thread comes. */
static void hold_and_idle(void *arg)
{
	struct move *m = arg;
	unsigned int cpu = current->pinned;

	while (gate_wait(m->t, &m->release[cpu]) && !m->done) {
		if (m->taken) {
			irq_push();
			spin_unlock(&m->lock);
			sti();
		} else {
			spin_lock(&m->lock);
			forget_locks();
		}
		m->taken = !m->taken;
	}
}

static void take_elsewhere(struct move *m)
{
	unsigned int other = !m->moved->cpu;

	gate_open(&m->release[other]);
	CHECK(m->t, WAIT_FOR(m->taken), "spin_lock() of a free lock waits");
	wait_for_idle(other);
}

static void release_elsewhere(struct move *m, unsigned int cpu)
{
	gate_open(&m->release[!cpu]);
	WAIT_FOR(!m->taken);
	move_away(m, cpu);
}

static void test_moved_held(struct ktest *t)
{
	struct move before = {.t = t,
			      .enter = ask_held,
			      .is_inside = was_not_held,
			      .leave = do_nothing,
			      .push = hold_until_entered,
			      .lock = SPINLOCK_INIT("moved")};
	struct move after = before;
	struct thread *holders[2];

	spin_lock(&before.lock);
	CHECK(t, spin_held(&before.lock),
	      "spin_held() is false inside the lock");
	spin_unlock(&before.lock);
	EXPECT_INTERRUPTS_ON(t, "after spin_unlock()");
	if (t->failures)
		return;
	move_between_two(&before);
	if (t->failures || t->skipped)
		return;
	after.push = release_elsewhere;
	after.prepare = take_elsewhere;
	for (unsigned int i = 0; i < 2; i++)
		ASSERT(t, thread_spawn_on(i, &holders[i], "holder",
					  hold_and_idle, &after) == 0);
	move_between_two(&after);
	for (unsigned int i = 0; i < 2; i++)
		thread_join(holders[i]);
}
KTEST(lab01, moved_held, .min_cpus = 2);

/* ---- in irq_detach(), while the CPU that it came from runs the handler ----
 */

#define LINE 9

static void outlive_detach(unsigned int line, void *arg)
{
	struct move *m = arg;
	unsigned int cpu = this_cpu()->id;

	move_away(m, cpu);
	let_others_run();
	if (was_moved(m, cpu) && m->entered == m->turn)
		m->outlived = true;
}

static void attach_line(struct move *m)
{
	EXPECT_RESULT(m->t, irq_attach(LINE, outlive_detach, m), 0,
		      "the line is free");
}

static void detach_line(struct move *m)
{
	EXPECT_RESULT(m->t, irq_detach(LINE), 0, "the line has a handler");
}

static void interrupt_and_move(struct move *m, unsigned int cpu)
{
	if (m->entered != m->turn)
		raise_line(cpu, LINE);
	move_away(m, cpu);
}

static bool has_waited(struct move *m)
{
	CHECK(m->t, !m->outlived,
	      "a thread was moved to another CPU in irq_detach(), and the CPU "
	      "that it came from runs the handler now; irq_detach() has not "
	      "waited for that: when did it look for its struct cpu?");
	return m->t->failures == 0;
}

static void test_moved_detach(struct ktest *t)
{
	struct move m = {.t = t,
			 .prepare = attach_line,
			 .enter = detach_line,
			 .is_inside = has_waited,
			 .leave = do_nothing,
			 .push = interrupt_and_move};

	detach_all();
	move_between_two(&m);
	detach_all();
}
KTEST(lab01, moved_detach, .min_cpus = 2);
