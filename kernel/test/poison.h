/*
 * poison.h - words that a lab's files cannot have; they are compiled with this.
 *
 * Each access to memory in them is a schedule point (access.c), which these
 * attributes would turn off.  The preprocessor stops at the word as a token,
 * also where it was pasted together; in a comment or a string it may stand.
 */
#ifndef POISON_H
#define POISON_H

#pragma GCC poison no_sanitize __no_sanitize__
#pragma GCC poison no_sanitize_thread __no_sanitize_thread__

#endif
