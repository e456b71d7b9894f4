/*
 * k_mouse.c - exercise 2.3: from packets of three bytes to events.
 *
 * begin() says what a test is about: a test of moves does not look at the mask
 * of the buttons that are held.
 */
#include "lab02.h"

#define BYTE_NS (1 * NSEC_PER_MSEC) /* between two bytes of a packet */

static struct mouse mouse;
static struct recent_bytes recent;
static unsigned int about; /* enum event_part: what the test looks at */
static uint64_t now;       /* when the last byte came */

/* A new mouse, and nothing in the queue. */
static void begin(unsigned int parts)
{
	test_queue_init();
	mouse = (struct mouse){.queue = &test_queue};
	recent = (struct recent_bytes){.count = 0};
	about = parts;
	now = NSEC_PER_SEC;
}

static void byte_comes(uint8_t byte)
{
	now += BYTE_NS;
	recent_add(&recent, byte);
	mouse_byte(&mouse, byte, now);
}

static void bytes_come(uint8_t first, uint8_t x, uint8_t y)
{
	byte_comes(first);
	byte_comes(x);
	byte_comes(y);
}

/* The packet of a move, of -256 to 255 each way; `up` as the device counts. */
static void packet_comes(int right, int up, uint32_t buttons)
{
	bytes_come(0x08 | (right < 0 ? 0x10 : 0) | (up < 0 ? 0x20 : 0) |
			   buttons,
		   right, up);
}

static bool expect(struct ktest *t, struct event want, const char *after)
{
	return expect_event(t, want, about, after);
}

static void test_moves(struct ktest *t)
{
	begin(0);
	bytes_come(0x08, 5, 3);
	expect(t, mouse_moved(5, -3, 0), "after the bytes 08 05 03");
	bytes_come(0x38, 0xfb, 0xfd);
	expect(t, mouse_moved(-5, 3, 0), "after the bytes 38 fb fd");
	bytes_come(0x08, 1, 0);
	expect(t, mouse_moved(1, 0, 0), "after the bytes 08 01 00");
	bytes_come(0x28, 0, 0xff);
	expect(t, mouse_moved(0, 1, 0), "after the bytes 28 00 ff");
	bytes_come(0x08, 0, 0);
	expect_no_event(t, "after the bytes 08 00 00: nothing has changed");
	byte_comes(0x08);
	byte_comes(7);
	expect_no_event(t, "after two bytes of a packet");
	byte_comes(7);
	expect(t, mouse_moved(7, -7, 0), "after the bytes 08 07 07");
}
KTEST(lab02, moves);

static struct event at(struct event e, uint64_t time_ns)
{
	e.time_ns = time_ns;
	return e;
}

/* All events of a packet have the time of its last byte; and the machine runs
 * for longer than 32 bits of nanoseconds. */
static void test_mouse_times(struct ktest *t)
{
	const char *what = "moved, and two buttons pressed, with bytes that "
			   "came a millisecond apart";

	begin(TIME);
	now = 5ull << 32;
	packet_comes(3, -4, BUTTON_LEFT | BUTTON_MIDDLE);
	expect(t, at(mouse_moved(3, 4, 0), now), what);
	expect(t, at(mouse_button(0, true, 0), now), what);
	expect(t, at(mouse_button(2, true, 0), now), what);
	what = "a button released, with bytes that came a millisecond apart";
	packet_comes(0, 0, BUTTON_LEFT);
	expect(t, at(mouse_button(2, false, 0), now), what);
}
KTEST(lab02, mouse_times);

/* A move is a number of nine bits, and the ninth is in the first byte. */
static void test_all_moves(struct ktest *t)
{
	char what[48];

	begin(0);
	for (int n = -256; n <= 255 && !t->failures; n++) {
		int other = (n * 7) & 0xff;

		snprintf(what, sizeof(what), "moved %d to the right, %d up", n,
			 other);
		packet_comes(n, other, 0);
		if (n || other)
			expect(t, mouse_moved(n, -other, 0), what);
		snprintf(what, sizeof(what), "moved %d to the right, %d up",
			 -other, n);
		packet_comes(-other, n, 0);
		if (n || other)
			expect(t, mouse_moved(-other, -n, 0), what);
	}
	expect_no_event(t, "after all moves");
}
KTEST(lab02, all_moves);

/* More than nine bits can say: the most, in the direction that the sign says.
 */
static void test_move_overflow(struct ktest *t)
{
	begin(0);
	bytes_come(0x48, 0x12, 0);
	expect(t, mouse_moved(255, 0, 0), "X overflow, positive");
	bytes_come(0x58, 0x12, 1);
	expect(t, mouse_moved(-256, -1, 0), "X overflow, negative");
	bytes_come(0x88, 2, 0x12);
	expect(t, mouse_moved(2, -255, 0), "Y overflow, up");
	bytes_come(0xa8, 2, 0);
	expect(t, mouse_moved(2, 256, 0), "Y overflow, down");
	bytes_come(0xd8, 0, 0);
	expect(t, mouse_moved(-256, -255, 0), "both overflow");
}
KTEST(lab02, move_overflow);

/* ---- buttons ---- */

