/*
 * inputdemo - shows keys, mouse moves and buttons, as they happen.
 *
 * It asks for events by input_poll_event(1000), again and again, as a program
 * must that has nothing to wait by (lab 3 changes that), and prints a line for
 * each; moves that follow one another share a line.  Beside the event stands
 * how long it waited in the queue.  Esc ends the demo.
 *
 *	make run LAB=2 WINDOW=1 APPEND=init=/bin/inputdemo
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "signalbox.h"

enum { KEY_ESC = 1, WIDTH = 640, HEIGHT = 480 };

static int x = WIDTH / 2, y = HEIGHT / 2; /* where a pointer would be */
static int moving;			  /* the last line shows a move */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* As a person reads it: 'a', Ctrl-A, Enter, or nothing. */
static const char *character(int c)
{
	static char text[8];

	switch (c) {
	case 0:
		return "";
	case 8:
		return "Ctrl-H";
	case 9:
		return "Tab";
	case 13:
		return "Enter";
	case 27:
		return "Esc";
	case 32:
		return "Space";
	case 127:
		return "Backspace";
	}
	if (c < 32)
		snprintf(text, sizeof(text), "Ctrl-%c", c + '@');
	else
		snprintf(text, sizeof(text), "'%c'", c);
	return text;
}

static void show_key(const struct sb_event *e)
{
	int modifiers = e->data[2];

	printf("key %3d %-6s %-9s%s%s%s%s%s", e->data[0],
	       e->type == SB_KEY_DOWN ? "down" : "up", character(e->data[1]),
	       modifiers & SB_SHIFT ? " shift" : "",
	       modifiers & SB_CTRL ? " ctrl" : "",
	       modifiers & SB_ALT ? " alt" : "",
	       modifiers & SB_CAPS ? " caps" : "",
	       modifiers & SB_REPEATED ? " repeated" : "");
}

static int clamp(int value, int limit)
{
	return value < 0 ? 0 : value > limit ? limit : value;
}

static void show_mouse(const struct sb_event *e)
{
	static const char *const buttons[] = { "left", "right", "middle" };

	if (e->type == SB_MOUSE_BUTTON) {
		printf("button %-7s %s", buttons[e->data[0] % 3],
		       e->data[1] ? "pressed" : "released");
		return;
	}
	x = clamp(x + e->data[0], WIDTH - 1);
	y = clamp(y + e->data[1], HEIGHT - 1);
	printf("mouse %+4d %+4d  at %3d %3d ", e->data[0], e->data[1], x, y);
}

static void show(const struct sb_event *e)
{
	int move = e->type == SB_MOUSE_MOVE;
	unsigned long waited = (now_ns() - e->time_ns) / 1000;

	if (moving)
		printf(move ? "\r" : "\n");
	if (e->type == SB_KEY_DOWN || e->type == SB_KEY_UP)
		show_key(e);
	else
		show_mouse(e);
	printf("  [%lu us]\x1b[K%s", waited, move ? "" : "\n");
	moving = move;
	fflush(stdout);
}

int main(void)
{
	struct sb_event e;
	int result;

	printf("Type, and move the mouse; Esc ends the demo.\n");
	fflush(stdout);
	for (;;) {
		result = input_poll_event(&e);
		if (result < 0)
			break;
		if (result == 0) {
			sched_yield();
			continue;
		}
		show(&e);
		if (e.type == SB_KEY_DOWN && e.data[0] == KEY_ESC)
			return 0;
	}
	if (errno == ENOSYS)
		printf("There are no events: lab 2 has to be there, and written, first.\n");
	else
		printf("input_poll_event: %s\n", strerror(errno));
	return 1;
}
