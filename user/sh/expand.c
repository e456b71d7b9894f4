/*
 * expand.c - words, as they were typed, become the strings that they mean.
 *
 *	'text'		as it is
 *	"text"		as it is, but for $ and backslash
 *	\c		the character c
 *	$NAME ${NAME}	a variable; ${NAME:-word}: word when it is unset or
 * empty
 *	$? $$ $! $#	last status, our pid, last background pid, argument
 * count $0 $1 ... $@ $*	the shell's name and arguments
 *	* ? [a-z]	unquoted: the names of files that match, if there are
 * any
 *
 * What a dollar sign outside of double quotes yields is split at blanks, so a
 * word may become several fields, or none.  "$@" is one field an argument.
 *
 * A field is built as a pattern for glob(3), in which quoted characters have a
 * backslash; when it turns out that nothing in it was a pattern, they go again.
 */
#include "sh.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expansion {
	struct strings
		*fields; /* NULL: one string, neither split nor globbed */
	char *text;      /* the field so far */
	size_t len, room;
	bool started; /* there is a field, maybe an empty one */
	bool pattern; /* with unquoted * ? or [ */
};

/* ---- building a field ---- */

static void put_raw(struct expansion *x, char c)
{
	if (x->len + 2 > x->room) {
		char *text = sh_alloc(x->room = 2 * x->room + 32);

		if (x->len)
			memcpy(text, x->text, x->len);
		x->text = text;
	}
	x->text[x->len++] = c;
	x->text[x->len] = '\0';
	x->started = true;
}

static void put(struct expansion *x, char c, bool quoted)
{
	if (c == '\\' || (quoted && strchr("*?[", c)))
		put_raw(x, '\\');
	else if (!quoted && strchr("*?[", c))
		x->pattern = true;
	put_raw(x, c);
}

static char *without_backslashes(const char *text)
{
	char *copy = sh_copy(text, strlen(text)), *to = copy;

	while (*text) {
		if (*text == '\\')
			text++;
		*to++ = *text++;
	}
	*to = '\0';
	return copy;
}

static bool add_matches(struct expansion *x)
{
	glob_t matches;

	if (glob(x->text, 0, NULL, &matches) != 0)
		return false;
	for (size_t i = 0; i < matches.gl_pathc; i++)
		strings_add(x->fields, sh_copy(matches.gl_pathv[i],
					       strlen(matches.gl_pathv[i])));
	globfree(&matches);
	return true;
}

static void finish_field(struct expansion *x)
{
	if (!x->started)
		return;
	if (!(x->pattern && add_matches(x)))
		strings_add(x->fields,
			    without_backslashes(x->len ? x->text : ""));
	*x = (struct expansion){.fields = x->fields};
}

/* A value: split at blanks unless quoted. */
static void put_value(struct expansion *x, const char *value, bool quoted)
{
	for (; *value; value++)
		if (!quoted && x->fields && strchr(" \t\n", *value))
			finish_field(x);
		else
			put(x, *value, quoted);
}

/* ---- $... ---- */

static void put_number(struct expansion *x, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	put_value(x, text, true);
}

/* $@ and $*: each argument a field, but "$*" is one. */
static void put_arguments(struct expansion *x, bool quoted, bool joined)
{
	for (size_t i = 0; i < shell.args.count; i++) {
		if (i > 0 && (joined || !x->fields))
			put(x, ' ', quoted);
		else if (i > 0)
			finish_field(x);
		if (quoted)
			x->started = true;
		put_value(x, shell.args.items[i], quoted);
	}
}

/* One character after the dollar sign.  False: it means nothing special. */
static bool put_special(struct expansion *x, char c, bool quoted)
{
	switch (c) {
	case '?':
		put_number(x, shell.status);
		return true;
	case '$':
		put_number(x, shell.pid);
		return true;
	case '!':
		if (shell.background)
			put_number(x, shell.background);
		return true;
	case '#':
		put_number(x, shell.args.count);
		return true;
	case '@':
	case '*':
		put_arguments(x, quoted, c == '*' && quoted);
		return true;
	case '0':
		put_value(x, shell.name, quoted);
		return true;
	}
	if (c < '1' || c > '9')
		return false;
	if ((size_t)(c - '0') <= shell.args.count)
		put_value(x, shell.args.items[c - '1'], quoted);
	return true;
}

/* NAME} or NAME:-word}: returns what follows. */
static const char *put_braces(struct expansion *x, const char *at, bool quoted)
{
	size_t name_len = var_name_length(at);
	const char *end = strchr(at, '}'), *rest = at + name_len, *value;

	if (!end)
		return at + strlen(at);
	if (!name_len && end == at + 1 && put_special(x, *at, quoted))
		return end + 1;
	value = name_len ? var_get(sh_copy(at, name_len)) : NULL;
	if (!name_len || (*rest != '}' && strncmp(rest, ":-", 2) != 0))
		complain("${%.*s}: not understood", (int)(end - at), at);
	else if (value && *value)
		put_value(x, value, quoted);
	else if (*rest == ':')
		put_value(x, expand_word(sh_copy(rest + 2, end - rest - 2)),
			  quoted);
	return end + 1;
}

/* After a dollar sign; returns what follows. */
static const char *put_dollar(struct expansion *x, const char *at, bool quoted)
{
	size_t len = var_name_length(at);
	const char *value;

	if (*at == '{')
		return put_braces(x, at + 1, quoted);
	if (len) {
		value = var_get(sh_copy(at, len));
		if (value)
			put_value(x, value, quoted);
		return at + len;
	}
	if (*at && put_special(x, *at, quoted))
		return at + 1;
	put(x, '$', quoted);
	return at;
}

/* ---- words ---- */

static const char *put_double_quoted(struct expansion *x, const char *at)
{
	/* "" is an empty field; "$@" without arguments is none. */
	x->started |= strncmp(at, "$@\"", 3) != 0;
	while (*at && *at != '"') {
		if (*at == '$') {
			at = put_dollar(x, at + 1, true);
			continue;
		}
		if (*at == '\\' && at[1] && strchr("$\"\\`", at[1]))
			at++;
		put(x, *at++, true);
	}
	return *at ? at + 1 : at;
}

static const char *put_single_quoted(struct expansion *x, const char *at)
{
	x->started = true;
	while (*at && *at != '\'')
		put(x, *at++, true);
	return *at ? at + 1 : at;
}

static void expand(struct expansion *x, const char *at)
{
	while (*at) {
		char c = *at++;

		if (c == '\'')
			at = put_single_quoted(x, at);
		else if (c == '"')
			at = put_double_quoted(x, at);
		else if (c == '$')
			at = put_dollar(x, at, false);
		else if (c == '\\' && *at)
			put(x, *at++, true);
		else
			put(x, c, false);
	}
}

struct strings expand_words(const struct strings *words)
{
	struct strings fields = {0};

	for (size_t i = 0; i < words->count; i++) {
		struct expansion x = {.fields = &fields};

		expand(&x, words->items[i]);
		finish_field(&x);
	}
	return fields;
}

char *expand_word(const char *word)
{
	struct expansion x = {0};

	expand(&x, word);
	return without_backslashes(x.len ? x.text : "");
}
