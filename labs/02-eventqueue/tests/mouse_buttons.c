/*
 * mouse_buttons.c - exercise 2.3: tells the events that come of what
 * mouse_buttons.py does. Not for Linux: it has no such calls.
 */
#include "events.h"

int main(void)
{
	return tell_until_all_buttons();
}
