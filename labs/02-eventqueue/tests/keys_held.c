/*
 * keys_held.c - exercise 2.2: tells the events that come of what keys_held.py
 * does. Not for Linux: it has no such calls.
 */
#include "events.h"

int main(void)
{
	return tell_until_esc();
}
