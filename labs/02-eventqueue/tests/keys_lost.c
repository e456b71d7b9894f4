/*
 * keys_lost.c - exercise 2.2: tells the events of what keys_lost.py types.
 */
#include "events.h"

int main(void)
{
	return tell_until_esc();
}
