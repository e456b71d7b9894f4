/*
 * k_start.c - exercises 2.2 and 2.3: lab_input_start(), and the two interrupts.
 *
 * The controller has commands to receive a byte as if a device had sent it
 * (ps2_inject()), with all that follows: the interrupt on line 1 or 12, the
 * student's handler, and the event in input_events, the machine's real queue.
 * One test of exercise 2.4 is here, too: what that handler publishes.
 */
#include "apic.h"
#include "lab02.h"
#include "trace.h"
#include "x86.h"

#define PS2_STATUS 0x64
#define PS2_OUTPUT_FULL 0x01

static void line_is_ours(unsigned int line, void *arg)
{
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

/* Bytes that raise one interrupt together, and make so many events.  False when
 * the handler does not take them all. */
static bool send_together(struct ktest *t, enum ps2_port port,
			  const uint8_t *bytes, unsigned int count,
			  unsigned int events)
{
	unsigned int left;

	ps2_inject_together(port, bytes, count);
	(void)WAIT_FOR(event_count(&input_events) == events);
	left = ps2_left_together(port);
	CHECK(t, left == 0,
	      "%u bytes came from the %s with one interrupt, and the handler "
	      "left %u of them: nothing more will interrupt for these",
	      count, port == PS2_MOUSE ? "mouse" : "keyboard", left);
	return left == 0;
}

/* A packet's bytes may be no more than MOUSE_GAP_NS apart. */
static bool bytes_may_be_late(struct ktest *t)
{
	if (ktest_time_is_exact())
		return false;
	ktest_skip(t, "the mouse's bytes may come too late without -icount");
	return true;
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
	CHECK(t, event_agrees(&got, &want, 0), "%s: expected %s, got %s", after,
	      event_text(&want, 0, expected, sizeof(expected)),
	      event_text(&got, 0, text, sizeof(text)));
}

/* The byte that completes an event comes, and the event has its time. */
static void expect_time(struct ktest *t, enum ps2_port port, uint8_t byte)
{
	uint64_t before = time_ns(), after;
	struct event e;

	if (!send(t, port, byte))
		return;
	(void)WAIT_FOR(event_count(&input_events) > 0);
	after = time_ns();
	if (next_event(t, &e, "a byte that completes an event"))
		CHECK(t, e.time_ns >= before && e.time_ns <= after,
		      "the byte that completed an event came from the %s "
		      "between %lu and %lu ns, and the event has time_ns %lu",
		      port == PS2_MOUSE ? "mouse" : "keyboard", before, after,
		      e.time_ns);
}

static void test_keyboard_interrupt(struct ktest *t)
{
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
	expect_time(t, PS2_KEYBOARD, 0x1e);
	send(t, PS2_KEYBOARD, 0x9e);
	drop_events();
}
KTEST(lab02, keyboard_interrupt);

static void test_mouse_interrupt(struct ktest *t)
{
	static const uint8_t packet[] = {0x29, 10, 0xfe}, release[] = {8, 0, 0};

	if (bytes_may_be_late(t) || !start_input(t))
		return;
	for (int i = 0; i < 3; i++)
		if (!send(t, PS2_MOUSE, packet[i]))
			return;
	expect_input(t, mouse_moved(10, 2, BUTTON_LEFT),
		     "the mouse sent 29 0a fe");
	expect_input(t, mouse_button(0, true, BUTTON_LEFT),
		     "the mouse sent 29 0a fe");
	for (int i = 0; i < 2; i++)
		send(t, PS2_MOUSE, release[i]);
	expect_time(t, PS2_MOUSE, release[2]);
}
KTEST(lab02, mouse_interrupt);

/* A queue that is full changes nothing for the devices: their bytes are taken,
 * or nothing ever interrupts again. */
static void send_while_full(struct ktest *t, enum ps2_port port,
			    const uint8_t *bytes, unsigned int count)
{
	struct event filler = {.type = EVENT_MOUSE_MOVE};

	while (event_push(&input_events, &filler))
		;
	for (unsigned int i = 0; i < count; i++)
		if (!send(t, port, bytes[i])) {
			FAIL(t, "input_events was full then");
			break;
		}
	drop_events();
}

/* The CPU may be kept from an interrupt until there are several bytes, of which
 * some make no event. */
static void test_keyboard_bytes_together(struct ktest *t)
{
	static const uint8_t keys[] = {0x1e, 0x00, 0x9e, 0xff,
				       0xe0, 0x48, 0xe0, 0xc8};
	const char *what = "1e 00 9e ff e0 48 e0 c8";

	if (!start_input(t))
		return;
	if (send_together(t, PS2_KEYBOARD, keys, sizeof(keys), 4)) {
		expect_input(t, key_down(KEY_A, 'a', 0), what);
		expect_input(t, key_up(KEY_A, 0), what);
		expect_input(t, key_down(KEY_UP, 0, 0), what);
		expect_input(t, key_up(KEY_UP, 0), what);
	}
	if (start_input(t)) /* behind a handler that left something */
		send_while_full(t, PS2_KEYBOARD, keys, sizeof(keys));
	start_input(t);
}
KTEST(lab02, keyboard_bytes_together);

static void test_mouse_bytes_together(struct ktest *t)
{
	static const uint8_t packets[] = {0x00, 0x08, 3, 0, 0x00, 0x08, 0, 4};
	const char *what = "00 08 03 00 00 08 00 04";

	if (bytes_may_be_late(t) || !start_input(t))
		return;
	if (send_together(t, PS2_MOUSE, packets, sizeof(packets), 2)) {
		expect_input(t, mouse_moved(3, 0, 0), what);
		expect_input(t, mouse_moved(0, -4, 0), what);
	}
	if (start_input(t))
		send_while_full(t, PS2_MOUSE, packets, sizeof(packets));
	start_input(t);
}
KTEST(lab02, mouse_bytes_together);

/* ---- the order of what a byte does ---- */

/* Of the wrappers' trace points, which come in the order of the calls. */
struct order {
	unsigned int published, pushed; /* so far */
	bool pushed_first;
};

static void look_at(unsigned int cpu, const struct trace_event *e, void *arg)
{
	struct order *o = arg;

	o->published += e->kind == TRACE_SCANCODE;
	o->pushed += e->kind == TRACE_EVENT_PUSH;
	o->pushed_first |= o->pushed > o->published;
}

/* Who sees a key's event finds its scan code, too. */
static void test_scancode_first(struct ktest *t)
{
	bool enabled = trace_enabled;
	struct order o = {.published = 0};

	if (!start_input(t))
		return;
	trace_clear();
	trace_enabled = true;
	if (send(t, PS2_KEYBOARD, 0x1e) && send(t, PS2_KEYBOARD, 0x9e))
		(void)WAIT_FOR(event_count(&input_events) == 2);
	trace_enabled = enabled;
	trace_for_each(look_at, &o);
	CHECK(t, o.published == 2 && o.pushed == 2,
	      "two bytes came, which are two events: the handler called "
	      "scancode_publish() %u times, and event_push() %u times",
	      o.published, o.pushed);
	CHECK(t, !o.pushed_first,
	      "a key's event was pushed before its byte was published: who "
	      "sees the event finds no scan code");
	drop_events();
}
KTEST(lab02, scancode_first);

/* A subscriber gets what the keyboard sent: bytes that begin a code, that make
 * no event, that no key has; and nothing of the mouse. */
static void test_only_keyboard_bytes(struct ktest *t)
{
	static const uint8_t keys[] = {0xe0, 0x48, 0xe0, 0xc8, 0xe1, 0x1d,
				       0x45, 0xe1, 0x9d, 0xc5, 0xff, 0x00,
				       0x7f, 0x9e, 0xe0, 0x2a, 0x1e, 0x9e};
	static const uint8_t mouse[] = {0x09, 0x1e, 1, 0x08, 1, 1, 0x00};
	static struct scancode_pipe pipe;
	uint8_t got[SCANCODE_RING];
	bool sent = true;
	size_t count;

	if (!start_input(t))
		return;
	scancode_subscribe(&pipe);
	for (size_t i = 0; i < sizeof(keys) && sent; i++)
		sent = send(t, PS2_KEYBOARD, keys[i]) &&
		       (i >= sizeof(mouse) || send(t, PS2_MOUSE, mouse[i]));
	stop_input(); /* waits for a handler that still runs */
	count = scancode_read(&pipe, got, sizeof(got));
	scancode_unsubscribe(&pipe);
	start_input(t);
	for (size_t i = 0; i < MIN(count, sizeof(keys)) && sent; i++)
		if (got[i] != keys[i]) {
			FAIL(t,
			     "keyboard and mouse sent bytes; byte %zu of a "
			     "subscriber is %02x, expected %02x, the "
			     "keyboard's",
			     i, got[i], keys[i]);
			return;
		}
	CHECK(t, !sent || count == sizeof(keys),
	      "the keyboard sent %zu bytes, and a subscriber got %zu",
	      sizeof(keys), count);
}
KTEST(lab02, only_keyboard_bytes);

/* Both at once share the controller's one register, but nothing else. */
static void test_both_devices(struct ktest *t)
{
	static const uint8_t mouse[] = {0x08, 1, 1};
	static const uint8_t keys[] = {0xe0, 0x48, 0x1e};

	if (bytes_may_be_late(t) || !start_input(t))
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

static void failing_device(struct ktest *t, int error, const char *why)
{
	stop_input();
	ps2_fail_next_start(error);
	expect_failure(t, error, why);
	expect_line_free(t, KEYBOARD_LINE, why);
	expect_line_free(t, MOUSE_LINE, why);
	ps2_fail_next_start(0);
}

static void test_start_fails(struct ktest *t)
{
	failing_device(t, -ENODEV, "ps2_start() returned -ENODEV (-19)");
	failing_device(t, -EIO, "ps2_start() returned -EIO (-5)");
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

/* Where both would fail, what is done first does. */
static void taken_and_no_device(struct ktest *t, unsigned int line)
{
	char why[112];

	snprintf(why, sizeof(why),
		 "line %u is taken (-EBUSY, -16), and ps2_start() would return "
		 "-ENODEV (-19) if it were called",
		 line);
	stop_input();
	irq_attach(line, line_is_ours, NULL);
	ps2_fail_next_start(-ENODEV);
	expect_failure(t, -EBUSY, why);
	ps2_fail_next_start(0);
	irq_detach(line);
}

static void test_start_when_taken(struct ktest *t)
{
	taken_line(t, KEYBOARD_LINE);
	taken_line(t, MOUSE_LINE);
	taken_and_no_device(t, KEYBOARD_LINE);
	taken_and_no_device(t, MOUSE_LINE);
	start_input(t);
}
KTEST(lab02, start_when_taken);
