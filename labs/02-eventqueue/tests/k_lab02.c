/*
 * k_lab02.c - what the tests of lab 2 share: see lab02.h.
 */
#include "lab02.h"

uint64_t long_time(void)
{
	return ktest_time_is_exact() ? 20 * NSEC_PER_MSEC : KTEST_LAST_RESORT;
}

struct eventq test_queue;

void test_queue_init(void)
{
	memset(&test_queue, 0, sizeof(test_queue));
	eventq_init(&test_queue, "test");
}

void dirty(void *memory, size_t size)
{
	uint8_t *bytes = memory;
	uint64_t random = 5;

	for (size_t i = 0; i < size; i++)
		bytes[i] = random_next(&random) | 1;
}

/* ---- events that tell who made them ---- */

#define NUMBER_BITS 20

struct event numbered_event(unsigned int producer, unsigned int n)
{
	int32_t id = producer << NUMBER_BITS | n;

	return (struct event){.type = EVENT_KEY_DOWN,
			      .data = {id, ~id, id ^ 0x5a5a5a5a},
			      .time_ns = (uint64_t)id * 3};
}

bool numbered_read(struct ktest *t, const struct event *e,
		   unsigned int *producer, unsigned int *n)
{
	struct event whole;

	*producer = (uint32_t)e->data[0] >> NUMBER_BITS;
	*n = e->data[0] & ((1u << NUMBER_BITS) - 1);
	whole = numbered_event(*producer, *n);
	if (memcmp(&whole, e, sizeof(whole)) == 0)
		return true;
	FAIL(t, "an event came out that was never put in: its parts belong to "
		"different events, or to none; somebody read a place of the "
		"ring while it was being written");
	return false;
}

/* ---- expecting events ---- */

bool event_agrees(const struct event *a, const struct event *b,
		  unsigned int parts)
{
	bool key = a->type == EVENT_KEY_DOWN || a->type == EVENT_KEY_UP;
	uint32_t flags = 0; /* of data[2] */

	if (parts & (key ? MODIFIERS : HELD))
		flags |= ~KEY_REPEATED;
	if (parts & (key ? REPEATED : HELD))
		flags |= KEY_REPEATED;
	return a->type == b->type && a->data[0] == b->data[0] &&
	       (a->data[1] == b->data[1] || (key && !(parts & CHARACTER))) &&
	       ((a->data[2] ^ b->data[2]) & flags) == 0 &&
	       (a->time_ns == b->time_ns || !(parts & TIME));
}

/* ---- events in words ---- */

struct words {
	char *buf;
	size_t size, length;
};

PRINTF_LIKE(2, 3)
static void add(struct words *w, const char *fmt, ...)
{
	va_list args;

	if (w->length >= w->size)
		return;
	va_start(args, fmt);
	w->length +=
		vsnprintf(w->buf + w->length, w->size - w->length, fmt, args);
	va_end(args);
}

/* ", modifiers MOD_SHIFT|MOD_CAPS": names[i] is the flag 1 << i; what has no
 * name is a number. */
static void add_flags(struct words *w, const char *what,
		      const char *const *names, unsigned int count,
		      uint32_t flags)
{
	const char *between = "";

	add(w, ", %s ", what);
	if (flags == 0)
		add(w, "none");
	for (unsigned int i = 0; i < count; i++) {
		if (!(flags & 1u << i))
			continue;
		add(w, "%s%s", between, names[i]);
		between = "|";
		flags &= ~(1u << i);
	}
	if (flags)
		add(w, "%s0x%x", between, flags);
}

static void add_key(struct words *w, const struct event *e, unsigned int parts)
{
	static const char *const names[] = {"MOD_SHIFT", "MOD_CTRL", "MOD_ALT",
					    "MOD_CAPS"};

	add(w, "%s key %d", e->type == EVENT_KEY_DOWN ? "KEY_DOWN" : "KEY_UP",
	    e->data[0]);
	if (parts & CHARACTER) {
		add(w, ", character %d", e->data[1]);
		if (e->data[1] > 32 && e->data[1] < 127)
			add(w, " '%c'", e->data[1]);
	}
	if (parts & MODIFIERS)
		add_flags(w, "modifiers", names, ARRAY_SIZE(names),
			  e->data[2] & ~KEY_REPEATED);
	if (parts & REPEATED)
		add(w, ", %s KEY_REPEATED",
		    e->data[2] & KEY_REPEATED ? "with" : "without");
}

