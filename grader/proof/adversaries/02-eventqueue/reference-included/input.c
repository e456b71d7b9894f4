/*
 * input.c - lab 2: written by somebody else.
 */
#include "../../solutions/02-eventqueue/input.c"
