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
	volatile bool alone;    /* nothing has told it to leave */
};

static void stay_inside(unsigned int line, void *arg)
{
	struct guest *g = arg;

	g->inside = true;
	g->alone = !WAIT_FOR(g->leaving);
	time_delay_ns(20 * NSEC_PER_USEC);
	g->outlived = g->detached;
	g->inside = false;
}

/* The handler is inside on the last CPU. */
static void detach_while_inside(void *arg)
{
	struct ktest *t = arg;
	struct guest g = {.inside = false};
	unsigned int last = cpu_count - 1;

	ASSERT_ATTACH(t, LINE, stay_inside, &g);
	raise_line(last, LINE);
	if (!WAIT_FOR(g.inside)) {
		FAIL(t, "the handler was not called on CPU %u", last);
		return;
	}
	g.leaving = true;
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	g.detached = true;
	WAIT_FOR(!g.inside);
	CHECK(t, !g.outlived,
	      "irq_detach() returned on CPU 0 while the handler was running on "
	      "CPU %u: its arg may be gone by now",
	      last);
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
	CHECK(t, !g.alone,
	      "line %u was raised on CPU 0 while its handler was running on "
	      "CPU 1, and the handler was not called on CPU 0 before that one "
	      "had ended",
	      LINE);
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

/* ---- for this handler, and for no other ---- */

#define OTHER_LINE 13

struct neighbour {
	volatile bool inside, detached, waited_in_vain;
};

static void wait_for_detach(unsigned int line, void *arg)
{
	struct neighbour *n = arg;

	n->inside = true;
	n->waited_in_vain = !WAIT_FOR(n->detached);
	n->inside = false;
}

static void ignore(unsigned int line, void *arg)
{
}

static void detach_beside_handler(void *arg)
{
	struct ktest *t = arg;
	struct neighbour n = {.inside = false};

	ASSERT_ATTACH(t, OTHER_LINE, wait_for_detach, &n);
	ASSERT_ATTACH(t, LINE, ignore, NULL);
	raise_line(1, OTHER_LINE);
	CHECK(t, WAIT_FOR(n.inside), "the handler was not called on CPU 1");
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	n.detached = true;
	WAIT_FOR(!n.inside);
	CHECK(t, !n.waited_in_vain,
	      "irq_detach(%u) on CPU 0 has waited for the handler of line %u "
	      "on CPU 1: it waits for that of its own line, and no other",
	      LINE, OTHER_LINE);
	irq_detach(OTHER_LINE);
}

static void test_detach_waits_for_its_line(struct ktest *t)
{
	detach_all();
	run_on_cpus(t, 1, detach_beside_handler, t);
}
KTEST(lab01, detach_waits_for_its_line, .min_cpus = 2);

/* ---- the line has a new handler, while irq_detach() waits for the old ---- */

struct takeover {
	volatile bool inside, leaving, detached, outlived;
	volatile bool attached;      /* the new one */
	volatile unsigned int calls; /* of the new one */
};

static void count_takeover(unsigned int line, void *arg)
{
	struct takeover *o = arg;

	o->calls++;
}

/* The old handler, on CPU 1: attaches the new one as soon as the line is free.
 * It may be busy until irq_detach() has returned; then there is no new one. */
static void take_over(unsigned int line, void *arg)
{
	struct takeover *o = arg;

	o->inside = true;
	WAIT_FOR(o->leaving);
	for (unsigned int i = 0; i < 100 && !o->attached; i++) {
		o->attached = irq_attach(line, count_takeover, o) == 0;
		cpu_relax();
	}
	let_others_run();
	o->outlived = o->detached;
	o->inside = false;
}

static void expect_attached(struct ktest *t, struct takeover *o)
{
	CHECK(t, !ioapic_is_masked(LINE),
	      "line %u got a new handler while irq_detach() waited for the old "
	      "one, and is masked now",
	      LINE);
	raise_line(0, LINE);
	CHECK(t, WAIT_FOR(o->calls == 1),
	      "line %u got a new handler while irq_detach() waited for the old "
	      "one; it was raised once, and the new one was called %u times",
	      LINE, o->calls);
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a new handler");
}

static void detach_during_takeover(void *arg)
{
	struct ktest *t = arg;
	struct takeover o = {.inside = false};

	ASSERT_ATTACH(t, LINE, take_over, &o);
	raise_line(1, LINE);
	CHECK(t, WAIT_FOR(o.inside), "the handler was not called on CPU 1");
	o.leaving = true;
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	o.detached = true;
	WAIT_FOR(!o.inside);
	CHECK(t, !o.outlived,
	      "irq_detach() returned on CPU 0 while the handler was running on "
	      "CPU 1: that handler has attached another one to the line");
	if (o.attached)
		expect_attached(t, &o);
}

static void test_detach_during_takeover(struct ktest *t)
{
	detach_all();
	run_on_cpus(t, 1, detach_during_takeover, t);
}
KTEST(lab01, detach_during_takeover, .min_cpus = 2);

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

/* ---- who has attached a line has it unmasked, until it is detached ---- */

#define LEASES 6

struct leases {
	struct ktest *t;
	unsigned int begun; /* by all threads */
};

/* It is detached by the one that has attached it, and by nobody else. */
static void lease(void *arg)
{
	struct leases *l = arg;
	struct ktest *t = l->t;

	for (unsigned int i = 0; i < LEASES && !t->failures; i++) {
		if (irq_attach(LINE, ignore, t) != 0) {
			thread_yield();
			continue;
		}
		__atomic_fetch_add(&l->begun, 1, __ATOMIC_RELAXED);
		for (unsigned int k = 0; k < 3; k++) {
			sched_point(POINT_ACCESS, t);
			thread_yield();
			CHECK(t, !ioapic_is_masked(LINE),
			      "irq_attach() of line %u returned 0, and the "
			      "line is masked: has an irq_detach() that began "
			      "earlier masked it late?",
			      LINE);
		}
		EXPECT_RESULT(t, irq_detach(LINE), 0,
			      "this thread has attached a handler, and nobody "
			      "else detaches it");
	}
}

static void test_attached_stays_unmasked(struct ktest *t)
{
	struct leases l = {.t = t};

	detach_all();
	run_on_cpus(t, cpu_count + 1, lease, &l);
	CHECK(t, l.begun > 0,
	      "%u threads tried to attach line %u, and none got it",
	      cpu_count + 1, LINE);
	CHECK(t, ioapic_is_masked(LINE),
	      "line %u has no handler any more, and is not masked", LINE);
}
KTEST(lab01, attached_stays_unmasked, .min_cpus = 2, .seeds = 50);

/* ---- counts, when the same line fires everywhere ---- */

#define INTERRUPTS 10

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

static void take_spurious_here(void *arg)
{
	for (unsigned int i = 0; i < INTERRUPTS; i++)
		TAKE_INTERRUPT(VECTOR_SPURIOUS);
}

/* INTERRUPTS on each CPU: how many are counted for the line, how many as
 * spurious? */
static void expect_counts(struct ktest *t, const char *what,
			  void (*take)(void *arg), unsigned int of_line,
			  unsigned int spurious)
{
	uint64_t count = irq_count(LINE), strays = irq_spurious();

	run_on_cpus(t, cpu_count, take, NULL);
	count = irq_count(LINE) - count;
	strays = irq_spurious() - strays;
	CHECK(t, count == of_line,
	      "%u interrupts %s, on all CPUs together: irq_count(%u) went up "
	      "by %lu, and should by %u",
	      INTERRUPTS * cpu_count, what, LINE, count, of_line);
	CHECK(t, strays == spurious,
	      "%u interrupts %s, on all CPUs together: irq_spurious() went up "
	      "by %lu, and should by %u",
	      INTERRUPTS * cpu_count, what, strays, spurious);
}

static void test_counts_of_all_cpus(struct ktest *t)
{
	unsigned int all = INTERRUPTS * cpu_count;

	detach_all();
	expect_counts(t, "of a line without a handler", raise_here, all, all);
	expect_counts(t, "of no line (0xff)", take_spurious_here, 0, all);
	ASSERT_ATTACH(t, LINE, ignore, NULL);
	expect_counts(t, "of a line with a handler", raise_here, all, 0);
	detach_all();
}
KTEST(lab01, counts_of_all_cpus, .min_cpus = 2, .seeds = 50);
