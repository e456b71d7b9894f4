/*
 * k_keyboard.c - exercise 2.2: from scan codes to events.
 *
 * Each test types on a keyboard of its own, byte by byte, and looks at what has
 * come out after each key.  Which key a code is and which character it makes is
 * the given key map's business; what the prefixes, the modifiers, repetition
 * and lost codes do is the student's.
 *
 * begin() says what a test is about: a test of prefixes does not look at the
 * modifiers.
 */
#include "lab02.h"
#include "panic.h"

static struct keyboard keyboard;
static struct recent_bytes recent;
static unsigned int about; /* enum event_part: what the test looks at */
static uint64_t now;       /* when the last byte came */

/* A new keyboard, and nothing in the queue. */
static void begin(unsigned int parts)
{
	test_queue_init();
	keyboard = (struct keyboard){.queue = &test_queue};
	recent = (struct recent_bytes){.count = 0};
	about = parts;
}

/* One byte, in its own millisecond. */
static void byte_comes(uint8_t byte)
{
	now += NSEC_PER_MSEC;
	recent_add(&recent, byte);
	keyboard_byte(&keyboard, byte, now);
}

/* "0xe0 0x48", with an array of bytes. */
#define TYPE(...) \
	do { \
		static const uint8_t bytes_[] = {__VA_ARGS__}; \
		for (size_t i_ = 0; i_ < sizeof(bytes_); i_++) \
			byte_comes(bytes_[i_]); \
	} while (0)

/* Types the bytes, and then this event has come, and no other. */
#define TYPE_EXPECT(t, want, ...) \
	do { \
		TYPE(__VA_ARGS__); \
		expect_event(t, want, about, "after the bytes " #__VA_ARGS__); \
		expect_no_event(t, "after the bytes " #__VA_ARGS__ \
				   " and their event"); \
	} while (0)

#define TYPE_EXPECT_NONE(t, ...) \
	do { \
		TYPE(__VA_ARGS__); \
		expect_no_event(t, "after the bytes " #__VA_ARGS__); \
	} while (0)

static void test_key_down_and_up(struct ktest *t)
{
	begin(0);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
	TYPE_EXPECT(t, key_down(KEY_SPACE, ' ', 0), 0x39);
	TYPE_EXPECT(t, key_down(KEY_ENTER, '\r', 0), 0x1c);
	TYPE_EXPECT(t, key_up(KEY_SPACE, 0), 0xb9);
	TYPE_EXPECT(t, key_up(KEY_ENTER, 0), 0x9c);
}
KTEST(lab02, key_down_and_up);

/* Of a key that goes down, with what is held at that moment; 0 of one that
 * comes up. */
static void test_characters(struct ktest *t)
{
	begin(CHARACTER);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, 0), 0x2a);
	TYPE_EXPECT(t, key_down(KEY_A, 'A', 0), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
	TYPE_EXPECT(t, key_down(KEY_1, '!', 0), 0x02);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, 0), 0xaa);
	TYPE_EXPECT(t, key_up(KEY_1, 0), 0x82);
	TYPE_EXPECT(t, key_down(KEY_1, '1', 0), 0x02);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, 0), 0x3a);
	TYPE_EXPECT(t, key_up(KEY_CAPSLOCK, 0), 0xba);
	TYPE_EXPECT(t, key_down(KEY_Q, 'Q', 0), 0x10);
	TYPE_EXPECT(t, key_up(KEY_Q, 0), 0x90);
	TYPE_EXPECT(t, key_down(KEY_RIGHTSHIFT, 0, 0), 0x36);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q', 0), 0x10);
	TYPE_EXPECT(t, key_down(KEY_RIGHTCTRL, 0, 0), 0xe0, 0x1d);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q' & 31, 0), 0x10);
	TYPE_EXPECT(t, key_down(KEY_KPENTER, '\r', 0), 0xe0, 0x1c);
	TYPE_EXPECT(t, key_up(KEY_KPENTER, 0), 0xe0, 0x9c);
	TYPE_EXPECT(t, key_down(KEY_UP, 0, 0), 0xe0, 0x48);
}
KTEST(lab02, characters);

