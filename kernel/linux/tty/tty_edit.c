/*
 * tty_edit.c - the line that is being typed: echo and editing.
 *
 * In canonical mode a program gets whole lines, and until one is complete it
 * can be edited: erase a character or a word, kill the line, show it again,
 * take the next character literally.  The terminal only shows what it is sent;
 * so to erase a character is to send backspace, space, backspace for each
 * column that it takes up:
 *
 *	ordinary	1
 *	Ctrl-X		2, shown as ^X (ECHOCTL)
 *	tab		up to the next multiple of 8
 *	UTF-8		1 for its first byte, 0 for those that follow (10xxxxxx)
 *
 * All needs tty->lock.  Source: termios(3), of Linux.
 */
#include "string.h"
#include "tty.h"

static bool is_control(uint8_t c)
{
	return c < ' ' || c == 0x7f;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

/* ---- echo ---- */

static void text_echo(struct tty *tty, const char *text)
{
	if (tty_has_local_flag(tty, ECHO))
		tty_output(tty, text, strlen(text));
}

/* ^X, ^? */
static bool shows_with_caret(const struct tty *tty, uint8_t c)
{
	return tty_has_local_flag(tty, ECHOCTL) && is_control(c) && c != '\t' &&
	       c != '\n';
}

void tty_echo_input(struct tty *tty, uint8_t c)
{
	char text[2] = {c};
	size_t len = 1;

	if (!tty_has_local_flag(tty, ECHO))
		return;
	if (shows_with_caret(tty, c)) {
		text[0] = '^';
		text[1] = c ^ 0x40;
		len = 2;
	}
	tty_output(tty, text, len);
}

/* ---- how wide it is ---- */

static bool is_continuation(const struct tty *tty, uint8_t c)
{
	return tty_has_input_flag(tty, IUTF8) && (c & 0xc0) == 0x80;
}

/* Columns of a character that begins in this one. */
static unsigned int character_width(const struct tty *tty, uint8_t c,
				    unsigned int column)
{
	if (c == '\t')
		return 8 - column % 8;
	if (is_continuation(tty, c))
		return 0;
	if (is_control(c))
		return tty_has_local_flag(tty, ECHOCTL) ? 2 : 0;
	return 1;
}

/* How wide the tab is that ends the line.  It is enough to go back to the tab
 * before it, which ends at a multiple of 8; so to kill a line of tabs takes no
 * longer than to kill any other. */
static unsigned int last_tab_width(const struct tty *tty)
{
	unsigned int at = tty->written - 1, column = 0;

	while (at != tty->ready) {
		uint8_t c = tty->ring[--at % TTY_RING];

		if (c == '\t')
			return character_width(tty, '\t', column);
		column += character_width(tty, c, 0);
	}
	return character_width(tty, '\t', tty->line_start + column);
}

/* ---- taking away ---- */

static bool line_is_empty(const struct tty *tty)
{
	return tty->written == tty->ready;
}

static uint8_t last(const struct tty *tty)
{
	return tty->ring[(tty->written - 1) % TTY_RING];
}

/* Removes the last character, and wipes it from the screen. */
static void wipe_last(struct tty *tty)
{
	unsigned int columns;
	uint8_t c;

	do {
		c = last(tty);
		columns = c == '\t' ? last_tab_width(tty)
				    : character_width(tty, c, 0);
		tty->written--;
	} while (is_continuation(tty, c) && !line_is_empty(tty));
	while (columns-- > 0)
		text_echo(tty, c == '\t' ? "\b" : "\b \b");
}

static void character_erase(struct tty *tty, uint8_t key)
{
	if (line_is_empty(tty))
		return;
	if (tty_has_local_flag(tty, ECHOE)) {
		wipe_last(tty);
		return;
	}
	tty->written--;
	tty_echo_input(tty, key);
}

/* What is no word, and then the word. */
static void erase_word(struct tty *tty)
{
	while (!line_is_empty(tty) && !is_word(last(tty)))
		wipe_last(tty);
	while (!line_is_empty(tty) && is_word(last(tty)))
		wipe_last(tty);
}

static void kill_line(struct tty *tty, uint8_t key)
{
	uint32_t visibly = ECHOE | ECHOK | ECHOKE;

	if ((tty->termios.lflag & visibly) == visibly) {
		while (!line_is_empty(tty))
			wipe_last(tty);
		return;
	}
	tty->written = tty->ready;
	tty_echo_input(tty, key);
	if (tty_has_local_flag(tty, ECHOK))
		text_echo(tty, "\n");
}

/* On a fresh line, for when a message has come between. */
static void line_reprint(struct tty *tty, uint8_t key)
{
	tty_echo_input(tty, key);
	text_echo(tty, "\n");
	tty->line_start = tty->column;
	for (unsigned int at = tty->ready; at != tty->written; at++)
		tty_echo_input(tty, tty->ring[at % TTY_RING]);
}

/* ---- the keys ---- */

static bool take_extended(struct tty *tty, uint8_t c)
{
	if (tty_is_key(tty, VWERASE, c)) {
		erase_word(tty);
	} else if (tty_is_key(tty, VREPRINT, c)) {
		line_reprint(tty, c);
	} else if (tty_is_key(tty, VLNEXT, c)) {
		tty->literal = true;
		text_echo(tty, tty_has_local_flag(tty, ECHOCTL) ? "^\b" : "");
	} else {
		return false;
	}
	return true;
}

static bool ends_line(const struct tty *tty, uint8_t c)
{
	return c == '\n' || tty_is_key(tty, VEOL, c) ||
	       (tty_is_key(tty, VEOL2, c) && tty_has_local_flag(tty, IEXTEN));
}

static void end_line(struct tty *tty, uint8_t c)
{
	if (c == '\n' && tty_has_local_flag(tty, ECHONL))
		tty_output(tty, "\n", 1);
	else
		tty_echo_input(tty, c);
	tty_put_input(tty, c, true);
	tty_wake_readers(tty);
}

bool tty_edit(struct tty *tty, uint8_t c)
{
	if (tty_is_key(tty, VERASE, c)) {
		character_erase(tty, c);
	} else if (tty_is_key(tty, VKILL, c)) {
		kill_line(tty, c);
	} else if (tty_is_key(tty, VEOF, c)) {
		tty_put_input(tty, TTY_END_OF_FILE, true);
		tty_wake_readers(tty);
	} else if (ends_line(tty, c)) {
		end_line(tty, c);
	} else {
		return tty_has_local_flag(tty, IEXTEN) && take_extended(tty, c);
	}
	return true;
}
