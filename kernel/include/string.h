/*
 * string.h - the usual memory and string functions, and formatting.
 */
#ifndef STRING_H
#define STRING_H

#include "table.h"
#include "types.h"

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *needle);

/*
 * Copies src and its terminator, cut to fit size bytes; dst is always
 * terminated.  Returns strlen(src): at least size when it was cut.
 */
size_t strlcpy(char *dst, const char *src, size_t size);

/*
 * Parses a number, decimal or 0x hexadecimal, that must fill the string to
 * its end.  Returns 0, or -EINVAL (empty, not a number) or -ERANGE.
 */
int parse_u64(const char *s, uint64_t *out);

/*
 * As in C17, with %d %i %u %x %X %o %c %s %p %%, the flags 0 - # + space and
 * ', width, precision, and the lengths hh h l ll z t j.  Beyond C17: the flag
 * ' groups digits by thousands with a comma; and %pS is a return address as the
 * call before it, "thread_block+0x1c (kernel/sched/thread.c:120)".  No floating
 * point.  Returns the length the whole text has, and writes at most size bytes
 * of it, always terminated when size > 0.
 */
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);

/* Who turns the return addresses of %pS into words: replaces the text, which is
 * the number, if it knows better.  Any context. */
struct symbol_printer {
	void (*print)(uintptr_t return_address, char *text, size_t size);
};

TABLE(symbol_printers, struct symbol_printer);

#define SYMBOL_TEXT_SIZE 128

#endif