static struct event at(struct event e, uint64_t time_ns)
{
	e.time_ns = time_ns;
	return e;
}

/* Types the bytes: the event has the time of the last one. */
#define TYPE_EXPECT_TIME(t, want, ...) \
	do { \
		TYPE(__VA_ARGS__); \
		expect_event(t, at(want, now), TIME, \
			     "after the bytes " #__VA_ARGS__ \
			     ", a millisecond apart"); \
	} while (0)

/* The machine runs for longer than 32 bits of nanoseconds. */
static void test_key_times(struct ktest *t)
{
	begin(TIME);
	now = 5ull << 32;
	TYPE_EXPECT_TIME(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT_TIME(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT_TIME(t, key_up(KEY_A, 0), 0x9e);
	TYPE_EXPECT_TIME(t, key_down(KEY_UP, 0, 0), 0xe0, 0x48);
	TYPE_EXPECT_TIME(t, key_up(KEY_UP, 0), 0xe0, 0xc8);
	TYPE_EXPECT_TIME(t, key_down(KEY_PAUSE, 0, 0), 0xe1, 0x1d, 0x45);
	TYPE_EXPECT_TIME(t, key_up(KEY_PAUSE, 0), 0xe1, 0x9d, 0xc5);
}
KTEST(lab02, key_times);

static uint32_t modifier_of(unsigned int key)
{
	switch (key) {
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT:
		return MOD_SHIFT;
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL:
		return MOD_CTRL;
	case KEY_LEFTALT:
	case KEY_RIGHTALT:
		return MOD_ALT;
	case KEY_CAPSLOCK:
		return MOD_CAPS;
	}
	return 0;
}

/* "after the bytes e1 1d 45" */
static const char *bytes_text(const uint8_t *bytes, size_t count, char *buf,
			      size_t size)
{
	size_t length = snprintf(buf, size, "after the bytes");

	for (size_t i = 0; i < count && length < size; i++)
		length += snprintf(buf + length, size - length, " %02x",
				   bytes[i]);
	return buf;
}
#define BYTES_TEXT_SIZE 64

/* These bytes come, and then this event has come, or, of type 0, none. */
static void bytes_expect(struct ktest *t, const uint8_t *bytes, size_t count,
			 struct event want)
{
	char what[BYTES_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		byte_comes(bytes[i]);
	bytes_text(bytes, count, what, sizeof(what));
	if (want.type)
		expect_event(t, want, about, what);
	expect_no_event(t, what);
}

static struct event no_event(void)
{
	return (struct event){.type = 0};
}

/* Bytes that begin a code, by themselves, or say that codes were lost. */
static bool is_special(uint8_t byte)
{
	return byte == 0xe0 || byte == 0xe1 || byte == 0x00 || byte == 0xff;
}

/* A code's bytes on a keyboard without a past: the release, of a key that is
 * up; the key goes down; and comes up.  Each time the keyboard is where it
 * began, and knows the next code for what it is. */
static void try_code(struct ktest *t, uint8_t code, bool extended)
{
	const uint8_t down[] = {0xe0, code}, up[] = {0xe0, code | 0x80};
	size_t skip = !extended, count = ARRAY_SIZE(down) - skip;
	unsigned int key = keymap_code(code, extended);
	unsigned int probe = code == 0x48 && !extended ? 0x50 : 0x48;
	const uint8_t after[] = {probe, probe | 0x80};

	begin(0);
	for (int i = 0; i < 3; i++) {
		if (i != 1 && !is_special(code | 0x80))
			bytes_expect(t, up + skip, count,
				     key && i ? key_up(key, 0) : no_event());
		if (i == 1 && !is_special(code))
			bytes_expect(t, down + skip, count,
				     key ? key_down(key, 0, 0) : no_event());
		bytes_expect(t, &after[0], 1,
			     key_down(keymap_code(probe, false), 0, 0));
		bytes_expect(t, &after[1], 1,
			     key_up(keymap_code(probe, false), 0));
	}
}

static void test_all_keys(struct ktest *t)
{
	for (unsigned int code = 0; code < 0x80 && !t->failures; code++)
		try_code(t, code, false);
}
KTEST(lab02, all_keys);

static void test_all_extended_keys(struct ktest *t)
{
	for (unsigned int code = 0; code < 0x80 && !t->failures; code++)
		try_code(t, code, true);
}
KTEST(lab02, all_extended_keys);

/* 0xe0 is for the next code, and no longer. */
static void test_extended_keys(struct ktest *t)
{
	begin(0);
	TYPE_EXPECT(t, key_down(KEY_UP, 0, 0), 0xe0, 0x48);
	TYPE_EXPECT(t, key_down(keymap_code(0x48, false), '8', 0), 0x48);
	TYPE_EXPECT(t, key_up(KEY_UP, 0), 0xe0, 0xc8);
	TYPE_EXPECT(t, key_up(keymap_code(0x48, false), 0), 0xc8);
	TYPE_EXPECT(t, key_down(KEY_KPENTER, '\r', 0), 0xe0, 0x1c);
	TYPE_EXPECT(t, key_down(KEY_ENTER, '\r', 0), 0x1c);
	TYPE_EXPECT(t, key_down(KEY_RIGHTCTRL, 0, MOD_CTRL), 0xe0, 0x1d);
	TYPE_EXPECT(t, key_up(KEY_RIGHTCTRL, 0), 0xe0, 0x9d);
	TYPE_EXPECT_NONE(t, 0xe0, 0x01);
	TYPE_EXPECT(t, key_down(KEY_ESC, 27, 0), 0x01);
}
KTEST(lab02, extended_keys);

/* Old software knew no arrow keys: so keyboards put shifts around them that no
 * finger has pressed. */
static void test_fake_shifts(struct ktest *t)
{
	begin(MODIFIERS);
	TYPE_EXPECT_NONE(t, 0xe0, 0x2a);
	TYPE_EXPECT(t, key_down(KEY_SYSRQ, 0, 0), 0xe0, 0x37);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_SYSRQ, 0), 0xe0, 0xb7);
	TYPE_EXPECT_NONE(t, 0xe0, 0xaa);
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT_NONE(t, 0xe0, 0xaa);
	TYPE_EXPECT(t, key_down(KEY_LEFT, 0, MOD_SHIFT), 0xe0, 0x4b);
	TYPE_EXPECT(t, key_up(KEY_LEFT, MOD_SHIFT), 0xe0, 0xcb);
	TYPE_EXPECT_NONE(t, 0xe0, 0x2a);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, 0), 0xaa);
	TYPE_EXPECT_NONE(t, 0xe0, 0x36);
	TYPE_EXPECT_NONE(t, 0xe0, 0xb6);
	TYPE_EXPECT(t, key_down(KEY_RIGHTSHIFT, 0, MOD_SHIFT), 0x36);
	TYPE_EXPECT_NONE(t, 0xe0, 0xb6);
	TYPE_EXPECT(t, key_down(KEY_Q, 'Q', MOD_SHIFT), 0x10);
	TYPE_EXPECT(t, key_up(KEY_RIGHTSHIFT, 0), 0xb6);
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
}
KTEST(lab02, fake_shifts);

