/*
 * k_sections.c - exercise 1.1: sections with interrupts off.
 */
#include "lab01.h"

/* The bits of RFLAGS that an addition or a comparison changes. */
#define ARITHMETIC_FLAGS 0x8d5ul

/* irq_restore() of flags without RFLAGS_IF changes nothing. */
static void expect_left_alone(struct ktest *t, uint64_t flags)
{
	irq_restore(flags);
	if (!intr_enabled())
		FAIL(t,
		     "interrupts were on, and irq_restore(0x%lx) has turned "
		     "them off: without RFLAGS_IF it leaves them",
		     flags);
	cli();
	irq_restore(flags);
	EXPECT_INTERRUPTS_OFF(t, "after irq_restore() without RFLAGS_IF: they "
				 "were off before it");
	sti();
}

/* What was there before comes back, and no sooner: also for a section inside
 * another. */
static void test_save_restore(struct ktest *t)
{
	uint64_t before = read_rflags();
	uint64_t outer = irq_save();

	EXPECT_INTERRUPTS_OFF(t, "after irq_save()");
	CHECK(t, ((outer ^ before) & ~ARITHMETIC_FLAGS) == 0,
	      "irq_save() returned 0x%lx, but RFLAGS were 0x%lx: it returns "
	      "all of them",
	      outer, before);
	CHECK(t, outer & RFLAGS_IF,
	      "irq_save() returned 0x%lx, but interrupts were on: RFLAGS_IF "
	      "(0x%lx) belongs in it",
	      outer, RFLAGS_IF);
	uint64_t inner = irq_save();

	CHECK(t, !(inner & RFLAGS_IF),
	      "irq_save() returned 0x%lx, but interrupts were off", inner);
	irq_restore(inner);
	EXPECT_INTERRUPTS_OFF(t, "after an inner irq_restore(): too early");
	irq_restore(outer);
	EXPECT_INTERRUPTS_ON(t, "after the outer irq_restore()");
	expect_left_alone(t, inner);
	expect_left_alone(t, before & ~RFLAGS_IF);
	expect_left_alone(t, 0);
}
KTEST(lab01, save_restore);

/* Pushes to a depth and back, and looks at the flag at every step. */
static void go_down_and_up(struct ktest *t, unsigned int depth)
{
	for (unsigned int i = 1; i <= depth; i++) {
		irq_push();
		CHECK(t, !intr_enabled(),
		      "interrupts are on after irq_push() number %u", i);
	}
	CHECK(t, this_cpu()->irq.depth == depth,
	      "after %u times irq_push(), this_cpu()->irq.depth is %u", depth,
	      this_cpu()->irq.depth);
	for (unsigned int i = depth - 1; i > 0; i--) {
		irq_pop();
		CHECK(t, !intr_enabled(),
		      "interrupts are on with %u of %u sections still open", i,
		      depth);
	}
	irq_pop();
}

static void test_nesting(struct ktest *t)
{
	static const unsigned int depths[] = {1, 2, 3, 10, 300};

	for (unsigned int i = 0; i < ARRAY_SIZE(depths) && !t->failures; i++) {
		go_down_and_up(t, depths[i]);
		EXPECT_INTERRUPTS_ON(t, "after the last irq_pop()");
	}
}
KTEST(lab01, nesting);

/* In code that had interrupts off already, a section must not turn them on. */
static void test_nesting_when_off(struct ktest *t)
{
	go_down_and_up(t, 1);
	EXPECT_INTERRUPTS_ON(t, "after irq_pop()");
	cli();
	go_down_and_up(t, 3);
	EXPECT_INTERRUPTS_OFF(t, "after irq_pop(), but they were off before "
				 "irq_push()");
	cli();
	irq_restore(irq_save());
	EXPECT_INTERRUPTS_OFF(t, "after irq_restore(), but they were off "
				 "before irq_save()");
	sti();
}
KTEST(lab01, nesting_when_off);

/* Both kinds, one inside the other. */
static void test_nesting_mixed(struct ktest *t)
{
	uint64_t flags = irq_save();

	go_down_and_up(t, 2);
	EXPECT_INTERRUPTS_OFF(t, "after irq_pop(), inside irq_save()");
	irq_restore(flags);
	EXPECT_INTERRUPTS_ON(t, "after irq_restore()");

	irq_push();
	irq_restore(irq_save());
	EXPECT_INTERRUPTS_OFF(t, "after irq_restore(), inside irq_push()");
	irq_pop();
	EXPECT_INTERRUPTS_ON(t, "after irq_pop()");
}
KTEST(lab01, nesting_mixed);

