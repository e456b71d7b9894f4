/*
 * vga.c - the VGA text screen: 80 columns, 25 rows, white on black.
 *
 * Text memory is an array of cells, a character and its colours each, that
 * the card displays from a start address on.  It holds more rows than the
 * screen shows, and that makes scrolling cheap: a newline at the bottom moves
 * the start address one row down and clears one line, instead of copying the
 * other 24.  Only when the memory is used up are they copied to its beginning.
 *
 *	row 0    +-------------------+
 *	         | scrolled away     |
 *	top      +-------------------+ <- start address
 *	         | shown             |
 *	top + 25 +-------------------+
 *	         | not yet used      |
 *	ROWS     +-------------------+
 *
 * The screen understands what the line editor and the monitor send to a
 * terminal: \n \r \b \t, and of the ANSI escape sequences "ESC [ n C" and
 * "ESC [ n D" (cursor right, left), "ESC [ K" (clear to the end of the line),
 * "ESC [ 2 J" (clear all), "ESC [ H" (go to the top left) and "ESC [ n m"
 * (colours).  Others are read and ignored.
 *
 * The card's font is code page 437, in which only ASCII is where Unicode has
 * it: any other character, which arrives as UTF-8, shows as one '?'.
 *
 * Sources: IBM VGA technical reference (CRT controller, index 0c-0f);
 * ECMA-48, 5.4 (control sequences).
 */
#include "console.h"
#include "page.h"
#include "string.h"
#include "x86.h"

#define TEXT_MEMORY 0xb8000
#define COLUMNS 80
#define SCREEN_ROWS 25
#define TEXT_ROWS (32 * 1024 / (COLUMNS * 2)) /* 204 fit into 32 KiB */

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_START 0x0c /* high byte; the low one follows */
#define CRTC_CURSOR 0x0e

#define ESCAPE 0x1b
#define GREY 0x07 /* colours: background, foreground */
#define BRIGHT 0x08

static uint16_t *cells;          /* [TEXT_ROWS * COLUMNS] */
static unsigned int top;         /* first row shown */
static unsigned int row, column; /* row from the top of the memory */
static uint8_t colour = GREY;

/* Where we are in an escape sequence. */
static enum { TEXT, AFTER_ESCAPE, IN_SEQUENCE } state;
static unsigned int parameter;

static void crtc_write(uint8_t index, uint16_t value)
{
	outb(CRTC_INDEX, index);
	outb(CRTC_DATA, value >> 8);
	outb(CRTC_INDEX, index + 1);
	outb(CRTC_DATA, value);
}

static void cells_clear(unsigned int first, unsigned int count)
{
	while (count-- > 0)
		cells[first++] = (uint16_t)GREY << 8 | ' ';
}

void vga_clear(void)
{
	top = row = column = 0;
	cells_clear(0, SCREEN_ROWS * COLUMNS);
	crtc_write(CRTC_START, 0);
	crtc_write(CRTC_CURSOR, 0);
}

void vga_init(void)
{
	cells = phys_to_virt(TEXT_MEMORY);
	vga_clear();
}

/* The text memory is used up: the rows that stay move to its beginning. */
static void rows_move_up(void)
{
	memmove(cells, cells + (top + 1) * COLUMNS,
		(SCREEN_ROWS - 1) * COLUMNS * sizeof(cells[0]));
	top = 0;
	row = SCREEN_ROWS - 1;
}

static void put_newline(void)
{
	column = 0;
	row++;
	if (row < top + SCREEN_ROWS)
		return;
	if (row == TEXT_ROWS)
		rows_move_up();
	else
		top++;
	cells_clear(row * COLUMNS, COLUMNS);
	crtc_write(CRTC_START, top * COLUMNS);
}

/*
 * The cursor rests behind a character in the last column, and moves to the
 * next line only when another follows, as terminals do.
 */
static void put_glyph(uint8_t c)
{
	if (column == COLUMNS)
		put_newline();
	cells[row * COLUMNS + column] = (uint16_t)colour << 8 | c;
	column++;
}

static void put_tab(void)
{
	do
		put_glyph(' ');
	while (column % 8 != 0);
}

static void put_text(uint8_t c)
{
	switch (c) {
	case ESCAPE:
		state = AFTER_ESCAPE;
		break;
	case '\n':
		put_newline();
		break;
	case '\r':
		column = 0;
		break;
	case '\b':
		if (column > 0)
			column--;
		break;
	case '\t':
		put_tab();
		break;
	default:
		/* The later bytes of a UTF-8 character are 10xxxxxx. */
		if (c >= 0xc0)
			put_glyph('?');
		else if (c >= ' ' && c < 0x7f)
			put_glyph(c);
	}
}

static void set_colour(unsigned int code)
{
	/* ANSI counts red, green, blue from bit 0 up; the card, down. */
	static const uint8_t ansi[] = {0, 4, 2, 6, 1, 5, 3, 7};

	if (code == 0)
		colour = GREY;
	else if (code == 1)
		colour |= BRIGHT;
	else if (code >= 30 && code <= 37)
		colour = (colour & ~GREY) | ansi[code - 30];
	else if (code >= 90 && code <= 97)
		colour = ansi[code - 90] | BRIGHT;
}

static void end_sequence(uint8_t final)
{
	unsigned int count = MAX(parameter, 1u);

	switch (final) {
	case 'C':
		column = MIN(column + count, COLUMNS - 1u);
		break;
	case 'D':
		column = column > count ? column - count : 0;
		break;
	case 'H':
		row = top;
		column = 0;
		break;
	case 'J':
		if (parameter == 2)
			vga_clear();
		break;
	case 'K':
		cells_clear(row * COLUMNS + column, COLUMNS - column);
		break;
	case 'm':
		set_colour(parameter);
		break;
	}
}

static void put_sequence(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		parameter = parameter * 10 + c - '0';
	} else if (c == ';') {
		end_sequence('m');
		parameter = 0;
	} else if (c >= '@') {
		end_sequence(c);
		state = TEXT;
	}
}

void vga_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text[i];

		if (state == TEXT) {
			put_text(c);
		} else if (state == IN_SEQUENCE) {
			put_sequence(c);
		} else {
			parameter = 0;
			state = c == '[' ? IN_SEQUENCE : TEXT;
		}
	}
	crtc_write(CRTC_CURSOR, row * COLUMNS + MIN(column, COLUMNS - 1u));
}
