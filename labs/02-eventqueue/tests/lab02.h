/*
 * lab02.h - what the tests of lab 2 share.
 *
 * A queue, a keyboard and a mouse of a test are its own: nothing that happens
 * on the machine's real ones gets in between.  Queues are too big for a stack,
 * so there is one, test_queue, which test_queue_init() makes empty for each
 * run.
 *
 * A test looks at a struct eventq only through the functions of eventq.h, and
 * at its counts `pushed` and `dropped`: what else is in it is up to the
 * student.
 */
#ifndef LAB02_H
#define LAB02_H

#include "cpu.h"
#include "errno.h"
#include "eventq.h"
#include "input.h"
#include "irq.h"
#include "ktest.h"
#include "ps2.h"
#include "string.h"
#include "thread.h"
#include "time.h"

/* Fails in words of the exercise. */
#define FAIL(t, ...) ktest_fail(t, __FILE__, __LINE__, __VA_ARGS__)
#define CHECK(t, condition, ...) \
	do { \
		if (!(condition)) \
			FAIL(t, __VA_ARGS__); \
	} while (0)

/* Waits until the condition holds; false when that takes too long. */
#define WAIT_FOR(condition) \
	({ \
		uint64_t deadline_ = time_ns() + long_time(); \
		while (!(condition) && time_ns() < deadline_) \
			cpu_relax(); \
		(condition); \
	})

/* In ns.  Where time is not counted in instructions the machine may be busy. */
uint64_t long_time(void);

extern struct eventq test_queue;

/* Empty, and in memory that was all 0 before: what eventq_init() makes of other
 * memory is init_empties' subject alone. */
void test_queue_init(void);

/* Leaves in this memory what an earlier user may have left there: no word of it
 * is 0, or like another. */
void dirty(void *memory, size_t size);

/* ---- events that tell who made them ---- */

/* The n-th of a producer; its other fields follow from these two. */
struct event numbered_event(unsigned int producer, unsigned int n);

/* Is it whole?  Then who made it goes to the two.  A torn one, of which parts
 * come from two events, fails the test. */
bool numbered_read(struct ktest *t, const struct event *e,
		   unsigned int *producer, unsigned int *n);

/* ---- expecting events ---- */

/*
 * What a test is about.  Every test looks at an event's type and at what
 * happened to which key or button, or at how far the mouse moved; these it
 * looks at besides.  So a wrong flag fails the tests about that flag, and the
 * others can still say what they have to say.
 */
enum event_part {
	CHARACTER = 1, /* data[1] of a key */
	MODIFIERS = 2, /* data[2] of a key, without KEY_REPEATED */
	REPEATED = 4,  /* KEY_REPEATED in it */
	HELD = 8,      /* data[2] of the mouse: the buttons */
	TIME = 16,     /* time_ns */
};

/* Are they the same, in these parts? */
bool event_agrees(const struct event *a, const struct event *b,
		  unsigned int parts);

/* "KEY_DOWN key 30, modifiers MOD_SHIFT": an event in words, with these parts.
 * Returns buf. */
const char *event_text(const struct event *e, unsigned int parts, char *buf,
		       size_t size);
#define EVENT_TEXT_SIZE 160

/* The bytes that a device has sent last. */
struct recent_bytes {
	uint8_t bytes[8];
	unsigned int count; /* of all so far */
};

void recent_add(struct recent_bytes *r, uint8_t byte);

/* "typing, the last bytes were 1e 9e": what, and the bytes, the newest at the
 * end.  Returns buf. */
const char *recent_text(const struct recent_bytes *r, const char *what,
			char *buf, size_t size);
#define RECENT_TEXT_SIZE 80

struct event key_down(unsigned int key, int character, uint32_t modifiers);
struct event key_up(unsigned int key, uint32_t modifiers);
struct event mouse_moved(int right, int down, uint32_t buttons);
struct event mouse_button(int button, bool pressed, uint32_t buttons);

/* The oldest event of test_queue is this one, in these parts; or there is none.
 * `after` says what led to it.  False when not so. */
bool expect_event(struct ktest *t, struct event want, unsigned int parts,
		  const char *after);
bool expect_no_event(struct ktest *t, const char *after);

/* ---- several CPUs ---- */

/* Runs fn(arg) in n threads, one on each CPU from 0 on; with more threads than
 * CPUs it begins again at 0.  All are made before the first is started. */
void run_on_cpus(struct ktest *t, unsigned int n, void (*fn)(void *arg),
		 void *arg);

/* Numbers that differ with the seed that *state begins with. */
uint64_t random_next(uint64_t *state);

#endif