static void add_held(struct words *w, const struct event *e, unsigned int parts)
{
	static const char *const names[] = {"BUTTON_LEFT", "BUTTON_RIGHT",
					    "BUTTON_MIDDLE"};

	if (parts & HELD)
		add_flags(w, "held", names, ARRAY_SIZE(names), e->data[2]);
}

const char *event_text(const struct event *e, unsigned int parts, char *buf,
		       size_t size)
{
	struct words words = {.buf = buf, .size = size};

	switch (e->type) {
	case EVENT_KEY_DOWN:
	case EVENT_KEY_UP:
		add_key(&words, e, parts);
		break;
	case EVENT_MOUSE_MOVE:
		add(&words, "MOUSE_MOVE right %d, down %d", e->data[0],
		    e->data[1]);
		add_held(&words, e, parts);
		break;
	case EVENT_MOUSE_BUTTON:
		add(&words, "MOUSE_BUTTON button %d, pressed %d", e->data[0],
		    e->data[1]);
		add_held(&words, e, parts);
		break;
	default:
		add(&words, "an event of type %u", e->type);
	}
	if (parts & TIME)
		add(&words, ", time_ns %lu", e->time_ns);
	return buf;
}

void recent_add(struct recent_bytes *r, uint8_t byte)
{
	r->bytes[r->count++ % ARRAY_SIZE(r->bytes)] = byte;
}

const char *recent_text(const struct recent_bytes *r, const char *what,
			char *buf, size_t size)
{
	unsigned int places = ARRAY_SIZE(r->bytes);
	unsigned int i = r->count < places ? 0 : r->count - places;
	size_t length;

	length = snprintf(buf, size, "%s, the last bytes were", what);
	for (; i < r->count && length < size; i++)
		length += snprintf(buf + length, size - length, " %02x",
				   r->bytes[i % places]);
	return buf;
}

struct event key_down(unsigned int key, int character, uint32_t modifiers)
{
	return (struct event){.type = EVENT_KEY_DOWN,
			      .data = {key, character, modifiers}};
}

struct event key_up(unsigned int key, uint32_t modifiers)
{
	return (struct event){.type = EVENT_KEY_UP,
			      .data = {key, 0, modifiers}};
}

struct event mouse_moved(int right, int down, uint32_t buttons)
{
	return (struct event){.type = EVENT_MOUSE_MOVE,
			      .data = {right, down, buttons}};
}

struct event mouse_button(int button, bool pressed, uint32_t buttons)
{
	return (struct event){.type = EVENT_MOUSE_BUTTON,
			      .data = {button, pressed, buttons}};
}

bool expect_event(struct ktest *t, struct event want, unsigned int parts,
		  const char *after)
{
	char expected[EVENT_TEXT_SIZE], text[EVENT_TEXT_SIZE];
	struct event got;

	event_text(&want, parts, expected, sizeof(expected));
	if (!event_pop(&test_queue, &got)) {
		FAIL(t, "%s: expected %s, got no event", after, expected);
		return false;
	}
	if (event_agrees(&want, &got, parts))
		return true;
	FAIL(t, "%s: expected %s, got %s", after, expected,
	     event_text(&got, parts, text, sizeof(text)));
	return false;
}

bool expect_no_event(struct ktest *t, const char *after)
{
	char text[EVENT_TEXT_SIZE];
	struct event got;

	if (!event_pop(&test_queue, &got))
		return true;
	FAIL(t, "%s: expected no event, got %s", after,
	     event_text(&got, 0, text, sizeof(text)));
	return false;
}

/* ---- several CPUs ---- */

void run_on_cpus(struct ktest *t, unsigned int n, void (*fn)(void *arg),
		 void *arg)
{
	struct thread *threads[MAX_CPUS + 1];

	for (unsigned int i = 0; i < n; i++) {
		ASSERT(t, thread_create(&threads[i], "lab 2", fn, arg) == 0);
		thread_pin(threads[i], i % cpu_count);
	}
	for (unsigned int i = 0; i < n; i++)
		thread_start(threads[i]);
	for (unsigned int i = 0; i < n; i++)
		thread_join(threads[i]);
}

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}
