/*
 * rw.h - what read(2) and its many relatives share.
 */
#ifndef RW_H
#define RW_H

#include "types.h"

enum direction { READ, WRITE };

/* Moves the pieces that a program's list of struct iovec names, from or to
 * *pos, or the file's position if pos is NULL. */
long transfer_vector(int fd, enum direction way, uintptr_t list, uint64_t count,
		     uint64_t *pos);

#endif
