/*
 * mouse_moves.c - exercise 2.3: tells the events that come of what
 * mouse_moves.py does. Not for Linux: it has no such calls.
 */
#include "events.h"

int main(void)
{
	return tell_until_all_buttons();
}
