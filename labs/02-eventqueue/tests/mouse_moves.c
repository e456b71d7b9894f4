/*
 * mouse_moves.c - exercise 2.3: tells the events of how mouse_moves.py moves it.
 */
#include "events.h"

int main(void)
{
	return tell_until_all_buttons();
}