static void test_pause_key(struct ktest *t)
{
	begin(0);
	TYPE_EXPECT_NONE(t, 0xe1);
	TYPE_EXPECT_NONE(t, 0x1d);
	TYPE_EXPECT(t, key_down(KEY_PAUSE, 0, 0), 0x45);
	TYPE_EXPECT_NONE(t, 0xe1, 0x9d);
	TYPE_EXPECT(t, key_up(KEY_PAUSE, 0), 0xc5);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_NUMLOCK, 0, 0), 0x45);
	TYPE_EXPECT(t, key_down(KEY_LEFTCTRL, 0, MOD_CTRL), 0x1d);
}
KTEST(lab02, pause_key);

/* A byte that does not belong behind these ends the code, and makes no event;
 * the code after it is understood. */
static void cut_short(struct ktest *t, const uint8_t *begun, size_t count,
		      uint8_t last)
{
	uint8_t bytes[3];

	memcpy(bytes, begun, count);
	bytes[count] = last;
	begin(0);
	bytes_expect(t, bytes, count + 1, no_event());
	bytes_expect(t, (const uint8_t[]){0x1e}, 1, key_down(KEY_A, 'a', 0));
}

/* What is no Pause ends with the byte that does not belong to it; and that one
 * counts for nothing, unless it begins a code itself. */
