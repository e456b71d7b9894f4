/*
 * k_start.c - exercises 2.2 and 2.3: lab_input_start(), and the two interrupts.
 *
 * The controller has commands to receive a byte as if a device had sent it
 * (ps2_inject()), with all that follows: the interrupt on line 1 or 12, the
 * student's handler, and the event in input_events, the machine's real queue.
 */
#include "apic.h"
#include "lab02.h"
#include "x86.h"

#define PS2_STATUS 0x64
#define PS2_OUTPUT_FULL 0x01

static void line_is_ours(unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
}

static bool byte_waits(void)
{
	return inb(PS2_STATUS) & PS2_OUTPUT_FULL;
}

static void drop_events(void)
{
	struct event e;

	while (event_pop(&input_events, &e))
		;
}

/* Stops what was started at boot, so that it can be started again. */
static void stop_input(void)
{
	irq_detach(KEYBOARD_LINE);
	irq_detach(MOUSE_LINE);
	drop_events();
}

/* The state of the machine after boot.  False when it cannot be had. */
static bool start_input(struct ktest *t)
{
	int error;

	stop_input();
	error = lab_input_start();
	CHECK(t, error == 0, "lab_input_start() returned %d, expected 0",
	      error);
	drop_events();
	return error == 0;
}

/* A byte comes from a device.  False when nobody takes it. */
static bool send(struct ktest *t, enum ps2_port port, uint8_t byte)
{
	ps2_inject(port, byte);
	if (WAIT_FOR(!byte_waits()))
		return true;
	FAIL(t,
	     "a byte came from the %s, and nobody took it from the "
	     "controller",
	     port == PS2_MOUSE ? "mouse" : "keyboard");
	return false;
}

static bool next_event(struct ktest *t, struct event *e, const char *after)
{
	if (WAIT_FOR(event_count(&input_events) > 0) &&
	    event_pop(&input_events, e))
		return true;
	FAIL(t, "%s: no event came to input_events", after);
	return false;
}

static void expect_input(struct ktest *t, struct event want, const char *after)
{
	char expected[EVENT_TEXT_SIZE], text[EVENT_TEXT_SIZE];
	struct event got;

	if (!next_event(t, &got, after))
		return;
	CHECK(t,
	      got.type == want.type &&
		      memcmp(got.data, want.data, sizeof(got.data)) == 0,
	      "%s: expected %s, got %s", after,
	      event_text(&want, expected, sizeof(expected)),
	      event_text(&got, text, sizeof(text)));
}

static void test_keyboard_interrupt(struct ktest *t)
{
	uint64_t before, after;
	struct event e;

	if (!start_input(t))
		return;
	for (int i = 0; i < 3 && !t->failures; i++) {
		if (!send(t, PS2_KEYBOARD, 0x1e))
			return;
		expect_input(t, key_down(KEY_A, 'a', 0),
			     "the keyboard sent 0x1e");
		if (!send(t, PS2_KEYBOARD, 0x9e))
			return;
		expect_input(t, key_up(KEY_A, 0), "the keyboard sent 0x9e");
	}
	before = time_ns();
	send(t, PS2_KEYBOARD, 0x1e);
	after = time_ns();
	send(t, PS2_KEYBOARD, 0x9e);
	if (next_event(t, &e, "the keyboard sent 0x1e"))
		CHECK(t, e.time_ns >= before && e.time_ns <= after,
		      "the byte came between %lu and %lu ns, and the event has "
		      "time_ns %lu",
		      before, after, e.time_ns);
	drop_events();
}
KTEST(lab02, keyboard_interrupt);

static void test_mouse_interrupt(struct ktest *t)
{
	static const uint8_t packet[] = {0x29, 10, 0xfe}, release[] = {8, 0, 0};

	if (!start_input(t))
		return;
	for (int i = 0; i < 3; i++)
		if (!send(t, PS2_MOUSE, packet[i]))
			return;
	expect_input(t, mouse_moved(10, 2, BUTTON_LEFT),
		     "the mouse sent 29 0a fe");
	expect_input(t, mouse_button(0, true, BUTTON_LEFT),
		     "the mouse sent 29 0a fe");
	for (int i = 0; i < 3; i++)
		send(t, PS2_MOUSE, release[i]);
	expect_input(t, mouse_button(0, false, 0), "the mouse sent 08 00 00");
}
KTEST(lab02, mouse_interrupt);

/* Both at once share the controller's one register, but nothing else. */
static void test_both_devices(struct ktest *t)
{
	static const uint8_t mouse[] = {0x08, 1, 1};
	static const uint8_t keys[] = {0xe0, 0x48, 0x1e};

	if (!start_input(t))
		return;
	for (int i = 0; i < 3; i++)
		if (!send(t, PS2_MOUSE, mouse[i]) ||
		    !send(t, PS2_KEYBOARD, keys[i]))
			return;
	expect_input(t, key_down(KEY_UP, 0, 0),
		     "bytes of keyboard and mouse by turns");
	expect_input(t, mouse_moved(1, -1, 0),
		     "bytes of keyboard and mouse by turns");
	expect_input(t, key_down(KEY_A, 'a', 0),
		     "bytes of keyboard and mouse by turns");
	send(t, PS2_KEYBOARD, 0x9e);
	send(t, PS2_KEYBOARD, 0xe0);
	send(t, PS2_KEYBOARD, 0xc8);
	drop_events();
}
KTEST(lab02, both_devices);

/* ---- when something fails ---- */

static void expect_line_free(struct ktest *t, unsigned int line,
			     const char *why)
{
	int error = irq_attach(line, line_is_ours, NULL);

	CHECK(t, error == 0,
	      "lab_input_start() failed, since %s; but line %u still has a "
	      "handler",
	      why, line);
	if (error == 0)
		irq_detach(line);
}

static void expect_failure(struct ktest *t, int want, const char *why)
{
	int got = lab_input_start();

	CHECK(t, got == want, "%s: lab_input_start() returned %d, expected %d",
	      why, got, want);
}

static void test_start_fails(struct ktest *t)
{
	const char *why = "ps2_start() returned -ENODEV (-19)";

	stop_input();
	ps2_fail_next_start(-ENODEV);
	expect_failure(t, -ENODEV, why);
	expect_line_free(t, KEYBOARD_LINE, why);
	expect_line_free(t, MOUSE_LINE, why);
	ps2_fail_next_start(0);
	start_input(t);
}
KTEST(lab02, start_fails);

/* Somebody else has one of the lines, and keeps it. */
static void taken_line(struct ktest *t, unsigned int line)
{
	char why[48];

	snprintf(why, sizeof(why), "line %u is taken (-EBUSY, -16)", line);
	stop_input();
	irq_attach(line, line_is_ours, NULL);
	expect_failure(t, -EBUSY, why);
	CHECK(t, irq_attach(line, line_is_ours, NULL) == -EBUSY,
	      "lab_input_start() has detached the handler of line %u, which "
	      "was not its own",
	      line);
	expect_line_free(t, KEYBOARD_LINE + MOUSE_LINE - line, why);
	irq_detach(line);
}

static void test_start_when_taken(struct ktest *t)
{
	taken_line(t, KEYBOARD_LINE);
	taken_line(t, MOUSE_LINE);
	start_input(t);
}
KTEST(lab02, start_when_taken);
