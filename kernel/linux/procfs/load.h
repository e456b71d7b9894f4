/*
 * load.h - the load averages: how many threads want a CPU, over the last 1, 5
 * and 15 minutes.
 */
#ifndef LOAD_H
#define LOAD_H

#include "types.h"

#define LOAD_ONE 65536u /* a load of 1.0, as sysinfo(2) counts */

void load_averages(uint32_t load[3]);

#endif