static void test_pause_cut_short(struct ktest *t)
{
	begin(0);
	TYPE_EXPECT_NONE(t, 0xe1, 0x9d, 0x45);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1e);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1d, 0x1e);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_UP, 0, 0), 0xe1, 0xe0, 0x48);
	TYPE_EXPECT(t, key_up(KEY_UP, 0), 0xe1, 0x1d, 0xe0, 0xc8);
	TYPE_EXPECT(t, key_down(KEY_PAUSE, 0, 0), 0xe1, 0xe1, 0x1d, 0x45);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1d, 0xc5);
	TYPE_EXPECT(t, key_up(KEY_PAUSE, 0), 0xe1, 0x1d, 0xe1, 0x9d, 0xc5);
	for (unsigned int byte = 0; byte < 256 && !t->failures; byte++) {
		if (is_special(byte))
			continue;
		if (byte != 0x1d && byte != 0x9d)
			cut_short(t, (const uint8_t[]){0xe1}, 1, byte);
		if (byte != 0x45)
			cut_short(t, (const uint8_t[]){0xe1, 0x1d}, 2, byte);
		if (byte != 0xc5)
			cut_short(t, (const uint8_t[]){0xe1, 0x9d}, 2, byte);
	}
}
KTEST(lab02, pause_cut_short);

/* Bytes that come one after the other. */
struct bytes {
	uint8_t bytes[12];
	size_t count;
};

static void append(struct bytes *b, const struct bytes *more)
{
	assert(b->count + more->count <= sizeof(b->bytes));
	memcpy(b->bytes + b->count, more->bytes, more->count);
	b->count += more->count;
}

/* The rest of some codes was lost; then comes a whole one, and another one. */
static void after_unfinished(struct ktest *t, const struct bytes *unfinished)
{
	static const struct {
		struct bytes code;
		unsigned int key;
	} codes[] = {
		{{{0xe0, 0x48}, 2}, KEY_UP},
		{{{0xe0, 0x1d}, 2}, KEY_RIGHTCTRL},
		{{{0xe0, 0x2a}, 2}, 0},
		{{{0xe0, 0x01}, 2}, 0},
		{{{0xe0, 0xc8}, 2}, 0}, /* the key is up */
		{{{0xe1, 0x1d, 0x45}, 3}, KEY_PAUSE},
		{{{0xe1, 0x1e}, 2}, 0},
		{{{0xe1, 0x1d, 0x1e}, 3}, 0},
		{{{0xff, 0x1d}, 2}, KEY_LEFTCTRL},
		{{{0x00, 0x45}, 2}, KEY_NUMLOCK},
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes) && !t->failures; i++) {
		struct bytes all = *unfinished;
		char what[BYTES_TEXT_SIZE];

		append(&all, &codes[i].code);
		begin(0);
		bytes_expect(t, all.bytes, all.count,
			     codes[i].key ? key_down(codes[i].key, 0, 0)
					  : no_event());
		append(&all, &(struct bytes){{0x50}, 1});
		bytes_expect(t, all.bytes + all.count - 1, 1,
			     key_down(keymap_code(0x50, false), '2', 0));
		if (t->failures)
			FAIL(t, "%s, which are all of this keyboard's",
			     bytes_text(all.bytes, all.count, what,
					sizeof(what)));
	}
}

/* Up to three codes that are not complete, in any order: e0 e1, e0 e0, e1 1d ff
 * e0 and so on.  Only the last of them counts. */
