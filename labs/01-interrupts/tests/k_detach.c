/*
 * k_detach.c - exercises 1.2 and 1.3: lines that are attached and detached on
 * one CPU while they fire on others.
 */
#include "lab01.h"

#define LINE 9

/* ---- irq_detach() waits for the handler ---- */

struct guest {
	volatile bool inside, leaving, detached;
	volatile bool outlived; /* still inside when detach returned */
};

static void stay_inside(unsigned int line, void *arg)
{
	struct guest *g = arg;

	g->inside = true;
	WAIT_FOR(g->leaving);
	time_delay_ns(20 * NSEC_PER_USEC);
	g->outlived = g->detached;
	g->inside = false;
}

static void detach_while_inside(void *arg)
{
	struct ktest *t = arg;
	struct guest g = {.inside = false};

	ASSERT_ATTACH(t, LINE, stay_inside, &g);
	raise_line(1, LINE);
	if (!WAIT_FOR(g.inside)) {
		FAIL(t, "the handler was not called on CPU 1");
		return;
	}
	g.leaving = true;
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	g.detached = true;
	WAIT_FOR(!g.inside);
	CHECK(t, !g.outlived,
	      "irq_detach() returned on CPU 0 while the handler was running on "
	      "CPU 1: its arg may be gone by now");
	EXPECT_INTERRUPTS_ON(t, "after irq_detach()");
}

static void test_detach_waits(struct ktest *t)
{
	detach_all();
	run_on_cpus(t, 1, detach_while_inside, t);
}
KTEST(lab01, detach_waits, .min_cpus = 2);

/* On CPU 1 the handler stays inside, on CPU 0 it detaches its own line: then it
 * must not wait for itself, but for the other one. */
static void stay_or_detach(unsigned int line, void *arg)
{
	struct guest *g = arg;

	if (this_cpu()->id == 1) {
		stay_inside(line, arg);
		return;
	}
	g->leaving = true;
	irq_detach(line);
	g->detached = true;
}

static void detach_from_handler(void *arg)
{
	struct ktest *t = arg;
	struct guest g = {.inside = false};

	ASSERT_ATTACH(t, LINE, stay_or_detach, &g);
	raise_line(1, LINE);
	CHECK(t, WAIT_FOR(g.inside), "the handler was not called on CPU 1");
	raise_line(0, LINE);
	CHECK(t, WAIT_FOR(g.detached && !g.inside),
	      "the handlers did not return");
	CHECK(t, !g.outlived,
	      "irq_detach(), called by the handler on CPU 0, returned while "
	      "the handler was running on CPU 1 too");
}

static void test_detach_in_handler_waits(struct ktest *t)
{
	detach_all();
	run_on_cpus(t, 1, detach_from_handler, t);
}
KTEST(lab01, detach_in_handler_waits, .min_cpus = 2);

/* ---- the same, at any moment ---- */

struct tenant {
	struct ktest *t;
	irq_handler handler;
	volatile bool attached;
};

struct house {
	struct ktest *t;
	struct tenant tenants[2];
	volatile unsigned int rounds; /* begun, of ROUNDS */
	volatile bool closed;
	unsigned int workers;
};

#define ROUNDS 8
#define RAISED_EACH_ROUND 8

static void be_called(struct tenant *tenant, irq_handler self)
{
	CHECK(tenant->t, tenant->handler == self,
	      "a handler was called with the arg of another one");
	CHECK(tenant->t, tenant->attached,
	      "a handler was called after irq_detach() had returned");
	sched_point(POINT_ACCESS, tenant);
	CHECK(tenant->t, tenant->attached,
	      "irq_detach() returned while the handler was running");
}

static void first_tenant(unsigned int line, void *arg)
{
	be_called(arg, first_tenant);
}

static void second_tenant(unsigned int line, void *arg)
{
	be_called(arg, second_tenant);
}

static void move_in_and_out(struct house *h)
{
	while (h->rounds < ROUNDS && !h->t->failures) {
		struct tenant *tenant = &h->tenants[h->rounds++ % 2];

		tenant->attached = true;
		EXPECT_RESULT(h->t, irq_attach(LINE, tenant->handler, tenant),
			      0, "the line is free");
		thread_yield();
		EXPECT_RESULT(h->t, irq_detach(LINE), 0,
			      "the line has a handler");
		tenant->attached = false;
	}
	h->closed = true;
}

