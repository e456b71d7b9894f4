/*
 * lex.c - characters become tokens: words and operators.
 *
 * A word ends at a blank or an operator that is not quoted.  Quotes stay in
 * the word, for whether a dollar sign was quoted matters later; here they only
 * say where the word ends.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void input_init(struct input *in, const char *text, int fd, bool prompts)
{
	*in = (struct input){.text = text,
			     .fd = fd,
			     .prompt = prompts ? "" : NULL,
			     .at_line_start = true,
			     .ahead = -1,
			     .line = 1};
}

/* ---- characters ---- */

#define END (-1)

static int input_read(struct input *in)
{
	unsigned char c;

	if (in->text)
		return *in->text ? (unsigned char)*in->text++ : END;
	if (in->prompt && in->at_line_start && !interrupted())
		dprintf(STDERR_FILENO, "%s", in->prompt);
	if (in->prompt && !input_or_interrupt(in->fd))
		return END;
	return read(in->fd, &c, 1) == 1 ? c : END;
}

static int input_get(struct input *in)
{
	int c = in->ahead;

	if (c >= 0) {
		in->ahead = -1;
		return c;
	}
	c = input_read(in);
	in->at_line_start = c == '\n' || c == END;
	if (c == '\n') {
		in->line++;
		if (in->prompt)
			in->prompt = "> "; /* until the next command */
	}
	return c;
}

static void input_put_back(struct input *in, int c)
{
	in->ahead = c;
}

void input_skip_line(struct input *in)
{
	int c;

	/* The line of the mistake may already be at its end. */
	if (!(in->has_token && in->token == TOKEN_NEWLINE))
		do
			c = input_get(in);
		while (c != '\n' && c != END);
	in->has_token = false;
}

/* ---- words ---- */

struct buffer {
	char *text;
	size_t len, room;
};

static void buffer_add(struct buffer *b, int c)
{
	if (b->len + 2 > b->room) {
		char *text = sh_alloc(b->room = 2 * b->room + 32);

		if (b->len)
			memcpy(text, b->text, b->len);
		b->text = text;
	}
	b->text[b->len++] = c;
}

static bool ends_word(int c)
{
	return c == END || c == '\0' || strchr(" \t\n;&|<>()", c);
}

/* Up to the other quote, which is taken too.  False: it never comes. */
static bool read_quoted(struct input *in, struct buffer *b, int quote)
{
	int c;

	while ((c = input_get(in)) != END) {
		buffer_add(b, c);
		if (c == quote)
			return true;
		if (c == '\\' && quote == '"' && (c = input_get(in)) != END)
			buffer_add(b, c);
	}
	return false;
}

/* A backslash was read: it quotes the next character, or joins two lines. */
static void read_escaped(struct input *in, struct buffer *b)
{
	int c = input_get(in);

	if (c == '\n')
		return;
	buffer_add(b, '\\');
	if (c != END)
		buffer_add(b, c);
}

/* A word that begins with the character c. */
static enum token read_word(struct input *in, int c)
{
	struct buffer b = {0};
	bool closed = true;

	for (; closed && !ends_word(c); c = input_get(in)) {
		bool after_dollar = b.len > 0 && b.text[b.len - 1] == '$';

		if (c == '\\') {
			read_escaped(in, &b);
			continue;
		}
		buffer_add(&b, c);
		if (c == '\'' || c == '"')
			closed = read_quoted(in, &b, c);
		else if (c == '{' && after_dollar)
			closed = read_quoted(in, &b, '}');
	}
	if (c != END)
		input_put_back(in, c);
	in->word = b.len ? b.text : sh_copy("", 0);
	return closed ? TOKEN_WORD : TOKEN_UNCLOSED;
}

/* ---- tokens ---- */

/* The second token when the next character is c, else the first. */
static enum token either(struct input *in, enum token one, int c,
			 enum token two)
{
	int next = input_get(in);

	if (next == c)
		return two;
	if (next != END)
		input_put_back(in, next);
	return one;
}

static int skip_blanks(struct input *in)
{
	int c;

	for (;;) {
		c = input_get(in);
		if (c == '#')
			while (c != '\n' && c != END)
				c = input_get(in);
		if (c == '\\') {
			c = input_get(in);
			if (c == '\n')
				continue;
			if (c != END)
				input_put_back(in, c);
			return '\\';
		}
		if (c != ' ' && c != '\t' && c != '\r')
			return c;
	}
}

/* A word of digits right before < or > is the descriptor that it redirects. */
static bool is_io_number(struct input *in)
{
	size_t digits = strspn(in->word, "0123456789");

	return digits == 1 && !in->word[1] &&
	       (in->ahead == '<' || in->ahead == '>');
}

static enum token read_operator(struct input *in, int c)
{
	switch (c) {
	case END:
		return TOKEN_END;
	case '\n':
		return TOKEN_NEWLINE;
	case ';':
		return TOKEN_SEMICOLON;
	case '&':
		return either(in, TOKEN_AMPERSAND, '&', TOKEN_AND);
	case '|':
		return either(in, TOKEN_PIPE, '|', TOKEN_OR);
	case '(':
		return TOKEN_OPEN;
	case ')':
		return TOKEN_CLOSE;
	case '<':
		in->io_number = in->io_number < 0 ? 0 : in->io_number;
		return either(in, TOKEN_LESS, '&', TOKEN_DUPLICATE);
	case '>':
		in->io_number = in->io_number < 0 ? 1 : in->io_number;
		c = input_get(in);
		if (c == '>')
			return TOKEN_APPEND;
		if (c == '&')
			return TOKEN_DUPLICATE;
		if (c != END)
			input_put_back(in, c);
		return TOKEN_GREATER;
	default:
		return read_word(in, c);
	}
}

enum token token_peek(struct input *in)
{
	if (in->has_token)
		return in->token;
	in->io_number = -1;
	in->token = read_operator(in, skip_blanks(in));
	if (in->token == TOKEN_WORD && is_io_number(in)) {
		in->io_number = atoi(in->word);
		in->token = read_operator(in, input_get(in));
	}
	in->has_token = true;
	return in->token;
}

void token_take(struct input *in)
{
	in->has_token = false;
}
