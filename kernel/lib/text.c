/*
 * text.c - a text that grows.  See text.h.
 *
 * Each line is formatted twice when it does not fit: once to see how long it
 * is, and once more when there is room.  The room doubles, so that happens
 * seldom.
 */
#include "text.h"

#include "errno.h"
#include "heap.h"
#include "string.h"

#define FIRST_CAPACITY 256ul

void text_free(struct text *text)
{
	kfree(text->data);
	*text = (struct text){0};
}

void text_clear(struct text *text)
{
	text->len = 0;
	text->failed = false;
}

int text_error(const struct text *text)
{
	return text->failed ? -ENOMEM : 0;
}

/* Makes room for so many bytes more. */
static bool text_reserve(struct text *text, size_t more)
{
	size_t capacity = MAX(text->capacity, FIRST_CAPACITY);
	char *data;

	if (text->failed)
		return false;
	while (capacity - text->len < more)
		capacity *= 2;
	if (capacity == text->capacity)
		return true;
	data = kmalloc(capacity);
	if (!data) {
		text->failed = true;
		return false;
	}
	memcpy(data, text->data, text->len);
	kfree(text->data);
	text->data = data;
	text->capacity = capacity;
	return true;
}

void text_add(struct text *text, const char *bytes, size_t len)
{
	if (!text_reserve(text, len))
		return;
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

void text_printf(struct text *text, const char *fmt, ...)
{
	size_t room = text->capacity - text->len;
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = vsnprintf(text->data ? text->data + text->len : NULL, room, fmt,
			args);
	va_end(args);
	if (len >= room) { /* with its terminator */
		if (!text_reserve(text, len + 1))
			return;
		va_start(args, fmt);
		vsnprintf(text->data + text->len, len + 1, fmt, args);
		va_end(args);
	}
	text->len += len;
}
