/*
 * monitor.h - the prompt: look around in the running kernel.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "types.h"

/* Starts the monitor's thread. */
void monitor_start(void);

/* Has Ctrl-C been typed since the command began?  Commands that print a lot
 * or run long ask this, and return early.  Other input is kept for the next
 * line.  Never waits. */
bool monitor_interrupted(void);

/* ---- the line editor, monitor/line.c; for one thread ---- */

/*
 * A line from the console, edited, with history; without the newline.  False
 * when Ctrl-C gave it up (the buffer is then empty).  Sleeps between polls.
 */
bool line_read(const char *prompt, char *buf, size_t size);

/* The words that Tab completes at the start of a line: name(0), name(1) ...
 * until NULL. */
void line_set_names(const char *(*name)(unsigned int index));

/* Takes what was typed meanwhile, and keeps it for the next line_read(); but
 * Ctrl-C drops it, and returns true.  Never waits. */
bool line_interrupted(void);

#endif