static void test_buttons(struct ktest *t)
{
	static const uint32_t masks[] = {BUTTON_LEFT, BUTTON_RIGHT,
					 BUTTON_MIDDLE};

	begin(HELD);
	for (int i = 0; i < 3; i++) {
		packet_comes(0, 0, masks[i]);
		expect(t, mouse_button(i, true, masks[i]),
		       "a button was pressed");
		packet_comes(0, 0, masks[i]);
		expect_no_event(t, "a button is held, and nothing changes");
		packet_comes(0, 0, 0);
		expect(t, mouse_button(i, false, 0), "a button was released");
	}
	expect_no_event(t, "after all buttons");
}
KTEST(lab02, buttons);

/* In one packet: the move first, then left, right, middle; and all with the
 * mask as it is afterwards. */
static void test_buttons_in_order(struct ktest *t)
{
	const char *what = "moved, and all three buttons pressed";

	begin(HELD);
	packet_comes(3, -4, 7);
	expect(t, mouse_moved(3, 4, 7), what);
	expect(t, mouse_button(0, true, 7), what);
	expect(t, mouse_button(1, true, 7), what);
	expect(t, mouse_button(2, true, 7), what);
	expect_no_event(t, what);
	what = "left and middle button released";
	packet_comes(0, 0, BUTTON_RIGHT);
	expect(t, mouse_button(0, false, BUTTON_RIGHT), what);
	expect(t, mouse_button(2, false, BUTTON_RIGHT), what);
	what = "right button released and left pressed, while moving";
	packet_comes(1, 1, BUTTON_LEFT);
	expect(t, mouse_moved(1, -1, BUTTON_LEFT), what);
	expect(t, mouse_button(0, true, BUTTON_LEFT), what);
	expect(t, mouse_button(1, false, BUTTON_LEFT), what);
	expect_no_event(t, what);
}
KTEST(lab02, buttons_in_order);

/* ---- lost bytes ---- */

/* A first byte has bit 3 set; whatever has not is none, and is dropped. */
static void test_first_byte(struct ktest *t)
{
	begin(0);
	for (unsigned int byte = 0; byte < 256; byte++)
		if (!(byte & 0x08))
			byte_comes(byte);
	expect_no_event(t, "after bytes without bit 3");
	packet_comes(9, 9, 0);
	expect(t, mouse_moved(9, -9, 0), "bytes without bit 3, then a packet");
	packet_comes(0x08, 0x07, 0);
	expect(t, mouse_moved(8, -7, 0),
	       "a packet whose other bytes look like anything");
}
KTEST(lab02, first_byte);

/* Half a packet, whose rest was lost; a pause; the next packet. */
static void pause_after(struct ktest *t, unsigned int bytes, uint64_t pause_ns)
{
	uint64_t more_ns = pause_ns - MOUSE_GAP_NS;
	char what[96];

	snprintf(what, sizeof(what),
		 "%u bytes of a packet; after %lu ns more than MOUSE_GAP_NS, "
		 "a packet",
		 bytes, more_ns);
	begin(0);
	byte_comes(0x18);
	if (bytes == 2)
		byte_comes(0x88);
	now += pause_ns - BYTE_NS;
	packet_comes(2, 1, 0);
	expect(t, mouse_moved(2, -1, 0), what);
	packet_comes(4, 4, 0);
	expect(t, mouse_moved(4, -4, 0), "the packet after it");
	expect_no_event(t, "after both packets");
}

/* Nobody has touched the mouse for a moment, for seconds, which are more than
 * 31 or 32 bits of nanoseconds, for hours. */
static void test_gap(struct ktest *t)
{
	static const uint64_t pauses[] = {
		MOUSE_GAP_NS + 1,
		NSEC_PER_SEC,
		(1ull << 31) + NSEC_PER_MSEC,
		(1ull << 32) + NSEC_PER_MSEC,
		(7ull << 32) + MOUSE_GAP_NS,
		(1ull << 32) * 1000 + NSEC_PER_MSEC,
		(1ull << 32) * 1000000 + NSEC_PER_MSEC,
	};

	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++)
		for (unsigned int bytes = 1; bytes <= 2; bytes++)
			pause_after(t, bytes, pauses[i]);
}
KTEST(lab02, gap);

/* A gap ends a packet, and not what the packets before it have said: a button
 * that is held need not move. */
static void test_gap_while_held(struct ktest *t)
{
	begin(HELD);
	packet_comes(0, 0, BUTTON_LEFT);
	expect(t, mouse_button(0, true, BUTTON_LEFT),
	       "the left button was pressed");
	now += MOUSE_GAP_NS;
	packet_comes(5, 0, BUTTON_LEFT);
	expect(t, mouse_moved(5, 0, BUTTON_LEFT),
	       "the left button is held; after more than MOUSE_GAP_NS, "
	       "moved");
	expect_no_event(t, "the left button is held, and nothing changed");
	now += MOUSE_GAP_NS;
	packet_comes(0, 0, 0);
	expect(t, mouse_button(0, false, 0),
	       "after more than MOUSE_GAP_NS, the left button was "
	       "released");
}
KTEST(lab02, gap_while_held);

