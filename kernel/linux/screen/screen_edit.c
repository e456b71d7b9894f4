/*
 * screen_edit.c - what the escape sequences of screen_sequence.c do to the
 * cells.
 *
 * The cursor rests behind a character in the last column, and moves to the
 * next line only when another follows, as terminals do.  Lines scroll inside a
 * region of rows, all at first; a cursor outside of it scrolls nothing.
 */
#include "screen.h"
#include "string.h"
#include "vga.h"

#define LAST_ROW (SCREEN_ROWS - 1)
#define LAST_COLUMN (SCREEN_COLUMNS - 1)

struct screen screen;

/* ---- cells ---- */

/* ANSI counts red, green, blue from bit 0 up; the card, down. */
static const uint8_t card_colours[] = {0, 4, 2, 6, 1, 5, 3, 7};

#define BRIGHT 0x8
#define BLINK 0x8
#define CYAN 6 /* for what is underlined, as Linux's console does */

static uint8_t colours(const struct pen *pen)
{
	unsigned int front = pen->underline ? CYAN : pen->front;
	unsigned int back = pen->back & 7, swapped = front;

	if (pen->reverse) {
		front = back;
		back = swapped & 7;
	}
	if (pen->dim && !pen->bold)
		return card_colours[back] << 4 | BRIGHT; /* dark grey */
	return (card_colours[back] | (pen->blink ? BLINK : 0)) << 4 |
	       card_colours[front & 7] | (pen->bold || front > 7 ? BRIGHT : 0);
}

uint16_t screen_empty(void)
{
	struct pen pen = {.front = DEFAULT_FRONT,
			  .back = screen.cursor.pen.back};

	return VGA_CELL(' ', colours(&pen));
}

/* In code page 437, the characters that the set of line graphics has in place
 * of ` a b ... ~ (VT100 User Guide, table 3-9). */
static const uint8_t graphics[] = {
	0x04, 0xb1, '?',  '?',  '?',  '?',  0xf8, 0xf1, '?',  '?',  0xd9,
	0xbf, 0xda, 0xc0, 0xc5, 0xc4, 0xc4, 0xc4, 0xc4, '_',  0xc3, 0xb4,
	0xc1, 0xc2, 0xb3, 0xf3, 0xf2, 0xe3, 0xd8, 0x9c, 0xfa,
};

void screen_put(uint8_t c)
{
	struct cursor *at = &screen.cursor;

	if (at->graphics[at->set] && c >= '`' && c <= '~')
		c = graphics[c - '`'];
	if (at->column == SCREEN_COLUMNS && screen.no_wrap) {
		at->column = LAST_COLUMN;
	} else if (at->column == SCREEN_COLUMNS) {
		at->column = 0;
		screen_line_feed();
	}
	if (screen.insert)
		screen_insert_cells(1);
	vga_row(at->row)[at->column++] = VGA_CELL(c, colours(&at->pen));
}

/* ---- moving ---- */

void screen_line_feed(void)
{
	struct cursor *at = &screen.cursor;

	if (at->row == screen.bottom)
		screen_scroll_up(1);
	else if (at->row < LAST_ROW)
		at->row++;
}

void screen_reverse_line_feed(void)
{
	struct cursor *at = &screen.cursor;

	if (at->row == screen.top)
		screen_scroll_down(1);
	else if (at->row > 0)
		at->row--;
}

static unsigned int clamp(int value, unsigned int low, unsigned int high)
{
	return value < (int)low ? low : MIN((unsigned int)value, high);
}

void screen_move(int row, int column)
{
	bool inside = screen.cursor.origin;

	screen.cursor.row = clamp(row, inside ? screen.top : 0,
				  inside ? screen.bottom : LAST_ROW);
	screen.cursor.column = clamp(column, 0, LAST_COLUMN);
}

/* ---- scrolling ---- */

void screen_scroll_up(unsigned int count)
{
	count = MIN(count, screen.bottom + 1 - screen.top);
	vga_scroll_up(screen.top, screen.bottom, count, screen_empty());
}

void screen_scroll_down(unsigned int count)
{
	count = MIN(count, screen.bottom + 1 - screen.top);
	vga_scroll_down(screen.top, screen.bottom, count, screen_empty());
}

static bool in_region(void)
{
	return screen.cursor.row >= screen.top &&
	       screen.cursor.row <= screen.bottom;
}

void screen_insert_lines(unsigned int count)
{
	unsigned int row = screen.cursor.row;

	if (!in_region())
		return;
	count = MIN(count, screen.bottom + 1 - row);
	vga_scroll_down(row, screen.bottom, count, screen_empty());
	screen.cursor.column = 0;
}

void screen_delete_lines(unsigned int count)
{
	unsigned int row = screen.cursor.row;

	if (!in_region())
		return;
	count = MIN(count, screen.bottom + 1 - row);
	vga_scroll_up(row, screen.bottom, count, screen_empty());
	screen.cursor.column = 0;
}

