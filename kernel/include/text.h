/*
 * text.h - a text that grows: what is printed to it is kept in memory.
 *
 * Printing never fails; when memory runs out, what follows is dropped, and
 * text_error() says so at the end.  So whoever prints many lines need not look
 * at each.
 */
#ifndef TEXT_H
#define TEXT_H

#include "types.h"

struct text {
	char *data; /* not terminated; NULL while len is 0 */
	size_t len, capacity;
	bool failed;
};

void text_free(struct text *text);

/* Empties it, and keeps its memory. */
void text_clear(struct text *text);

void text_printf(struct text *text, const char *fmt, ...) PRINTF_LIKE(2, 3);
void text_add(struct text *text, const char *bytes, size_t len);

/* 0 or -ENOMEM. */
int text_error(const struct text *text);

#endif