static void test_prefix_after_prefix(struct ktest *t)
{
	static const struct bytes begun[] = {
		{{0}, 0},          {{0xe0}, 1}, {{0xe1}, 1},
		{{0xe1, 0x1d}, 2}, {{0xff}, 1}, {{0xe1, 0x9d}, 2},
	};
	const unsigned int n = ARRAY_SIZE(begun);

	for (unsigned int i = 0; i < n * n * n && !t->failures; i++) {
		struct bytes unfinished = {.count = 0};

		append(&unfinished, &begun[i / n / n]);
		append(&unfinished, &begun[i / n % n]);
		append(&unfinished, &begun[i % n]);
		after_unfinished(t, &unfinished);
	}
}
KTEST(lab02, prefix_after_prefix);

/* ---- modifiers ---- */

static void test_shift_and_caps(struct ktest *t)
{
	begin(MODIFIERS);
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT(t, key_down(KEY_A, 'A', MOD_SHIFT), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, MOD_SHIFT), 0x9e);
	TYPE_EXPECT(t, key_down(KEY_1, '!', MOD_SHIFT), 0x02);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, 0), 0xaa);
	TYPE_EXPECT(t, key_up(KEY_1, 0), 0x82);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, MOD_CAPS), 0x3a);
	TYPE_EXPECT(t, key_up(KEY_CAPSLOCK, MOD_CAPS), 0xba);
	TYPE_EXPECT(t, key_down(KEY_A, 'A', MOD_CAPS), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, MOD_CAPS), 0x9e);
	TYPE_EXPECT(t, key_down(KEY_RIGHTSHIFT, 0, MOD_CAPS | MOD_SHIFT), 0x36);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', MOD_CAPS | MOD_SHIFT), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_RIGHTSHIFT, MOD_CAPS), 0xb6);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, 0), 0x3a);
	TYPE_EXPECT(t, key_up(KEY_CAPSLOCK, 0), 0xba);
}
KTEST(lab02, shift_and_caps);

/* Each of a pair counts: one released, the other still holds. */
static void test_left_and_right(struct ktest *t)
{
	begin(MODIFIERS);
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT(t, key_down(KEY_RIGHTSHIFT, 0, MOD_SHIFT), 0x36);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, MOD_SHIFT), 0xaa);
	TYPE_EXPECT(t, key_down(KEY_A, 'A', MOD_SHIFT), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_RIGHTSHIFT, 0), 0xb6);
	TYPE_EXPECT(t, key_down(KEY_LEFTCTRL, 0, MOD_CTRL), 0x1d);
	TYPE_EXPECT(t, key_down(KEY_RIGHTCTRL, 0, MOD_CTRL), 0xe0, 0x1d);
	TYPE_EXPECT(t, key_up(KEY_RIGHTCTRL, MOD_CTRL), 0xe0, 0x9d);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q' & 31, MOD_CTRL), 0x10);
	TYPE_EXPECT(t, key_down(KEY_RIGHTALT, 0, MOD_CTRL | MOD_ALT), 0xe0,
		    0x38);
	TYPE_EXPECT(t, key_down(KEY_LEFTALT, 0, MOD_CTRL | MOD_ALT), 0x38);
	TYPE_EXPECT(t, key_up(KEY_LEFTCTRL, MOD_ALT), 0x9d);
	TYPE_EXPECT(t, key_up(KEY_LEFTALT, MOD_ALT), 0xb8);
	TYPE_EXPECT(t, key_up(KEY_RIGHTALT, 0), 0xe0, 0xb8);
}
KTEST(lab02, left_and_right);

/* ---- repetition ---- */

/* In KEY_DOWN, and never in KEY_UP. */
static void test_repeat(struct ktest *t)
{
	begin(REPEATED);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', KEY_REPEATED), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q', 0), 0x10);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', KEY_REPEATED), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_DOWN, 0, 0), 0xe0, 0x50);
	TYPE_EXPECT(t, key_down(KEY_DOWN, 0, KEY_REPEATED), 0xe0, 0x50);
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT | KEY_REPEATED),
		    0x2a);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, 0), 0xaa);
	TYPE_EXPECT(t, key_up(KEY_DOWN, 0), 0xe0, 0xd0);
	TYPE_EXPECT(t, key_down(KEY_PAUSE, 0, 0), 0xe1, 0x1d, 0x45);
	TYPE_EXPECT(t, key_down(KEY_PAUSE, 0, KEY_REPEATED), 0xe1, 0x1d, 0x45);
	TYPE_EXPECT(t, key_up(KEY_PAUSE, 0), 0xe1, 0x9d, 0xc5);
	TYPE_EXPECT(t, key_down(KEY_PAUSE, 0, 0), 0xe1, 0x1d, 0x45);
}
KTEST(lab02, repeat);