/* ---- cells of a line ---- */

static void cells_move(unsigned int to, unsigned int from)
{
	uint16_t *row = vga_row(screen.cursor.row);

	memmove(row + to, row + from,
		(SCREEN_COLUMNS - MAX(to, from)) * sizeof(*row));
}

void screen_insert_cells(unsigned int count)
{
	unsigned int column = screen_shown_column();

	count = MIN(count, SCREEN_COLUMNS - column);
	cells_move(column + count, column);
	vga_fill(screen.cursor.row, column, count, screen_empty());
}

void screen_delete_cells(unsigned int count)
{
	unsigned int column = screen_shown_column();

	count = MIN(count, SCREEN_COLUMNS - column);
	cells_move(column, column + count);
	vga_fill(screen.cursor.row, SCREEN_COLUMNS - count, count,
		 screen_empty());
}

void screen_erase_cells(unsigned int count)
{
	unsigned int column = screen_shown_column();

	vga_fill(screen.cursor.row, column, MIN(count, SCREEN_COLUMNS - column),
		 screen_empty());
}

/* ---- erasing ---- */

void screen_erase_line(unsigned int part)
{
	unsigned int column = screen_shown_column();
	unsigned int first = part == 0 ? column : 0;
	unsigned int end = part == 1 ? column + 1 : SCREEN_COLUMNS;

	vga_fill(screen.cursor.row, first, end - first, screen_empty());
}

void screen_erase(unsigned int part)
{
	unsigned int row = screen.cursor.row;
	unsigned int first = part == 0 ? row + 1 : 0;
	unsigned int end = part == 1 ? row : SCREEN_ROWS;

	if (part < 2)
		screen_erase_line(part);
	for (; first < end; first++)
		vga_fill(first, 0, SCREEN_COLUMNS, screen_empty());
}

void screen_page(bool other)
{
	static uint16_t cells[SCREEN_ROWS * SCREEN_COLUMNS];
	static bool on_other;

	if (other == on_other)
		return;
	on_other = other;
	if (other) {
		vga_save(cells);
		screen_erase(2);
	} else {
		vga_restore(cells);
	}
}

/* ---- the pen ---- */

/* 38;5;N and 38;2;R;G;B: the nearest of the card's.  How many codes it took. */
static unsigned int extended_colour(const unsigned int *codes,
				    unsigned int count, uint8_t *colour)
{
	if (count >= 3 && codes[1] == 5) {
		unsigned int n = codes[2], cube = n - 16;

		if (n < 16)
			*colour = n;
		else if (n >= 232) /* greys */
			*colour = n < 238 ? 0 : n < 244 ? 8 : 7;
		else
			*colour = (cube / 36 > 2) | (cube / 6 % 6 > 2) << 1 |
				  (cube % 6 > 2) << 2;
		return 3;
	}
	if (count >= 5 && codes[1] == 2) {
		*colour = (codes[2] > 127) | (codes[3] > 127) << 1 |
			  (codes[4] > 127) << 2;
		return 5;
	}
	return count;
}

static bool set_style(struct pen *pen, unsigned int code)
{
	switch (code) {
	case 0:
		*pen = (struct pen){.front = DEFAULT_FRONT};
		return true;
	case 1:
		pen->bold = true;
		return true;
	case 2:
		pen->dim = true;
		return true;
	case 21:
	case 22:
		pen->bold = pen->dim = false;
		return true;
	case 4:
	case 24:
		pen->underline = code == 4;
		return true;
	case 5:
	case 25:
		pen->blink = code == 5;
		return true;
	case 7:
	case 27:
		pen->reverse = code == 7;
		return true;
	default:
		return false;
	}
}

static void set_colour(struct pen *pen, unsigned int code)
{
	if (code == 39)
		pen->front = DEFAULT_FRONT;
	else if (code == 49)
		pen->back = DEFAULT_BACK;
	else if (code >= 30 && code <= 37)
		pen->front = code - 30;
	else if (code >= 40 && code <= 47)
		pen->back = code - 40;
	else if (code >= 90 && code <= 97)
		pen->front = code - 90 + BRIGHT;
	else if (code >= 100 && code <= 107)
		pen->back = code - 100;
}

void screen_set_pen(const unsigned int *codes, unsigned int count)
{
	struct pen *pen = &screen.cursor.pen;

	while (count > 0) {
		unsigned int taken = 1;

		if (*codes == 38)
			taken = extended_colour(codes, count, &pen->front);
		else if (*codes == 48)
			taken = extended_colour(codes, count, &pen->back);
		else if (!set_style(pen, *codes))
			set_colour(pen, *codes);
		codes += taken;
		count -= taken;
	}
}
