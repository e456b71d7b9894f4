/*
 * parse.c - tokens become a tree, by recursive descent: a function a rule.
 *
 *	list:     and_or { (";" | "&" | newline) and_or }
 *	and_or:   pipeline { ("&&" | "||") pipeline }
 *	pipeline: ["!"] command { "|" command }
 *	command:  { word | redirection }
 *	        | "(" list ")" | "{" list "}"
 *	        | "if" list "then" list { "elif" list "then" list }
 *	          ["else" list] "fi"
 *	        | "while" list "do" list "done", and "until"
 *	        | "for" name ["in" { word }] "do" list "done"
 *
 * Words such as "if" mean something only where a command may begin.  After a
 * mistake every rule returns NULL, up to parse().
 */
#include "sh.h"

#include <fcntl.h>
#include <string.h>

static struct node *parse_list(struct input *in);

static struct node *node_new(enum node_type type, struct node *left,
			     struct node *right)
{
	struct node *n = sh_alloc(sizeof(*n));

	n->type = type;
	n->left = left;
	n->right = right;
	return n;
}

/* ---- looking at tokens ---- */

static bool next_is(struct input *in, const char *word)
{
	return token_peek(in) == TOKEN_WORD && strcmp(in->word, word) == 0;
}

static bool take_word(struct input *in, const char *word)
{
	if (!next_is(in, word))
		return false;
	token_take(in);
	return true;
}

static void skip_newlines(struct input *in)
{
	while (token_peek(in) == TOKEN_NEWLINE)
		token_take(in);
}

/* Words that end the list before them. */
static bool ends_list(struct input *in)
{
	static const char *const words[] = {"then", "elif", "else", "fi",
					    "do",   "done", "}"};

	if (token_peek(in) == TOKEN_END || in->token == TOKEN_CLOSE)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (next_is(in, words[i]))
			return true;
	return false;
}

static void *mistake(struct input *in, const char *wanted)
{
	static const char *const names[] = {
		[TOKEN_END] = "the end",
		[TOKEN_NEWLINE] = "a new line",
		[TOKEN_SEMICOLON] = ";",
		[TOKEN_AMPERSAND] = "&",
		[TOKEN_AND] = "&&",
		[TOKEN_OR] = "||",
		[TOKEN_PIPE] = "|",
		[TOKEN_OPEN] = "(",
		[TOKEN_CLOSE] = ")",
		[TOKEN_LESS] = "<",
		[TOKEN_GREATER] = ">",
		[TOKEN_APPEND] = ">>",
		[TOKEN_DUPLICATE] = ">& or <&",
		[TOKEN_UNCLOSED] = "a quote or brace that is not closed",
	};
	enum token token = token_peek(in);

	if (interrupted()) /* it ended there, and not by mistake */
		return NULL;
	complain("line %u: expected %s, got %s", in->line, wanted,
		 token == TOKEN_WORD ? in->word : names[token]);
	return NULL;
}

/* ---- redirections ---- */

static bool is_redirection(enum token token)
{
	return token == TOKEN_LESS || token == TOKEN_GREATER ||
	       token == TOKEN_APPEND || token == TOKEN_DUPLICATE;
}

/* Adds one at the end of the list: their order matters. */
static bool parse_redirection(struct input *in, struct redirect **list)
{
	struct redirect *r = sh_alloc(sizeof(*r));

	r->fd = in->io_number;
	r->duplicates = in->token == TOKEN_DUPLICATE;
	if (in->token == TOKEN_LESS)
		r->flags = O_RDONLY;
	else if (in->token == TOKEN_GREATER)
		r->flags = O_WRONLY | O_CREAT | O_TRUNC;
	else
		r->flags = O_WRONLY | O_CREAT | O_APPEND;
	token_take(in);
	if (token_peek(in) != TOKEN_WORD)
		return mistake(in, "a file");
	r->target = in->word;
	token_take(in);
	while (*list)
		list = &(*list)->next;
	*list = r;
	return true;
}

static struct node *parse_redirections(struct input *in, struct node *n)
{
	while (n && is_redirection(token_peek(in)))
		if (!parse_redirection(in, &n->redirects))
			return NULL;
	return n;
}

/* ---- commands ---- */

static struct node *parse_simple(struct input *in)
{
	struct node *n = node_new(NODE_COMMAND, NULL, NULL);

	for (;;) {
		if (token_peek(in) == TOKEN_WORD) {
			strings_add(&n->words, in->word);
			token_take(in);
		} else if (is_redirection(in->token)) {
			if (!parse_redirection(in, &n->redirects))
				return NULL;
		} else {
			break;
		}
	}
	if (!n->words.count && !n->redirects)
		return mistake(in, "a command");
	return n;
}

/* A list between what was taken already and this word. */
static struct node *parse_list_until(struct input *in, const char *word)
{
	struct node *list = parse_list(in);

	if (list && !take_word(in, word))
		return mistake(in, word);
	return list;
}

/* After "if" or "elif". */
static struct node *parse_if(struct input *in)
{
	struct node *n = node_new(NODE_IF, NULL, NULL);

	n->left = parse_list_until(in, "then");
	n->right = n->left ? parse_list(in) : NULL;
	if (!n->right)
		return NULL;
	if (take_word(in, "elif")) {
		n->otherwise = parse_if(in);
		return n->otherwise ? n : NULL;
	}
	if (take_word(in, "else")) {
		n->otherwise = parse_list(in);
		if (!n->otherwise)
			return NULL;
	}
	return take_word(in, "fi") ? n : mistake(in, "fi");
}