/* Thread 0 attaches and detaches, the other raises the line on both CPUs. */
static void live_in_house(void *arg)
{
	struct house *h = arg;
	unsigned int raised = 0;

	if (__atomic_fetch_add(&h->workers, 1, __ATOMIC_RELAXED) == 0) {
		move_in_and_out(h);
		return;
	}
	while (!h->closed) {
		if (raised < RAISED_EACH_ROUND * h->rounds)
			raise_line(raised++ % 2, LINE);
		sched_point(POINT_ACCESS, h);
		thread_yield();
	}
}

static void test_detach_while_firing(struct ktest *t)
{
	struct house h = {.t = t,
			  .tenants = {{t, first_tenant, false},
				      {t, second_tenant, false}}};

	detach_all();
	run_on_cpus(t, 2, live_in_house, &h);
	EXPECT_INTERRUPTS_ON(t, "at the end");
}
KTEST(lab01, detach_while_firing, .min_cpus = 2, .seeds = 50);

/* ---- two who want the same line ---- */

struct rivals {
	volatile unsigned int got, refused, detached, calls;
};

static void count_call(unsigned int line, void *arg)
{
	struct rivals *r = arg;

	r->calls++;
}

static void attach_one(void *arg)
{
	struct rivals *r = arg;
	int error = irq_attach(LINE, count_call, r);

	if (error == 0)
		__atomic_fetch_add(&r->got, 1, __ATOMIC_RELAXED);
	else if (error == -EBUSY)
		__atomic_fetch_add(&r->refused, 1, __ATOMIC_RELAXED);
}

/* Whoever attached the line: anybody may detach it. */
static void attach_and_detach(void *arg)
{
	struct rivals *r = arg;

	for (unsigned int i = 0; i < 4; i++) {
		attach_one(r);
		if (irq_detach(LINE) == 0)
			__atomic_fetch_add(&r->detached, 1, __ATOMIC_RELAXED);
	}
}

static void test_attach_race(struct ktest *t)
{
	struct rivals r = {.got = 0};
	unsigned int threads = cpu_count + 1;

	detach_all();
	run_on_cpus(t, threads, attach_one, &r);
	CHECK(t, r.got == 1 && r.refused == threads - 1,
	      "%u threads attached to one line at once: %u got 0 and %u got "
	      "-EBUSY",
	      threads, r.got, r.refused);
	irq_detach(LINE);

	r = (struct rivals){.got = 0};
	run_on_cpus(t, threads, attach_and_detach, &r);
	CHECK(t, r.got == r.detached,
	      "%u calls of irq_attach() got 0, and %u of irq_detach()", r.got,
	      r.detached);
	CHECK(t, ioapic_is_masked(LINE),
	      "line %u has no handler any more, and is not masked: "
	      "irq_attach() "
	      "on one CPU and irq_detach() on another have crossed",
	      LINE);
}
KTEST(lab01, attach_race, .seeds = 20);

/* ---- counts, when the same line fires everywhere ---- */

#define INTERRUPTS 20

/* On its own CPU: when the thread goes on, the interrupt has been served. */
static void raise_here(void *arg)
{
	unsigned int cpu = current->pinned;
	uint64_t *taken = &cpus[cpu].interrupts[VECTOR_DEVICE + LINE];

	for (unsigned int i = 0; i < INTERRUPTS; i++) {
		uint64_t before = *taken;

		raise_line(cpu, LINE);
		WAIT_FOR(*(volatile uint64_t *)taken != before);
	}
}

static void test_counts_of_all_cpus(struct ktest *t)
{
	uint64_t count = irq_count(LINE), spurious = irq_spurious();
	unsigned int raised = INTERRUPTS * cpu_count;

	detach_all();
	run_on_cpus(t, cpu_count, raise_here, NULL);
	count = irq_count(LINE) - count;
	spurious = irq_spurious() - spurious;
	CHECK(t, count == raised,
	      "line %u was raised %u times, on all CPUs together, and "
	      "irq_count() went up by %lu",
	      LINE, raised, count);
	CHECK(t, spurious == raised,
	      "%u interrupts had no handler, on all CPUs together, and "
	      "irq_spurious() went up by %lu",
	      raised, spurious);
}
KTEST(lab01, counts_of_all_cpus, .min_cpus = 2, .seeds = 50);
