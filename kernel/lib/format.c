/*
 * format.c - vsnprintf: text from a format and its arguments.
 *
 * The work goes in three steps for each conversion.  parse_spec() reads what
 * stands between the % and its letter into a struct spec.  format_int() or
 * format_str() turns the argument into the pieces of a field:
 *
 *	|<------------------- width ------------------>|
 *	 spaces  prefix (sign, 0x)  zeros  body  spaces
 *
 * and put_field() writes them.  Characters beyond the end of the buffer are
 * counted but not stored, so that the caller learns how long the text is.
 *
 * Behaviour follows C17, 7.21.6.1, for the conversions that string.h lists;
 * what it does not list is copied to the output as it stands, so that a wrong
 * format shows itself in the log.
 */
#include "string.h"

/* Where the text goes. */
struct output {
	char *buf;
	size_t size;
	size_t len; /* of the whole text; may exceed size */
};

/* What stands between % and the conversion's letter. */
struct spec {
	bool left;      /* -  pad on the right */
	bool zero;      /* 0  pad with zeros */
	bool plus;      /* +  sign always */
	bool space;     /*    a space where a + would be */
	bool alternate; /* #  0x or 0 in front */
	bool group;     /* '  commas between thousands */
	int width;
	int precision;   /* -1: none given */
	size_t int_size; /* sizeof the integer argument */
};

/* The longest body: 22 octal digits; or 20 decimal ones and 6 commas. */
#define BODY_MAX 32

