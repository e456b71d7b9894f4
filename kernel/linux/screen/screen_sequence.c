/*
 * screen_sequence.c - sequences that begin with ESC [, from their parameters to
 * what they ask for.
 *
 *	ESC [ ? 2 5 ; 7 h
 *	      |  |      the last byte says what to do
 *	      |  parameters with ; between, up to 16; one that is missing is 0
 *	      a prefix, or none: it gives the last byte another meaning
 *
 * A letter moves the cursor, changes cells, sets a mode, or asks something.
 * What becomes of the cells is screen_edit.c's business.  Unknown sequences are
 * read to their end, and ignored.
 *
 * Sources: ECMA-48, 5.4 and 8.3; VT102 User Guide, chapter 5; Linux,
 * console_codes(4).
 */
#include "keyboard.h"
#include "screen.h"
#include "string.h"
#include "vga.h"

#define MAX_PARAMETERS 16
#define PARAMETER_MAX 9999

static unsigned int parameters[MAX_PARAMETERS], parameter_count;
static char prefix; /* ? > = before the parameters, or 0 */

/* ---- answers ---- */

static void answer_position(void)
{
	const struct cursor *at = &screen.cursor;
	unsigned int first = at->origin ? screen.top : 0;
	char text[24];

	snprintf(text, sizeof(text), "\x1b[%u;%uR", at->row - first + 1,
		 screen_shown_column() + 1);
	screen_answer_put(text);
}

/* ---- modes ---- */

static void set_private_mode(unsigned int mode, bool on)
{
	switch (mode) {
	case 1:
		keyboard_application_keys(on);
		break;
	case 6:
		screen.cursor.origin = on;
		screen_move(on ? screen.top : 0, 0);
		break;
	case 7:
		screen.no_wrap = !on;
		break;
	case 25:
		vga_cursor_show(on);
		break;
	case 47:
	case 1047:
		screen_page(on);
		break;
	case 1049:
		if (on)
			screen_save_cursor();
		screen_page(on);
		if (!on)
			screen_restore_cursor();
		break;
	}
}

static void set_modes(bool on)
{
	for (unsigned int i = 0; i < parameter_count; i++)
		if (prefix == '?')
			set_private_mode(parameters[i], on);
		else if (parameters[i] == 4)
			screen.insert = on;
}

/* ---- what the letters mean ---- */

/* A parameter, counted from 0; one that is missing or 0 is `otherwise`. */
static unsigned int parameter(unsigned int i, unsigned int otherwise)
{
	return i < parameter_count && parameters[i] ? parameters[i] : otherwise;
}

static void set_region(void)
{
	unsigned int top = parameter(0, 1) - 1;
	unsigned int bottom = parameter(1, SCREEN_ROWS) - 1;

	if (top >= bottom || bottom >= SCREEN_ROWS)
		return;
	screen.top = top;
	screen.bottom = bottom;
	screen_move(screen.cursor.origin ? top : 0, 0);
}

/* To a row and a column that count from 1. */
static void address(unsigned int row, unsigned int column)
{
	unsigned int first = screen.cursor.origin ? screen.top : 0;

	screen_move(first + row - 1, column - 1);
}

/* Up and down stop at the region's edge, when they begin inside of it. */
static void move_rows(int count)
{
	const struct cursor *at = &screen.cursor;
	int row = at->row + count;

	if (count < 0 && at->row >= screen.top)
		row = MAX(row, (int)screen.top);
	if (count > 0 && at->row <= screen.bottom)
		row = MIN(row, (int)screen.bottom);
	screen_move(row, at->column);
}

/* The sequences that move the cursor; false: another one. */
static bool end_move(uint8_t final)
{
	const struct cursor *at = &screen.cursor;
	int count = parameter(0, 1);
	int column = screen_shown_column();

	switch (final) {
	case 'A':
		move_rows(-count);
		break;
	case 'B':
	case 'e':
		move_rows(count);
		break;
	case 'C':
	case 'a':
		screen_move(at->row, column + count);
		break;
	case 'D':
		screen_move(at->row, column - count);
		break;
	case 'E':
	case 'F':
		move_rows(final == 'E' ? count : -count);
		screen_move(at->row, 0);
		break;
	case 'G':
	case '`':
		screen_move(at->row, count - 1);
		break;
	case 'H':
	case 'f':
		address(parameter(0, 1), parameter(1, 1));
		break;
	case 'd':
		address(count, column + 1);
		break;
	default:
		return false;
	}
	return true;
}

/* Those that change cells; false: another one. */
static bool end_edit(uint8_t final)
{
	unsigned int count = parameter(0, 1);

	switch (final) {
	case '@':
		screen_insert_cells(count);
		break;
	case 'P':
		screen_delete_cells(count);
		break;
	case 'X':
		screen_erase_cells(count);
		break;
	case 'L':
		screen_insert_lines(count);
		break;
	case 'M':
		screen_delete_lines(count);
		break;
	case 'S':
		screen_scroll_up(count);
		break;
	case 'T':
		screen_scroll_down(count);
		break;
	case 'J':
		screen_erase(MIN(parameter(0, 0), 2u));
		break;
	case 'K':
		screen_erase_line(MIN(parameter(0, 0), 2u));
		break;
	default:
		return false;
	}
	return true;
}

static void end_other(uint8_t final)
{
	switch (final) {
	case 'm':
		screen_set_pen(parameters, parameter_count);
		break;
	case 'r':
		set_region();
		break;
	case 's':
		screen_save_cursor();
		break;
	case 'u':
		screen_restore_cursor();
		break;
	case 'n':
		if (parameter(0, 0) == 5)
			screen_answer_put("\x1b[0n");
		else if (parameter(0, 0) == 6)
			answer_position();
		break;
	case 'c':
		screen_answer_put(
			"\x1b[?6c"); /* a VT102, as Linux's console says */
		break;
	}
}

static void end_sequence(uint8_t final)
{
	if (final == 'h' || final == 'l')
		set_modes(final == 'h');
	else if (prefix == 0 && !end_move(final) && !end_edit(final))
		end_other(final);
}

/* ---- its bytes ---- */

void screen_sequence_begin(void)
{
	memset(parameters, 0, sizeof(parameters));
	parameter_count = 1;
	prefix = 0;
}

bool screen_sequence_put(uint8_t c)
{
	unsigned int *last = &parameters[parameter_count - 1];

	if (c >= '0' && c <= '9') {
		*last = MIN(*last * 10 + c - '0', PARAMETER_MAX + 0u);
	} else if (c == ';' || c == ':') {
		parameter_count += parameter_count < MAX_PARAMETERS;
	} else if (c >= '<' && c <= '?') {
		prefix = c;
	} else if (c >= '@') {
		end_sequence(c);
		return true;
	}
	return false;
}
