/*
 * futex.h - waiting on a word of user memory, futex(2).
 *
 * Lab 3 writes it (futex.c); before that, kernel/locked/03-blocking/futex.c
 * asks again and again.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include "types.h"

/*
 * Wakes up to count threads of the current process that wait at this address.
 * The kernel's own use: a thread that ends tells who joins it
 * (set_tid_address(2)).  Does not touch the word itself.
 */
void futex_wake(uintptr_t addr, unsigned int count);

#endif
