/*
 * cmdline.h - the kernel's command line: words of the form name or name=value.
 * The options that exist, with their meaning, are the table in boot/cmdline.c.
 */
#ifndef CMDLINE_H
#define CMDLINE_H

#include "types.h"

/* Copies and splits the text.  From QEMU it begins with a file name, from GRUB
 * it does not: a first word with a slash in it, and no '=', is dropped. */
void cmdline_init(const char *text);

/* Prints the line, and a warning for each option that is not in the table. */
void cmdline_report(void);

/* The value of name=value; "" for a bare name; NULL when it is not there. */
const char *cmdline_get(const char *name);

/* A number; fallback when absent, and a warning too when malformed. */
uint64_t cmdline_u64(const char *name, uint64_t fallback);

/* Prints the table of options, by printk. */
void cmdline_help(void);

/* The whole line, as given. */
const char *cmdline_text(void);

#endif