static struct node *parse_while(struct input *in, enum node_type type)
{
	struct node *n = node_new(type, NULL, NULL);

	n->left = parse_list_until(in, "do");
	n->right = n->left ? parse_list_until(in, "done") : NULL;
	return n->right ? n : NULL;
}

/* The first of the words is the variable's name. */
static struct node *parse_for(struct input *in)
{
	struct node *n = node_new(NODE_FOR, NULL, NULL);

	if (token_peek(in) != TOKEN_WORD || !var_name_length(in->word))
		return mistake(in, "a variable's name");
	strings_add(&n->words, in->word);
	token_take(in);
	if (take_word(in, "in")) {
		while (token_peek(in) == TOKEN_WORD) {
			strings_add(&n->words, in->word);
			token_take(in);
		}
	} else {
		strings_add(&n->words, "\"$@\"");
	}
	if (token_peek(in) == TOKEN_SEMICOLON)
		token_take(in);
	skip_newlines(in);
	if (!take_word(in, "do"))
		return mistake(in, "do");
	n->right = parse_list_until(in, "done");
	return n->right ? n : NULL;
}

static struct node *parse_subshell(struct input *in)
{
	struct node *list = parse_list(in);

	if (!list)
		return NULL;
	if (token_peek(in) != TOKEN_CLOSE)
		return mistake(in, ")");
	token_take(in);
	return node_new(NODE_SUBSHELL, list, NULL);
}

static struct node *parse_group(struct input *in)
{
	struct node *list = parse_list_until(in, "}");

	return list ? node_new(NODE_GROUP, list, NULL) : NULL;
}

static struct node *parse_command(struct input *in)
{
	if (token_peek(in) == TOKEN_OPEN) {
		token_take(in);
		return parse_redirections(in, parse_subshell(in));
	}
	if (take_word(in, "{"))
		return parse_redirections(in, parse_group(in));
	if (take_word(in, "if"))
		return parse_redirections(in, parse_if(in));
	if (take_word(in, "while"))
		return parse_redirections(in, parse_while(in, NODE_WHILE));
	if (take_word(in, "until"))
		return parse_redirections(in, parse_while(in, NODE_UNTIL));
	if (take_word(in, "for"))
		return parse_redirections(in, parse_for(in));
	return ends_list(in) ? mistake(in, "a command") : parse_simple(in);
}

/* ---- commands joined ---- */

static struct node *parse_pipeline(struct input *in)
{
	bool negated = take_word(in, "!");
	struct node *n = parse_command(in);

	while (n && token_peek(in) == TOKEN_PIPE) {
		token_take(in);
		skip_newlines(in);

		struct node *right = parse_command(in);

		n = right ? node_new(NODE_PIPE, n, right) : NULL;
	}
	return n && negated ? node_new(NODE_NOT, n, NULL) : n;
}

static struct node *parse_and_or(struct input *in)
{
	struct node *n = parse_pipeline(in);

	while (n && (token_peek(in) == TOKEN_AND || in->token == TOKEN_OR)) {
		enum node_type type =
			in->token == TOKEN_AND ? NODE_AND : NODE_OR;

		token_take(in);
		skip_newlines(in);

		struct node *right = parse_pipeline(in);

		n = right ? node_new(type, n, right) : NULL;
	}
	return n;
}

/*
 * Appends to a sequence, which leans to the right: what is run first is on the
 * left, and *end is where the next one goes.
 */
static struct node **append(struct node **end, enum node_type type,
			    struct node *n)
{
	*end = node_new(type, n, NULL);
	return &(*end)->right;
}

/* Inside a compound command: lines do not end it. */
static struct node *parse_list(struct input *in)
{
	struct node *list = NULL, **end = &list;

	skip_newlines(in);
	do {
		struct node *n = parse_and_or(in);

		if (!n)
			return NULL;
		end = append(end,
			     token_peek(in) == TOKEN_AMPERSAND ? NODE_BACKGROUND
							       : NODE_SEQUENCE,
			     n);
		if (in->token == TOKEN_SEMICOLON ||
		    in->token == TOKEN_AMPERSAND)
			token_take(in);
		else if (in->token != TOKEN_NEWLINE)
			break;
		skip_newlines(in);
	} while (!ends_list(in));
	return list;
}

static bool ends_line(struct input *in)
{
	return token_peek(in) == TOKEN_NEWLINE || in->token == TOKEN_END;
}

/* At the top: one line, unless the command needs more. */
struct node *parse(struct input *in, bool *error)
{
	struct node *list = NULL, **end = &list;

	*error = false;
	if (in->prompt)
		in->prompt = shell.interactive ? "$ " : NULL;
	while (!ends_line(in)) {
		struct node *n = parse_and_or(in);

		if (n && !ends_line(in) && in->token != TOKEN_SEMICOLON &&
		    in->token != TOKEN_AMPERSAND)
			n = mistake(in, "; or the end of the line");
		if (!n) {
			*error = true;
			input_skip_line(in);
			return NULL;
		}
		end = append(end,
			     in->token == TOKEN_AMPERSAND ? NODE_BACKGROUND
							  : NODE_SEQUENCE,
			     n);
		if (!ends_line(in))
			token_take(in);
	}
	if (in->token == TOKEN_NEWLINE)
		token_take(in);
	return list;
}