/* ---- an interrupt handler uses sections too ---- */

struct visit {
	struct ktest *t;
	struct timer timer;
	volatile bool done;
};

static void visit_from_timer(struct timer *timer)
{
	struct visit *v = container_of(timer, struct visit, timer);

	go_down_and_up(v->t, 2);
	EXPECT_INTERRUPTS_OFF(v->t, "in an interrupt handler, after irq_pop()");
	irq_restore(irq_save());
	EXPECT_INTERRUPTS_OFF(v->t, "in an interrupt handler, after "
				    "irq_restore()");
	cli();
	v->done = true;
}

static void test_sections_in_handler(struct ktest *t)
{
	struct visit v = {.t = t};

	go_down_and_up(t, 2);
	EXPECT_INTERRUPTS_ON(t, "after irq_pop()");
	timer_start(&v.timer, time_ns() + 1000, visit_from_timer);
	WAIT_FOR(v.done);
	timer_cancel(&v.timer);
	CHECK(t, v.done, "no timer interrupt came");
	EXPECT_INTERRUPTS_ON(t, "after an interrupt handler that used a "
				"section");
}
KTEST(lab01, sections_in_handler);

/* ---- each CPU counts its own ---- */

struct neighbours {
	struct ktest *t;
	struct gate pushed;
	volatile bool leave;
};

static void stay_in_section(void *arg)
{
	struct neighbours *n = arg;

	irq_push();
	irq_push();
	gate_open(&n->pushed);
	WAIT_FOR(n->leave);
	irq_pop();
	EXPECT_INTERRUPTS_OFF(n->t, "in the first of two sections of CPU 1");
	irq_pop();
	EXPECT_INTERRUPTS_ON(n->t, "after both sections of CPU 1");
}

static void use_own_section(void *arg)
{
	struct neighbours *n = arg;

	if (gate_wait(n->t, &n->pushed)) {
		irq_push();
		irq_pop();
		EXPECT_INTERRUPTS_ON(n->t, "after the only section of CPU 0: "
					   "does it count those of CPU 1?");
	}
	n->leave = true;
}

static void test_each_cpu_counts(struct ktest *t)
{
	struct neighbours n = {.t = t};
	struct thread *stays, *uses;

	ASSERT(t,
	       thread_spawn_on(1, &stays, "stays", stay_in_section, &n) == 0);
	ASSERT(t, thread_spawn_on(0, &uses, "uses", use_own_section, &n) == 0);
	thread_join(uses);
	thread_join(stays);
}
KTEST(lab01, each_cpu_counts, .min_cpus = 2);

/* ---- threads that are switched, and move to other CPUs ---- */

static void open_and_close(void *arg)
{
	struct ktest *t = arg;

	for (unsigned int i = 0; i < 40 && !t->failures; i++) {
		irq_push();
		EXPECT_INTERRUPTS_OFF(t, "after irq_push()");
		irq_push();
		irq_pop();
		EXPECT_INTERRUPTS_OFF(t, "after the inner irq_pop()");
		irq_pop();
		EXPECT_INTERRUPTS_ON(t, "after the outer irq_pop(): was this "
					"thread on another CPU when it looked "
					"for its struct cpu?");
	}
}

/* A switch may come at any instruction up to the one that turns interrupts
 * off; then the thread may go on on another CPU. */
static void test_sections_between_switches(struct ktest *t)
{
	struct thread *threads[MAX_CPUS + 1];

	for (unsigned int i = 0; i <= cpu_count; i++)
		ASSERT(t, thread_spawn(&threads[i], "sections", open_and_close,
				       t) == 0);
	for (unsigned int i = 0; i <= cpu_count; i++)
		thread_join(threads[i]);
	for (unsigned int i = 0; i < cpu_count; i++) {
		CHECK(t, cpus[i].irq.depth == 0,
		      "all sections are closed, but CPU %u counts %u", i,
		      cpus[i].irq.depth);
		cpus[i].irq.depth = 0;
	}
}
KTEST(lab01, sections_between_switches, .seeds = 50);

/* ---- expected to panic ---- */

/* With interrupts off: it is the depth that says how many are open. */
static void test_pop_without_push(struct ktest *t)
{
	irq_push();
	irq_pop();
	cli();
	irq_pop();
	FAIL(t, "irq_pop() without irq_push() must panic, and has returned");
	EXPECT_INTERRUPTS_ON(t, "after that");
}
KTEST(lab01, pop_without_push, .manual = true);