/* Caps Lock that is held repeats like any key, and toggles once. */
static void test_repeat_of_caps(struct ktest *t)
{
	begin(MODIFIERS);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, MOD_CAPS), 0x3a);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, MOD_CAPS | KEY_REPEATED),
		    0x3a);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, MOD_CAPS | KEY_REPEATED),
		    0x3a);
	TYPE_EXPECT(t, key_up(KEY_CAPSLOCK, MOD_CAPS), 0xba);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, 0), 0x3a);
	TYPE_EXPECT(t, key_up(KEY_CAPSLOCK, 0), 0xba);
}
KTEST(lab02, repeat_of_caps);

/* ---- what gets lost ---- */

static void test_lost_codes(struct ktest *t)
{
	begin(0);
	TYPE_EXPECT_NONE(t, 0x9e);
	TYPE_EXPECT_NONE(t, 0xe0, 0xc8);
	TYPE_EXPECT_NONE(t, 0xaa);
	TYPE_EXPECT_NONE(t, 0xe1, 0x9d, 0xc5);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	/* Its release is lost, and so it seems to repeat. */
	TYPE_EXPECT(t, key_down(KEY_A, 'a', KEY_REPEATED), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
	TYPE_EXPECT_NONE(t, 0x9e);
}
KTEST(lab02, lost_codes);

/* 0x00 and 0xff say that the keyboard has lost codes: what was begun before is
 * not what comes after. */
static void test_overrun(struct ktest *t)
{
	unsigned int kp8 = keymap_code(0x48, false);

	begin(0);
	TYPE_EXPECT_NONE(t, 0xff);
	TYPE_EXPECT_NONE(t, 0x00);
	TYPE_EXPECT_NONE(t, 0xe0, 0xff);
	TYPE_EXPECT(t, key_down(kp8, '8', 0), 0x48);
	TYPE_EXPECT_NONE(t, 0xe0, 0x00);
	TYPE_EXPECT(t, key_up(kp8, 0), 0xc8);
	TYPE_EXPECT_NONE(t, 0xe1, 0xff);
	TYPE_EXPECT(t, key_down(KEY_LEFTCTRL, 0, MOD_CTRL), 0x1d);
	TYPE_EXPECT(t, key_up(KEY_LEFTCTRL, 0), 0x9d);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1d, 0xff);
	TYPE_EXPECT(t, key_down(KEY_NUMLOCK, 0, 0), 0x45);
	about = MODIFIERS | REPEATED; /* keys that are held are still held */
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, MOD_SHIFT | MOD_CAPS), 0x3a);
	TYPE_EXPECT_NONE(t, 0xff);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', MOD_SHIFT | MOD_CAPS), 0x1e);
	TYPE_EXPECT_NONE(t, 0x00);
	TYPE_EXPECT(t,
		    key_down(KEY_A, 'a', MOD_SHIFT | MOD_CAPS | KEY_REPEATED),
		    0x1e);
}
KTEST(lab02, overrun);

/* No place for the events: but keys were pressed and released all the same. */
static void test_keys_while_full(struct ktest *t)
{
	struct event filler = numbered_event(0, 0), e;

	begin(MODIFIERS | REPEATED);
	TYPE_EXPECT(t, key_down(KEY_LEFTCTRL, 0, MOD_CTRL), 0x1d);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q' & 31, MOD_CTRL), 0x10);
	while (event_push(&test_queue, &filler))
		;
	TYPE(0x2a, 0x1e, 0x3a, 0xba, 0x9d, 0x90, 0xe0, 0x48);
	while (event_pop(&test_queue, &e))
		;
	CHECK(t, test_queue.dropped == 8,
	      "one event and 7 of keys found no place; dropped is %lu, "
	      "expected 8",
	      test_queue.dropped);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q', MOD_SHIFT | MOD_CAPS), 0x10);
	TYPE_EXPECT(t,
		    key_down(KEY_A, 'a', MOD_SHIFT | MOD_CAPS | KEY_REPEATED),
		    0x1e);
	about = MODIFIERS;
	TYPE_EXPECT_NONE(t, 0x9d);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, MOD_CAPS), 0xaa);
}
KTEST(lab02, keys_while_full);

