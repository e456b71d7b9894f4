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
	eventq_init(&test_queue, "test");
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

const char *event_text(const struct event *e, char *buf, size_t size)
{
	const int32_t *data = e->data;

	switch (e->type) {
	case EVENT_KEY_DOWN:
		snprintf(buf, size,
			 "KEY_DOWN key %d, character %d%s%c%s, "
			 "modifiers 0x%x",
			 data[0], data[1], data[1] > 32 ? " '" : "",
			 data[1] > 32 ? data[1] : ' ', data[1] > 32 ? "'" : "",
			 data[2]);
		break;
	case EVENT_KEY_UP:
		snprintf(buf, size,
			 "KEY_UP key %d, character %d, "
			 "modifiers 0x%x",
			 data[0], data[1], data[2]);
		break;
	case EVENT_MOUSE_MOVE:
		snprintf(buf, size,
			 "MOUSE_MOVE right %d, down %d, "
			 "buttons 0x%x",
			 data[0], data[1], data[2]);
		break;
	case EVENT_MOUSE_BUTTON:
		snprintf(buf, size,
			 "MOUSE_BUTTON button %d, pressed %d, "
			 "buttons 0x%x",
			 data[0], data[1], data[2]);
		break;
	default:
		snprintf(buf, size, "an event of type %u", e->type);
	}
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

bool expect_event(struct ktest *t, struct event want, const char *after)
{
	char expected[EVENT_TEXT_SIZE], text[EVENT_TEXT_SIZE];
	struct event got;

	event_text(&want, expected, sizeof(expected));
	if (!event_pop(&test_queue, &got)) {
		FAIL(t, "%s: expected %s, got no event", after, expected);
		return false;
	}
	if (got.type == want.type &&
	    memcmp(got.data, want.data, sizeof(want.data)) == 0)
		return true;
	FAIL(t, "%s: expected %s, got %s", after, expected,
	     event_text(&got, text, sizeof(text)));
	return false;
}

bool expect_no_event(struct ktest *t, const char *after)
{
	char text[EVENT_TEXT_SIZE];
	struct event got;

	if (!event_pop(&test_queue, &got))
		return true;
	FAIL(t, "%s: expected no event, got %s", after,
	     event_text(&got, text, sizeof(text)));
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
