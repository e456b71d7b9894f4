/*
 * k_end_of_interrupt.c - exercise 1.2: each interrupt is ended, exactly once,
 * and not before its handler.
 *
 * The local APIC keeps a bit for each vector that is in service, and holds
 * back what is of the same priority class (vector / 16) or a lower one.  The
 * end of interrupt clears the highest of these bits, whichever that is: so one
 * that is missing shows in an interrupt that never comes, and one too many in
 * an interrupt that comes too soon.  Source: SDM 3A, 11.8.3 to 11.8.5.
 */
#include "lab01.h"

#define LOW 3 /* two lines of one class ... */
#define LOW_TOO 5
#define HIGH 20 /* ... and one of a higher class */

static void count_up(unsigned int line, void *arg)
{
	volatile unsigned int *count = arg;

	(*count)++;
}

/* ---- missing ---- */

static void expect_arrival(struct ktest *t, unsigned int cpu, unsigned int line,
			   const char *when)
{
	uint64_t before = irq_count(line);

	raise_line(cpu, line);
	CHECK(t, WAIT_FOR(irq_count(line) == before + 1),
	      "line %u was raised on CPU %u %s, and not counted: does the "
	      "local APIC still wait for the end of an interrupt?",
	      line, cpu, when);
}

static void test_end_is_signalled(struct ktest *t)
{
	unsigned int calls = 0;

	detach_all();
	ASSERT_ATTACH(t, HIGH, count_up, &calls);
	for (unsigned int cpu = 0; cpu < cpu_count && !t->failures; cpu++) {
		expect_arrival(t, cpu, HIGH, "first");
		expect_arrival(t, cpu, HIGH, "after the same line");
		expect_arrival(t, cpu, LOW, "after one of a higher class");
		expect_arrival(t, cpu, LOW, "after one without a handler");
	}
	irq_detach(HIGH);
}
KTEST(lab01, end_is_signalled);

/* ---- one too many ---- */

struct nested {
	struct ktest *t;
	void (*interrupt)(void); /* to take in the middle of a handler */
	const char *what;
	volatile unsigned int high, low_too;
	volatile bool done;
};

/*
 * While line LOW is in service an interrupt comes in between.  If its end is
 * signalled once too often, that ends LOW's as well, and LOW_TOO, which is to
 * wait for LOW, arrives in the middle of LOW's handler.
 */
static void be_interrupted(unsigned int line, void *arg)
{
	struct nested *n = arg;

	sti();
	n->interrupt();
	raise_line(this_cpu()->id, LOW_TOO);
	for (unsigned int i = 0; i < 1000; i++)
		cpu_relax();
	cli();
	CHECK(n->t, n->low_too == 0,
	      "line %u arrived while the handler of line %u was running: %s "
	      "was ended once too often, and that ended line %u's",
	      LOW_TOO, LOW, n->what, LOW);
	n->done = true;
}

static void take_high(void)
{
	raise_line(this_cpu()->id, HIGH);
	for (unsigned int i = 0; i < 1000; i++)
		cpu_relax();
}

static void take_spurious(void)
{
	TAKE_INTERRUPT(VECTOR_PIC + 7);
	TAKE_INTERRUPT(VECTOR_DEVICE + IRQ_LINES);
	TAKE_INTERRUPT(VECTOR_SPURIOUS);
}

static void interrupt_a_handler(struct nested *n)
{
	detach_all();
	ASSERT_ATTACH(n->t, LOW, be_interrupted, n);
	ASSERT_ATTACH(n->t, LOW_TOO, count_up, (void *)&n->low_too);
	ASSERT_ATTACH(n->t, HIGH, count_up, (void *)&n->high);
	raise_line(0, LOW);
	CHECK(n->t, WAIT_FOR(n->done && n->low_too),
	      "line %u was raised while line %u was in service, and has not "
	      "come after it",
	      LOW_TOO, LOW);
	detach_all();
}

static void test_end_is_signalled_once(struct ktest *t)
{
	struct nested n = {.t = t,
			   .interrupt = take_high,
			   .what = "an interrupt of a higher class"};

	interrupt_a_handler(&n);
	CHECK(t, t->failures || n.high == 1,
	      "line %u was raised once while line %u was in service, and its "
	      "handler was called %u times",
	      HIGH, LOW, n.high);
}
KTEST(lab01, end_is_signalled_once);

/* The controllers keep no record of their spurious interrupts, and the vector
 * behind those of the lines is nobody's. */
static void test_spurious_is_not_ended(struct ktest *t)
{
	struct nested n = {.t = t,
			   .interrupt = take_spurious,
			   .what = "an interrupt of no line"};

	interrupt_a_handler(&n);
}
KTEST(lab01, spurious_is_not_ended);

/* ---- too early: the serial port, level-triggered (PC16550D, 8) ---- */

#define COM1_LINE 4
#define UART_INTERRUPT_ENABLE 0x3f9
#define UART_INTERRUPT_ID 0x3fa
#define UART_MODEM_CONTROL 0x3fc
#define TRANSMITTER_EMPTY 0x02
#define OUT2 0x08 /* on a PC: lets the line through */

struct uart {
	volatile unsigned int calls, quiet;
};

#define TIMES 3

/* The device keeps its line up until it is told that we know. */
static void quiet_uart(unsigned int line, void *arg)
{
	struct uart *u = arg;

	u->calls++;
	if (inb(UART_INTERRUPT_ID) & 1) /* it had nothing to say */
		u->quiet++;
	outb(UART_INTERRUPT_ENABLE, 0);
}

static void test_end_after_handler(struct ktest *t)
{
	struct uart u = {.calls = 0};
	uint8_t modem_control = inb(UART_MODEM_CONTROL);

	detach_all();
	ASSERT_ATTACH(t, COM1_LINE, quiet_uart, &u);
	ioapic_route(COM1_LINE, 0, true);
	ioapic_mask(COM1_LINE, false);
	for (unsigned int i = 1; i <= TIMES && u.calls == i - 1; i++) {
		outb(UART_MODEM_CONTROL, modem_control | OUT2);
		outb(UART_INTERRUPT_ENABLE, TRANSMITTER_EMPTY);
		WAIT_FOR(u.calls >= i);
		for (unsigned int k = 0; k < 1000; k++)
			cpu_relax();
	}
	outb(UART_MODEM_CONTROL, modem_control);
	irq_detach(COM1_LINE);
	CHECK(t, u.quiet || u.calls == TIMES,
	      "the serial port has interrupted %u times, and its handler was "
	      "called %u times",
	      TIMES, u.calls);
	CHECK(t, !u.quiet,
	      "the handler of the serial port was called %u times, %u of them "
	      "when the port had nothing to say: was the interrupt ended "
	      "before the handler had quieted the device, which keeps its line "
	      "up until then?",
	      u.calls, u.quiet);
}
KTEST(lab01, end_after_handler);
