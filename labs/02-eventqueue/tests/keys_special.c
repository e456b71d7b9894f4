/*
 * keys_special.c - exercise 2.2: tells the events of what keys_special.py types.
 */
#include "events.h"

int main(void)
{
	return tell_until_esc();
}
