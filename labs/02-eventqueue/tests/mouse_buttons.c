/*
 * mouse_buttons.c - exercise 2.3: tells the events of what mouse_buttons.py does.
 */
#include "events.h"

int main(void)
{
	return tell_until_all_buttons();
}
