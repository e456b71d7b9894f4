/*
 * locked.c - sockets, before lab 8 is unlocked.
 */
#include "locked.h"

LOCKED_CALL(socket, 8, -EAFNOSUPPORT)
LOCKED_CALL(socketpair, 8, -EAFNOSUPPORT)
