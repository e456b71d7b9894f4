/*
 * k_keyboard.c - exercise 2.2: from scan codes to events.
 *
 * Each test types on a keyboard of its own, byte by byte, and looks at what has
 * come out after each key.  Which key a code is and which character it makes is
 * the given key map's business; what the prefixes, the modifiers, repetition
 * and lost codes do is the student's.
 */
#include "lab02.h"

static struct keyboard keyboard;
static struct recent_bytes recent;

/* A new keyboard, and nothing in the queue. */
static void begin(void)
{
	test_queue_init();
	keyboard = (struct keyboard){.queue = &test_queue};
	recent = (struct recent_bytes){.count = 0};
}

/* One byte, in its own millisecond. */
static void byte_comes(uint8_t byte)
{
	static uint64_t now;

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
		expect_event(t, want, "after the bytes " #__VA_ARGS__); \
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
	struct event e;

	begin();
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
	TYPE_EXPECT(t, key_down(KEY_SPACE, ' ', 0), 0x39);
	TYPE_EXPECT(t, key_down(KEY_ENTER, '\r', 0), 0x1c);
	TYPE_EXPECT(t, key_up(KEY_SPACE, 0), 0xb9);
	TYPE_EXPECT(t, key_up(KEY_ENTER, 0), 0x9c);
	keyboard_byte(&keyboard, 0x1e, 123456789);
	CHECK(t, event_pop(&test_queue, &e) && e.time_ns == 123456789,
	      "a byte came at 123456789 ns, and its event has time_ns %lu",
	      e.time_ns);
}
KTEST(lab02, key_down_and_up);

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

/* A key's two bytes, or four, on a keyboard without a past. */
static void try_code(struct ktest *t, uint8_t code, bool extended)
{
	unsigned int key = keymap_code(code, extended);
	uint32_t modifiers = modifier_of(key);
	uint32_t after = modifiers & MOD_CAPS;
	char what[48];

	begin();
	snprintf(what, sizeof(what), "after the bytes %s0x%02x",
		 extended ? "0xe0 " : "", code);
	if (extended)
		byte_comes(0xe0);
	byte_comes(code);
	if (key)
		expect_event(
			t,
			key_down(key, keymap_char(key, modifiers), modifiers),
			what);
	expect_no_event(t, what);
	snprintf(what, sizeof(what), "after the bytes %s0x%02x",
		 extended ? "0xe0 " : "", code | 0x80);
	if (extended)
		byte_comes(0xe0);
	byte_comes(code | 0x80);
	if (key)
		expect_event(t, key_up(key, after), what);
	expect_no_event(t, what);
}

static void test_all_keys(struct ktest *t)
{
	for (unsigned int code = 0x01; code < 0x7f && !t->failures; code++)
		if (code != 0x60 && code != 0x61) /* with 0x80: prefixes */
			try_code(t, code, false);
}
KTEST(lab02, all_keys);

static void test_all_extended_keys(struct ktest *t)
{
	for (unsigned int code = 0x01; code < 0x7f && !t->failures; code++)
		if (code != 0x60 && code != 0x61)
			try_code(t, code, true);
}
KTEST(lab02, all_extended_keys);

/* 0xe0 is for the next code, and no longer. */
static void test_extended_keys(struct ktest *t)
{
	begin();
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
	begin();
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
	TYPE_EXPECT(t, key_up(KEY_A, 0), 0x9e);
}
KTEST(lab02, fake_shifts);

static void test_pause_key(struct ktest *t)
{
	begin();
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

/* What is no Pause ends with the byte that does not belong to it; and that one
 * counts for nothing, unless it begins a code itself. */
static void test_pause_cut_short(struct ktest *t)
{
	begin();
	TYPE_EXPECT_NONE(t, 0xe1, 0x9d, 0x45);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1e);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1d, 0x1e);
	TYPE_EXPECT(t, key_down(KEY_A, 'a', 0), 0x1e);
	TYPE_EXPECT(t, key_down(KEY_UP, 0, 0), 0xe1, 0xe0, 0x48);
	TYPE_EXPECT(t, key_up(KEY_UP, 0), 0xe1, 0x1d, 0xe0, 0xc8);
	TYPE_EXPECT(t, key_down(KEY_PAUSE, 0, 0), 0xe1, 0xe1, 0x1d, 0x45);
	TYPE_EXPECT_NONE(t, 0xe1, 0x1d, 0xc5);
	TYPE_EXPECT(t, key_up(KEY_PAUSE, 0), 0xe1, 0x1d, 0xe1, 0x9d, 0xc5);
}
KTEST(lab02, pause_cut_short);

/* ---- modifiers ---- */

static void test_shift_and_caps(struct ktest *t)
{
	begin();
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
	begin();
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

static void test_repeat(struct ktest *t)
{
	begin();
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
}
KTEST(lab02, repeat);

/* Caps Lock that is held repeats like any key, and toggles once. */
static void test_repeat_of_caps(struct ktest *t)
{
	begin();
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
	begin();
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

	begin();
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
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT_NONE(t, 0xff);
	TYPE_EXPECT(t, key_down(KEY_A, 'A', MOD_SHIFT), 0x1e);
}
KTEST(lab02, overrun);

/* No place for the event: but the key was pressed all the same. */
static void test_keys_while_full(struct ktest *t)
{
	struct event filler = numbered_event(0, 0), e;

	begin();
	while (event_push(&test_queue, &filler))
		;
	TYPE(0x2a, 0x1e, 0x3a, 0xba);
	while (event_pop(&test_queue, &e))
		;
	CHECK(t, test_queue.dropped == 5,
	      "one event and 4 keys found no place; dropped is %lu",
	      test_queue.dropped);
	TYPE_EXPECT(t, key_down(KEY_Q, 'q', MOD_SHIFT | MOD_CAPS), 0x10);
	TYPE_EXPECT(t,
		    key_down(KEY_A, 'a', MOD_SHIFT | MOD_CAPS | KEY_REPEATED),
		    0x1e);
	TYPE_EXPECT(t, key_up(KEY_LEFTSHIFT, MOD_CAPS), 0xaa);
}
KTEST(lab02, keys_while_full);

/* What one keyboard remembers is not what another one does. */
static void test_two_keyboards(struct ktest *t)
{
	static struct keyboard other;

	begin();
	other = (struct keyboard){.queue = &test_queue};
	TYPE_EXPECT(t, key_down(KEY_LEFTSHIFT, 0, MOD_SHIFT), 0x2a);
	TYPE_EXPECT_NONE(t, 0xe0);
	keyboard_byte(&other, 0x1e, 1);
	expect_event(t, key_down(KEY_A, 'a', 0),
		     "one keyboard has a shift down and a prefix begun; on "
		     "another one, after the byte 0x1e");
	TYPE_EXPECT(t, key_down(KEY_RIGHTALT, 0, MOD_SHIFT | MOD_ALT), 0x38);
	keyboard_byte(&other, 0x1e, 2);
	expect_event(t, key_down(KEY_A, 'a', KEY_REPEATED),
		     "on the other keyboard, after the byte 0x1e again");
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
		return expect_event(t, key_up(key, modifiers), what);
	return expect_event(t,
			    key_down(key, keymap_char(key, modifiers),
				     modifiers | (was_down ? KEY_REPEATED : 0)),
			    what);
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

static void test_random_typing(struct ktest *t)
{
	static struct typist p;

	begin();
	p = (struct typist){.random = 2};
	for (unsigned int i = 0; i < 5000 && type_random(t, &p); i++)
		;
	expect_no_event(t, "after typing at random");
}
KTEST(lab02, random_typing);
