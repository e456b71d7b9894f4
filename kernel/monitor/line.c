/*
 * line.c - typing a line: editing, history, completion.
 *
 * The terminal, at the other end of COM1 or the VGA screen, knows little: it
 * shows characters, and obeys a few escape sequences (see
 * linux/screen/screen.c).  So the line is kept here, and after a change drawn
 * anew:
 *
 *	signalbox> walk 0xffff8000000b8000
 *	           ^     ^                ^
 *	           first cursor           len
 *
 * A line that does not fit the screen scrolls sideways: `first` is the first
 * character of it that is shown.
 *
 * Keys are the usual ones of shells: arrows, Home, End, Delete, Backspace, and
 * Ctrl-A E B F D K U W L P N.  What arrives as an escape sequence is turned
 * into the Ctrl key that means the same, so that the editor knows only those.
 *
 * Input is polled, and between two polls the thread sleeps, longer the longer
 * nothing was typed.  The UART's FIFO holds 16 bytes and each poll drains it;
 * what comes during a command waits in the buffer `ahead`, so that a pasted
 * page arrives whole.
 *
 * All state belongs to the one thread that reads lines: no lock.
 */
#include "console.h"
#include "monitor.h"
#include "printk.h"
#include "string.h"
#include "thread.h"
#include "time.h"

#define SCREEN_COLUMNS 80

#define CTRL(letter) ((letter)&0x1f)
#define ESCAPE 0x1b
#define BACKSPACE 0x7f

#define POLL_FIRST (1 * NSEC_PER_MSEC)
#define POLL_SLOWEST (20 * NSEC_PER_MSEC)

struct line {
	const char *prompt;
	char *text; /* always terminated */
	size_t size, len;
	size_t cursor;      /* 0 .. len */
	size_t first;       /* leftmost character shown */
	unsigned int entry; /* of the history, or history_count: new */
};

static void ring_bell(void)
{
	printk("\a");
}

/* ---- input ---- */

static uint8_t ahead[2048];
static unsigned int ahead_read, ahead_written; /* bytes, ever */

bool line_interrupted(void)
{
	int c;

	while ((c = console_poll()) >= 0) {
		if (c == CTRL('C')) {
			ahead_read = ahead_written;
			return true;
		}
		if (ahead_written - ahead_read < sizeof(ahead))
			ahead[ahead_written++ % sizeof(ahead)] = c;
		else
			ring_bell();
	}
	return false;
}

static int byte_wait(void)
{
	uint64_t pause = POLL_FIRST;
	int c;

	if (ahead_read != ahead_written)
		return ahead[ahead_read++ % sizeof(ahead)];
	while ((c = console_poll()) < 0) {
		thread_sleep_until(time_ns() + pause);
		pause = MIN(pause + POLL_FIRST, POLL_SLOWEST);
	}
	return c;
}

/* The rest of an escape sequence, as the Ctrl key of the same meaning; 0 for
 * one that means nothing here. */
static int escape_decode(void)
{
	unsigned int number = 0;
	int c;

	do {
		c = byte_wait();
		if (c >= '0' && c <= '9')
			number = number * 10 + (c - '0');
	} while (c >= ' ' && c < '@');
	switch (c) {
	case 'A':
		return CTRL('P');
	case 'B':
		return CTRL('N');
	case 'C':
		return CTRL('F');
	case 'D':
		return CTRL('B');
	case 'H':
		return CTRL('A');
	case 'F':
		return CTRL('E');
	case '[': /* ESC [ [ A is F1, on Linux's console */
		byte_wait();
		return 0;
	case '~': /* the keys that the VT220 numbers */
		if (number == 1 || number == 7)
			return CTRL('A');
		if (number == 4 || number == 8)
			return CTRL('E');
		return number == 3 ? CTRL('D') : 0;
	default: /* a Ctrl key breaks the sequence off, and counts */
		return c < ' ' ? c : 0;
	}
}

/* A character, or a Ctrl key; both ways to end a line give '\r'. */
static int key_wait(void)
{
	static bool after_return;
	int c = byte_wait();

	/* A pasted \r\n ends one line, not two. */
	if (c == '\n' && after_return)
		c = byte_wait();
	after_return = c == '\r';
	if (c == ESCAPE) {
		c = byte_wait();
		if (c == '[' || c == 'O')
			return escape_decode();
	}
	return c == '\n' ? '\r' : c;
}

/* ---- the line on the screen ---- */

/* How many characters fit beside the prompt, with room for the cursor. */
static size_t line_width(const struct line *l)
{
	return SCREEN_COLUMNS - 1 - strlen(l->prompt);
}

static void line_draw(struct line *l)
{
	size_t width = line_width(l);

	/* Half a screen at a time, or each key would scroll. */
	if (l->cursor < l->first || l->cursor > l->first + width)
		l->first = l->cursor > width / 2 ? l->cursor - width / 2 : 0;

	size_t shown = MIN(l->len - l->first, width);
	printk("\r%s%.*s\x1b[K", l->prompt, (int)shown, l->text + l->first);
	if (l->cursor < l->first + shown)
		printk("\x1b[%zuD", l->first + shown - l->cursor);
}

static void line_move(struct line *l, size_t cursor)
{
	l->cursor = cursor;
	line_draw(l);
}

