/*
 * random.h - random numbers.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "types.h"

/* Cannot be predicted from earlier output; the same in each run with the same
 * seed= on the command line.  Any context but NMI, no core lock held. */
void random_bytes(void *buf, size_t len);

#endif
