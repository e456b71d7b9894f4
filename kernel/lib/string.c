/*
 * string.c - memory and strings: the functions that C takes for granted.
 *
 * The kernel links with no C library, so it brings its own.  The compiler
 * needs four of them even where no source line calls them: it turns large
 * assignments and initialisers into memcpy, memmove, memset and memcmp (GCC
 * manual, "Language Standards Supported by GCC").
 *
 * Copying and filling use the string instructions.  `rep movsq` moves eight
 * bytes a step, without the loads, stores, additions and branches of a loop in
 * C; it is a single instruction on real hardware, and one instruction a word
 * when an emulator counts them.  The bytes that do not fill a word follow with
 * `rep movsb`.  The System V ABI promises that the direction flag is clear
 * whenever C code runs (AMD64 psABI, 3.2.1), so only the backward copy touches
 * it.
 *
 * Nothing here takes a lock or keeps state: any context may call.
 */
#include "string.h"

#include "errno.h"
#include "sanitize.h"

#define WORD sizeof(uint64_t)

/* Upwards, from low addresses to high. */
static void copy_forward(void *dst, const void *src, size_t len)
{
	size_t words = len / WORD, bytes = len % WORD;

	asm volatile("rep movsq"
		     : "+D"(dst), "+S"(src), "+c"(words)
		     :
		     : "memory");
	asm volatile("rep movsb"
		     : "+D"(dst), "+S"(src), "+c"(bytes)
		     :
		     : "memory");
}

/* Downwards: the odd bytes at the top first, then words. */
static void copy_backward(void *dst, const void *src, size_t len)
{
	size_t words = len / WORD, bytes = len % WORD;
	char *d = (char *)dst + len - 1;
	const char *s = (const char *)src + len - 1;

	/*
	 * In one piece, as no compiled code may run while the flag is set.
	 * movsb leaves the pointers at the last byte of the word below.
	 */
	asm volatile("std\n\t"
		     "rep movsb\n\t"
		     "sub $7, %%rdi\n\t"
		     "sub $7, %%rsi\n\t"
		     "mov %[words], %%rcx\n\t"
		     "rep movsq\n\t"
		     "cld"
		     : "+&D"(d), "+&S"(s), "+&c"(bytes)
		     : [words] "r"(words)
		     : "memory", "cc");
}

void *memcpy(void *dst, const void *src, size_t len)
{
	sanitize_read(src, len, CALL_SITE);
	sanitize_write(dst, len, CALL_SITE);
	copy_forward(dst, src, len);
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	sanitize_read(src, len, CALL_SITE);
	sanitize_write(dst, len, CALL_SITE);
	/*
	 * Only a destination that begins inside the source must be copied
	 * backwards.  One that lies below the source gives a huge unsigned
	 * difference, so one comparison answers for both.
	 */
	if ((uintptr_t)dst - (uintptr_t)src < len)
		copy_backward(dst, src, len);
	else
		copy_forward(dst, src, len);
	return dst;
}

void *memset(void *dst, int byte, size_t len)
{
	void *d = dst;
	uint64_t pattern = (uint8_t)byte * 0x0101010101010101ul;
	size_t words = len / WORD, bytes = len % WORD;

	sanitize_write(dst, len, CALL_SITE);
	asm volatile("rep stosq"
		     : "+D"(d), "+c"(words)
		     : "a"(pattern)
		     : "memory");
	asm volatile("rep stosb"
		     : "+D"(d), "+c"(bytes)
		     : "a"(pattern)
		     : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len] != '\0')
		len++;
	return len;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* Characters compare as unsigned (C17, 7.24.4). */
		uint8_t x = a[i], y = b[i];

		if (x != y)
			return x - y;
		if (x == '\0')
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (*s == '\0')
			return NULL;
	}
}

char *strstr(const char *s, const char *needle)
{
	size_t len = strlen(needle);

	for (;; s++) {
		if (strncmp(s, needle, len) == 0)
			return (char *)s;
		if (*s == '\0')
			return NULL;
	}
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size > 0) {
		size_t fits = MIN(len, size - 1);

		memcpy(dst, src, fits);
		dst[fits] = '\0';
	}
	return len;
}

/* The value of a digit in any base up to 16; 255 for what is none. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 255;
}

int parse_u64(const char *s, uint64_t *out)
{
	unsigned int base = 10;
	uint64_t value = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (*s == '\0')
		return -EINVAL;
	for (; *s != '\0'; s++) {
		unsigned int digit = digit_value(*s);

		if (digit >= base)
			return -EINVAL;
		if (value > (UINT64_MAX - digit) / base)
			return -ERANGE;
		value = value * base + digit;
	}
	*out = value;
	return 0;
}