static void line_insert(struct line *l, char c)
{
	if (l->len + 1 == l->size) {
		ring_bell();
		return;
	}
	memmove(l->text + l->cursor + 1, l->text + l->cursor,
		l->len + 1 - l->cursor);
	l->text[l->cursor++] = c;
	l->len++;
	/* At the end, as nearly always, there is nothing to redraw. */
	if (l->cursor == l->len && l->cursor <= l->first + line_width(l))
		printk("%c", c);
	else
		line_draw(l);
}

/* Removes the characters from `from` up to, not including, `to`. */
static void line_delete(struct line *l, size_t from, size_t to)
{
	if (from == to) {
		ring_bell();
		return;
	}
	memmove(l->text + from, l->text + to, l->len + 1 - to);
	l->len -= to - from;
	line_move(l, from);
}

static void line_replace(struct line *l, const char *text)
{
	strlcpy(l->text, text, l->size);
	l->len = strlen(l->text);
	line_move(l, l->len);
}

/* Where the word before the cursor begins. */
static size_t word_start(const struct line *l)
{
	size_t at = l->cursor;

	while (at > 0 && l->text[at - 1] == ' ')
		at--;
	while (at > 0 && l->text[at - 1] != ' ')
		at--;
	return at;
}

/* ---- history ---- */

#define HISTORY_LINES 16
#define HISTORY_WIDTH 256

/* Oldest first; the slot after the last keeps the new line, while others are
 * looked at. */
static char history[HISTORY_LINES + 1][HISTORY_WIDTH];
static unsigned int history_count;

static void history_add(const char *text)
{
	if (*text == '\0' || strlen(text) >= HISTORY_WIDTH)
		return;
	if (history_count > 0 && strcmp(history[history_count - 1], text) == 0)
		return;
	if (history_count == HISTORY_LINES) {
		memmove(history[0], history[1],
			(HISTORY_LINES - 1) * HISTORY_WIDTH);
		history_count--;
	}
	strlcpy(history[history_count++], text, HISTORY_WIDTH);
}

static void history_show(struct line *l, unsigned int entry)
{
	/* Above the last comes nothing; below the first, -1 is large too. */
	if (entry > history_count) {
		ring_bell();
		return;
	}
	if (l->entry == history_count)
		strlcpy(history[history_count], l->text, HISTORY_WIDTH);
	l->entry = entry;
	line_replace(l, history[entry]);
}

/* ---- completion ---- */

static const char *(*name_list)(unsigned int index);

void line_set_names(const char *(*name)(unsigned int index))
{
	name_list = name;
}

static size_t common_length(const char *a, const char *b)
{
	size_t len = 0;

	while (a[len] != '\0' && a[len] == b[len])
		len++;
	return len;
}

static void print_matches(struct line *l)
{
	const char *name;

	printk("\n");
	for (unsigned int i = 0; (name = name_list(i)) != NULL; i++)
		if (strncmp(name, l->text, l->cursor) == 0)
			printk("%s  ", name);
	printk("\n");
	line_draw(l);
}

/* Completes the first word, as far as all names that begin like it agree. */
static void line_complete(struct line *l)
{
	const char *name, *match = NULL;
	size_t agreed = 0, typed = l->cursor;
	unsigned int matches = 0;

	for (unsigned int i = 0; name_list && (name = name_list(i)); i++) {
		if (strncmp(name, l->text, typed) != 0)
			continue;
		agreed = matches++ == 0
				 ? strlen(name)
				 : MIN(agreed, common_length(name, match));
		match = name;
	}
	for (size_t i = typed; i < agreed; i++)
		line_insert(l, match[i]);
	if (matches == 1)
		line_insert(l, ' ');
	else if (matches > 1 && agreed == typed)
		print_matches(l);
	else if (matches == 0)
		ring_bell();
}

/* ---- the keys ---- */

static void line_edit(struct line *l, int key)
{
	switch (key) {
	case CTRL('A'):
		line_move(l, 0);
		break;
	case CTRL('E'):
		line_move(l, l->len);
		break;
	case CTRL('B'):
		line_move(l, l->cursor - (l->cursor > 0));
		break;
	case CTRL('F'):
		line_move(l, l->cursor + (l->cursor < l->len));
		break;
	case CTRL('H'):
	case BACKSPACE:
		line_delete(l, l->cursor - (l->cursor > 0), l->cursor);
		break;
	case CTRL('D'):
		line_delete(l, l->cursor, l->cursor + (l->cursor < l->len));
		break;
	case CTRL('K'):
		line_delete(l, l->cursor, l->len);
		break;
	case CTRL('U'):
		line_delete(l, 0, l->cursor);
		break;
	case CTRL('W'):
		line_delete(l, word_start(l), l->cursor);
		break;
	case CTRL('L'):
		printk("\x1b[2J\x1b[H");
		line_draw(l);
		break;
	case CTRL('P'):
		history_show(l, l->entry - 1);
		break;
	case CTRL('N'):
		history_show(l, l->entry + 1);
		break;
	case '\t':
		line_complete(l);
		break;
	default:
		if (key >= ' ' && key < 0x7f)
			line_insert(l, key);
	}
}

bool line_read(const char *prompt, char *buf, size_t size)
{
	struct line l = {.prompt = prompt, .text = buf, .size = size};
	int key;

	l.entry = history_count;
	buf[0] = '\0';
	printk("%s", prompt);
	while ((key = key_wait()) != '\r') {
		if (key == CTRL('C')) {
			printk("^C\n");
			buf[0] = '\0';
			return false;
		}
		line_edit(&l, key);
	}
	printk("\n");
	history_add(buf);
	return true;
}