/* Slow bytes are still one packet, as long as no gap is too long. */
static void test_no_gap(struct ktest *t)
{
	begin(0);
	for (unsigned int i = 0; i < 3; i++) {
		byte_comes(0x28);
		now += MOUSE_GAP_NS - BYTE_NS;
		byte_comes(1);
		now += MOUSE_GAP_NS - BYTE_NS;
		byte_comes(0xff);
		expect(t, mouse_moved(1, 1, 0),
		       "the bytes of a packet came 20 ms apart");
	}
	byte_comes(0x08);
	now += MOUSE_GAP_NS;
	bytes_come(0x08, 6, 0);
	expect(t, mouse_moved(6, 0, 0),
	       "one byte, then a gap of more than 20 ms, then a packet");
}
KTEST(lab02, no_gap);

/* Bytes that are dropped are heard of, too: the gap is since the last byte. */
static void test_gap_after_dropped_byte(struct ktest *t)
{
	begin(0);
	byte_comes(0x08);
	byte_comes(1);
	now += MOUSE_GAP_NS;
	byte_comes(0x00);
	expect_no_event(t, "half a packet, a gap, and a byte without bit 3");
	packet_comes(3, 3, 0);
	expect(t, mouse_moved(3, -3, 0), "a packet after these");
}
KTEST(lab02, gap_after_dropped_byte);

/* ---- the rest ---- */

/* No place for the events: but buttons were pressed and released all the same.
 */
static void test_buttons_while_full(struct ktest *t)
{
	struct event filler = numbered_event(0, 0), e;

	begin(0);
	packet_comes(0, 0, BUTTON_RIGHT);
	expect(t, mouse_button(1, true, BUTTON_RIGHT), "pressed the right one");
	while (event_push(&test_queue, &filler))
		;
	packet_comes(1, 1, BUTTON_LEFT);
	while (event_pop(&test_queue, &e))
		;
	packet_comes(1, 1, BUTTON_LEFT);
	expect(t, mouse_moved(1, -1, BUTTON_LEFT),
	       "the left button was pressed and the right one released while "
	       "the queue was full; then moved");
	expect_no_event(t, "after that move");
	packet_comes(0, 0, 0);
	expect(t, mouse_button(0, false, 0),
	       "and then the left button was released");
	expect_no_event(t, "after that");
}
KTEST(lab02, buttons_while_full);

static void test_two_mice(struct ktest *t)
{
	static struct mouse other;

	begin(HELD);
	other = (struct mouse){.queue = &test_queue};
	byte_comes(0x09);
	mouse_byte(&other, 0x0a, now);
	byte_comes(1);
	mouse_byte(&other, 2, now);
	byte_comes(1);
	mouse_byte(&other, 2, now);
	expect(t, mouse_moved(1, -1, 1), "two mice send at once");
	expect(t, mouse_button(0, true, 1), "two mice send at once");
	expect(t, mouse_moved(2, -2, 2), "two mice send at once");
	expect(t, mouse_button(1, true, 2), "two mice send at once");
	expect_no_event(t, "after two mice");
	byte_comes(0x09);
	now += MOUSE_GAP_NS / 2;
	mouse_byte(&other, 0x0a, now);
	now += MOUSE_GAP_NS / 2;
	packet_comes(5, 0, 1);
	expect(t, mouse_moved(5, 0, 1),
	       "one byte, then a gap of more than 20 ms, in which another "
	       "mouse sent a byte; then a packet");
	expect_no_event(t, "after that packet");
}
KTEST(lab02, two_mice);

/* The byte means nothing, and the sign says all. */
static int cut_off(int way)
{
	return way < 0 ? -256 : 255;
}

/* One axis in eight has gone too far. */
static bool random_packet(struct ktest *t, uint64_t *random, uint32_t *held)
{
	uint64_t n = random_next(random);
	int right = (int)(n % 512) - 256, up = (int)(n >> 16 & 511) - 256;
	bool far_right = (n >> 48) % 8 == 0, far_up = (n >> 52) % 8 == 0;
	uint32_t buttons = n >> 40 & (n >> 43) & 7, changed = buttons ^ *held;
	char what[RECENT_TEXT_SIZE];

	packet_comes(right, up,
		     buttons | (far_right ? 0x40 : 0) | (far_up ? 0x80 : 0));
	right = far_right ? cut_off(right) : right;
	up = far_up ? cut_off(up) : up;
	recent_text(&recent, "moving and clicking", what, sizeof(what));
	*held = buttons;
	if ((right || up) && !expect(t, mouse_moved(right, -up, buttons), what))
		return false;
	for (int i = 0; i < 3; i++)
		if ((changed & 1u << i) &&
		    !expect(t, mouse_button(i, buttons >> i & 1, buttons),
			    what))
			return false;
	return expect_no_event(t, what);
}

static void test_random_packets(struct ktest *t)
{
	uint64_t random = 3;
	uint32_t held = 0;

	begin(HELD);
	for (unsigned int i = 0; i < 2000; i++)
		if (!random_packet(t, &random, &held))
			break;
}
KTEST(lab02, random_packets);
