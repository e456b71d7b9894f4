/*
 * events.h - what the programs of lab 2's tests share.
 *
 * A program prints what it sees, one line each, with "> " in front; its outside
 * half (the .py beside it) types, moves the mouse, reads those lines and
 * compares.  So the program knows nothing of what will come, and needs no
 * opinion.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "signalbox.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One write(2) a line, so that lines of several processes do not mix. */
__attribute__((format(printf, 1, 2))) static inline void tell(const char *fmt,
							      ...)
{
	char line[256] = "> ";
	va_list args;
	int n;

	va_start(args, fmt);
	n = 2 + vsnprintf(line + 2, sizeof(line) - 3, fmt, args);
	va_end(args);
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

/* The call did not work: that is all there is to tell. */
static inline void fail(const char *call)
{
	tell("%s: %s", call, strerror(errno));
	_exit(1);
}

static inline void tell_event(const struct sb_event *e)
{
	static const char *const names[] = {"?", "down", "up", "move",
					    "button"};

	tell("%s %d %d %d", e->type < 5 ? names[e->type] : "?", e->data[0],
	     e->data[1], e->data[2]);
}

/* Waits for the next event, in the only way that there is before lab 3. */
static inline struct sb_event next_event(void)
{
	struct sb_event e;
	int got;

	while ((got = input_poll_event(&e)) == 0)
		;
	if (got < 0)
		fail("input_poll_event");
	return e;
}

/* What happened before does not count: from now on is what the outside half
 * does. */
static inline void begin(void)
{
	struct sb_event e;
	int got;

	while ((got = input_poll_event(&e)) == 1)
		;
	if (got < 0)
		fail("input_poll_event");
	tell("ready");
}

/* Tells all events, up to the release of Esc. */
static inline int tell_until_esc(void)
{
	struct sb_event e;

	begin();
	do {
		e = next_event();
		tell_event(&e);
	} while (e.type != SB_KEY_UP || e.data[0] != 1);
	return 0;
}

/* Tells all events, until all three buttons have been held, and then none:
 * counted from presses and releases, whatever the events' masks say. */
static inline int tell_until_all_buttons(void)
{
	unsigned int held = 0;
	bool all = false;
	struct sb_event e;

	begin();
	do {
		e = next_event();
		tell_event(&e);
		if (e.type != SB_MOUSE_BUTTON)
			continue;
		held &= ~(1u << (e.data[0] & 31));
		held |= (e.data[1] != 0) << (e.data[0] & 31);
		all |= held == 7;
	} while (!all || held != 0);
	return 0;
}

#endif
