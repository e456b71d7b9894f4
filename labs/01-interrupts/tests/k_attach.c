/*
 * k_attach.c - exercise 1.2: who may attach to a line, and what that changes.
 */
#include "lab01.h"

#define LINE 5

struct visits {
	volatile unsigned int count;
	volatile unsigned int line, cpu; /* of the last one */
};

static void count_visit(unsigned int line, void *arg)
{
	struct visits *v = arg;

	v->line = line;
	v->cpu = this_cpu()->id;
	v->count++;
}

static void other_handler(unsigned int line, void *arg)
{
}

static void test_attach_errors(struct ktest *t)
{
	struct visits v = {.count = 0};

	detach_all();
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_RESULT(t, irq_attach(IRQ_LINES, count_visit, &v),
			      -EINVAL, "lines end at IRQ_LINES - 1");
		EXPECT_RESULT(t, irq_attach(-1, count_visit, &v), -EINVAL,
			      "there is no such line");
		EXPECT_RESULT(t, irq_attach(LINE, NULL, &v), -EINVAL,
			      "there is no handler to call");
	}
	EXPECT_INTERRUPTS_ON(t, "after irq_attach() returned -EINVAL");
	ASSERT_ATTACH(t, LINE, count_visit, &v);
	EXPECT_INTERRUPTS_ON(t, "after irq_attach() returned 0");
	EXPECT_RESULT(t, irq_attach(LINE, other_handler, NULL), -EBUSY,
		      "the line has a handler");
	EXPECT_RESULT(t, irq_attach(LINE, count_visit, NULL), -EBUSY,
		      "the line has a handler, if also the same one");
	EXPECT_INTERRUPTS_ON(t, "after irq_attach() returned -EBUSY");

	raise_line(0, LINE);
	CHECK(t, WAIT_FOR(v.count == 1),
	      "after an irq_attach() that got -EBUSY, the handler that the "
	      "line has is not called any more");
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	for (unsigned int line = IRQ_LINES; line != 0; line *= 2)
		CHECK(t, irq_count(line) == 0,
		      "irq_count(%u) is %lu, and there is no such line", line,
		      irq_count(line));
}
KTEST(lab01, attach_errors);

static void test_detach_errors(struct ktest *t)
{
	struct visits v = {.count = 0};

	detach_all();
	EXPECT_RESULT(t, irq_detach(IRQ_LINES), -EINVAL,
		      "there is no such line");
	EXPECT_RESULT(t, irq_detach(LINE), -EINVAL, "nothing is attached");
	EXPECT_INTERRUPTS_ON(t, "after irq_detach() returned -EINVAL");
	ASSERT_ATTACH(t, LINE, count_visit, &v);
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	EXPECT_INTERRUPTS_ON(t, "after irq_detach() returned 0");
	EXPECT_RESULT(t, irq_detach(LINE), -EINVAL, "it was detached before");
	EXPECT_RESULT(t, irq_attach(LINE, other_handler, NULL), 0,
		      "the line is free again");
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
}
KTEST(lab01, detach_errors);

/* The I/O APIC lets a line through while it has a handler, and only then. */
static void test_attach_unmasks(struct ktest *t)
{
	struct visits v = {.count = 0};

	detach_all();
	ioapic_mask(LINE, true);
	irq_attach(LINE, NULL, &v);
	CHECK(t, ioapic_is_masked(LINE),
	      "line %u is unmasked by an irq_attach() that failed", LINE);
	ASSERT_ATTACH(t, LINE, count_visit, &v);
	CHECK(t, !ioapic_is_masked(LINE),
	      "line %u is still masked after irq_attach()", LINE);
	irq_attach(LINE, other_handler, NULL);
	CHECK(t, !ioapic_is_masked(LINE),
	      "line %u is masked by an irq_attach() that failed", LINE);
	EXPECT_RESULT(t, irq_detach(LINE), 0, "the line has a handler");
	CHECK(t, ioapic_is_masked(LINE),
	      "line %u is not masked after irq_detach()", LINE);
}
KTEST(lab01, attach_unmasks);

/* ---- a real device: the interval timer (Intel 8254), on line 0 ---- */

#define TIMER_LINE 0
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
#define PIT_ONCE 0x30 /* channel 0, both bytes, mode 0 */
#define PIT_COUNT 100 /* of 838 ns */

/* Stops the timer; pit_start() lets it raise its line once, after 84 us. */
static void pit_stop(void)
{
	outb(PIT_COMMAND, PIT_ONCE);
}

static void pit_start(void)
{
	outb(PIT_COMMAND, PIT_ONCE);
	outb(PIT_CHANNEL_0, PIT_COUNT);
	outb(PIT_CHANNEL_0, 0);
}

static void test_device_interrupts(struct ktest *t)
{
	struct visits v = {.count = 0};

	detach_all();
	pit_stop();
	ASSERT_ATTACH(t, TIMER_LINE, count_visit, &v);
	for (unsigned int i = 1; i <= 3 && !t->failures; i++) {
		pit_start();
		CHECK(t, WAIT_FOR(v.count == i),
		      "the interval timer has raised line 0 %u times, and the "
		      "handler was called %u times",
		      i, v.count);
		CHECK(t, v.cpu == 0, "line 0 was handled on CPU %u, not 0",
		      v.cpu);
	}
	irq_detach(TIMER_LINE);

	uint64_t before = irq_count(TIMER_LINE);

	pit_start();
	time_delay_ns(200 * NSEC_PER_USEC);
	CHECK(t, irq_count(TIMER_LINE) == before,
	      "line 0 still interrupts after irq_detach(): it is not masked");
}
KTEST(lab01, device_interrupts);