/* What one keyboard remembers is not what another one does. */
static void test_two_keyboards(struct ktest *t)
{
	static struct keyboard other;

	begin(MODIFIERS | REPEATED);
	other = (struct keyboard){.queue = &test_queue};
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT(t, key_down(KEY_CAPSLOCK, 0, MOD_SHIFT | MOD_CAPS), 0x3a);
	TYPE_EXPECT_NONE(t, 0xe0);
	keyboard_byte(&other, 0x1e, 1);
	expect_event(t, key_down(KEY_A, 'a', 0), about,
		     "one keyboard has a shift down, Caps Lock on, and a "
		     "prefix begun; on another one, after the byte 1e");
	TYPE_EXPECT(t,
		    key_down(KEY_RIGHTALT, 0, MOD_SHIFT | MOD_CAPS | MOD_ALT),
		    0x38);
	keyboard_byte(&other, 0x1e, 2);
	expect_event(t, key_down(KEY_A, 'a', KEY_REPEATED), about,
		     "on the other keyboard, after the byte 1e again");
}
KTEST(lab02, two_keyboards);

/* ---- at random ---- */

struct typist {
	uint64_t random;
	bool down[KEYS];
	bool caps;
};

static uint32_t held(const struct typist *p)
{
	uint32_t modifiers = 0;

	for (unsigned int key = 0; key < KEYS; key++)
		if (p->down[key])
			modifiers |= modifier_of(key);
	return (modifiers & ~MOD_CAPS) | (p->caps ? MOD_CAPS : 0);
}

/* A key goes down, or down again, or up; was it the event of that? */
static bool type_key(struct ktest *t, struct typist *p, uint8_t code,
		     bool extended, bool press)
{
	unsigned int key = keymap_code(code, extended);
	bool was_down = p->down[key];
	char what[RECENT_TEXT_SIZE];
	uint32_t modifiers;

	p->down[key] = press;
	if (key == KEY_CAPSLOCK && press && !was_down)
		p->caps = !p->caps;
	modifiers = held(p);
	if (extended)
		byte_comes(0xe0);
	byte_comes(press ? code : code | 0x80);
	recent_text(&recent, "typing", what, sizeof(what));
	if (!press)
		return expect_event(t, key_up(key, modifiers), about, what);
	return expect_event(t,
			    key_down(key, keymap_char(key, modifiers),
				     modifiers | (was_down ? KEY_REPEATED : 0)),
			    about, what);
}

/* Two presses for each release: many keys are held, and many repeat. */
static bool type_random(struct ktest *t, struct typist *p)
{
	uint64_t n = random_next(&p->random);
	uint8_t code = n % 0x7f;
	bool extended = n & 0x100, press = (n >> 16) % 3;
	unsigned int key = keymap_code(code, extended);

	if (!key || (!press && !p->down[key]))
		return true; /* there is no such key, or it is up */
	return type_key(t, p, code, extended, press);
}

static void type_at_random(struct ktest *t, unsigned int parts)
{
	static struct typist p;

	begin(parts);
	p = (struct typist){.random = 2};
	for (unsigned int i = 0; i < 5000 && type_random(t, &p); i++)
		;
	expect_no_event(t, "after typing at random");
}

/* Which keys went down and up. */
static void test_random_typing(struct ktest *t)
{
	type_at_random(t, 0);
}
KTEST(lab02, random_typing);

/* The characters and flags of these. */
static void test_random_flags(struct ktest *t)
{
	type_at_random(t, CHARACTER | MODIFIERS | REPEATED);
}
KTEST(lab02, random_flags);