static void put_char(struct output *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_repeated(struct output *out, char c, int count)
{
	while (count-- > 0)
		put_char(out, c);
}

static void put_text(struct output *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_char(out, text[i]);
}

/* One field: see the drawing at the top. */
static void put_field(struct output *out, const struct spec *spec,
		      const char *prefix, int zeros, const char *body,
		      size_t body_len)
{
	size_t prefix_len = strlen(prefix);
	int padding = spec->width - (int)(prefix_len + zeros + body_len);

	if (!spec->left)
		put_repeated(out, ' ', padding);
	put_text(out, prefix, prefix_len);
	put_repeated(out, '0', zeros);
	put_text(out, body, body_len);
	if (spec->left)
		put_repeated(out, ' ', padding);
}

static void format_str(struct output *out, const struct spec *spec,
		       const char *text)
{
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (!text)
		text = "(null)";
	put_field(out, spec, "", 0, text, strnlen(text, max));
}

/* Writes the digits of value so that they end just before `end`. */
static char *digits_before(char *end, uint64_t value, const struct spec *spec,
			   char letter)
{
	const char *digits =
		letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = letter == 'o' ? 8 : letter == 'u' ? 10 : 16;
	unsigned int count = 0;

	while (value != 0) {
		if (spec->group && base == 10 && count > 0 && count % 3 == 0)
			*--end = ',';
		*--end = digits[value % base];
		value /= base;
		count++;
	}
	return end;
}

/* letter: 'u', 'o', 'x' or 'X'; prefix: the sign or base, as text. */
static void format_int(struct output *out, const struct spec *spec,
		       uint64_t value, char letter, const char *prefix)
{
	char buf[BODY_MAX], *end = buf + BODY_MAX;
	char *body = digits_before(end, value, spec, letter);
	int len = end - body;
	int zeros;

	if (spec->precision >= 0)
		zeros = spec->precision - len;
	else if (spec->zero && !spec->left)
		zeros = spec->width - (int)strlen(prefix) - len;
	else
		zeros = 0;
	/* A zero has no digits of its own; only %.0d prints it as nothing. */
	if (len == 0 && spec->precision != 0)
		zeros = MAX(zeros, 1);
	/* %#o means a zero in front, but no more zeros than needed. */
	if (spec->alternate && letter == 'o')
		zeros = MAX(zeros, 1);
	put_field(out, spec, prefix, MAX(zeros, 0), body, len);
}

static void format_signed(struct output *out, const struct spec *spec,
			  int64_t value)
{
	const char *sign = value < 0     ? "-"
			   : spec->plus  ? "+"
			   : spec->space ? " "
					 : "";
	/* Negating as unsigned is right for INT64_MIN too. */
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	format_int(out, spec, magnitude, 'u', sign);
}

static void format_unsigned(struct output *out, const struct spec *spec,
			    uint64_t value, char letter)
{
	const char *prefix = "";

	if (spec->alternate && value != 0 && letter == 'x')
		prefix = "0x";
	else if (spec->alternate && value != 0 && letter == 'X')
		prefix = "0X";
	format_int(out, spec, value, letter, prefix);
}

static bool parse_flag(struct spec *spec, char c)
{
	switch (c) {
	case '-':
		return spec->left = true;
	case '0':
		return spec->zero = true;
	case '+':
		return spec->plus = true;
	case ' ':
		return spec->space = true;
	case '#':
		return spec->alternate = true;
	case '\'':
		return spec->group = true;
	default:
		return false;
	}
}

static int parse_count(const char **fmt)
{
	int count = 0;

	while (**fmt >= '0' && **fmt <= '9')
		count = count * 10 + *(*fmt)++ - '0';
	return count;
}

static size_t parse_length(const char **fmt)
{
	switch (**fmt) {
	case 'h':
		if (*++*fmt != 'h')
			return sizeof(short);
		++*fmt;
		return sizeof(char);
	case 'l':
		if (*++*fmt == 'l')
			++*fmt;
		return sizeof(long);
	case 'z':
	case 't':
	case 'j':
		++*fmt;
		return sizeof(long);
	default:
		return sizeof(int);
	}
}

/* va_list is an array: a pointer to a struct around it can be passed on. */
struct arguments {
	va_list list;
};

/* From after the % on; leaves *fmt at the conversion's letter. */
static struct spec parse_spec(const char **fmt, struct arguments *args)
{
	struct spec spec = {.precision = -1};

	while (parse_flag(&spec, **fmt))
		++*fmt;
	if (**fmt == '*') {
		++*fmt;
		spec.width = va_arg(args->list, int);
		if (spec.width < 0) {
			spec.left = true;
			spec.width = -spec.width;
		}
	} else {
		spec.width = parse_count(fmt);
	}
	if (**fmt == '.') {
		++*fmt;
		if (**fmt == '*') {
			++*fmt;
			spec.precision = va_arg(args->list, int);
		} else {
			spec.precision = parse_count(fmt);
		}
	}
	spec.int_size = parse_length(fmt);
	return spec;
}

/* An integer argument; small ones arrive promoted to int, and are cut here. */
static uint64_t arg_unsigned(const struct spec *spec, struct arguments *args)
{
	if (spec->int_size == sizeof(long))
		return va_arg(args->list, unsigned long);

	unsigned int value = va_arg(args->list, unsigned int);
	if (spec->int_size == sizeof(char))
		return (unsigned char)value;
	if (spec->int_size == sizeof(short))
		return (unsigned short)value;
	return value;
}

static int64_t arg_signed(const struct spec *spec, struct arguments *args)
{
	uint64_t value = arg_unsigned(spec, args);
	unsigned int unused_bits = 64 - 8 * spec->int_size;

	return (int64_t)(value << unused_bits) >> unused_bits;
}

/* %p; and %pS, if somebody knows the names of addresses. */
static void format_pointer(struct output *out, const struct spec *spec,
			   void *pointer, const char **fmt)
{
	char text[SYMBOL_TEXT_SIZE];

	if ((*fmt)[1] != 'S') {
		format_int(out, spec, (uintptr_t)pointer, 'x', "0x");
		return;
	}
	++*fmt;
	snprintf(text, sizeof(text), "%p", pointer);
	const struct symbol_printer *printer;
	table_for_each (printer, symbol_printers)
		printer->print((uintptr_t)pointer, text, sizeof(text));
	format_str(out, spec, text);
}

/* Leaves *fmt at the last letter that it takes. */
static void format_one(struct output *out, const struct spec *spec,
		       const char **fmt, struct arguments *args)
{
	char letter = **fmt;

	switch (letter) {
	case 'd':
	case 'i':
		format_signed(out, spec, arg_signed(spec, args));
		break;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		format_unsigned(out, spec, arg_unsigned(spec, args), letter);
		break;
	case 'p':
		format_pointer(out, spec, va_arg(args->list, void *), fmt);
		break;
	case 'c': {
		char c = va_arg(args->list, int);

		put_field(out, spec, "", 0, &c, 1);
		break;
	}
	case 's':
		format_str(out, spec, va_arg(args->list, const char *));
		break;
	case '%':
		put_char(out, '%');
		break;
	default:
		put_char(out, '%');
		if (letter != '\0')
			put_char(out, letter);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list list)
{
	struct output out = {.buf = buf, .size = size};
	struct arguments args;

	va_copy(args.list, list);
	while (*fmt != '\0') {
		if (*fmt != '%') {
			put_char(&out, *fmt++);
			continue;
		}
		fmt++;
		struct spec spec = parse_spec(&fmt, &args);
		format_one(&out, &spec, &fmt, &args);
		if (*fmt != '\0')
			fmt++;
	}
	va_end(args.list);
	if (size > 0)
		buf[MIN(out.len, size - 1)] = '\0';
	return (int)out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}
