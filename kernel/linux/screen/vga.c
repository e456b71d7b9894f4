/*
 * vga.c - the VGA card in text mode: 80 columns, 25 rows.
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
 * What programs write becomes cells in screen.c.
 *
 * Source: IBM VGA technical reference (CRT controller, index 0a-0f).
 */
#include "vga.h"
#include "page.h"
#include "string.h"
#include "x86.h"

#define TEXT_MEMORY 0xb8000
#define COLUMNS SCREEN_COLUMNS
#define TEXT_ROWS (32 * 1024 / (COLUMNS * 2)) /* 204 fit into 32 KiB */
#define LAST_ROW (SCREEN_ROWS - 1)

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a
#define CRTC_START 0x0c /* high byte; the low one follows */
#define CRTC_CURSOR 0x0e

/* The cursor's first line of pixels, and whether it is off. */
#define CURSOR_LINE 13
#define CURSOR_OFF 0x20

#define GREY 0x07

static uint16_t *cells;  /* [TEXT_ROWS * COLUMNS] */
static unsigned int top; /* first row shown */

static void crtc_write(uint8_t index, uint8_t value)
{
	outb(CRTC_INDEX, index);
	outb(CRTC_DATA, value);
}

static void crtc_write_pair(uint8_t index, uint16_t value)
{
	crtc_write(index, value >> 8);
	crtc_write(index + 1, value);
}

void vga_init(void)
{
	cells = phys_to_virt(TEXT_MEMORY);
	top = 0;
	crtc_write_pair(CRTC_START, 0);
	vga_cursor_show(true);
	for (unsigned int row = 0; row < SCREEN_ROWS; row++)
		vga_fill(row, 0, COLUMNS, VGA_CELL(' ', GREY));
}

uint16_t *vga_row(unsigned int row)
{
	return cells + (top + row) * COLUMNS;
}

void vga_fill(unsigned int row, unsigned int column, unsigned int count,
	      uint16_t cell)
{
	uint16_t *at = vga_row(row) + column;

	while (count-- > 0)
		*at++ = cell;
}

/* ---- scrolling ---- */

static void rows_move(unsigned int to, unsigned int from, unsigned int count)
{
	memmove(vga_row(to), vga_row(from), count * COLUMNS * sizeof(cells[0]));
}

static void rows_fill(unsigned int first, unsigned int count, uint16_t cell)
{
	while (count-- > 0)
		vga_fill(first++, 0, COLUMNS, cell);
}

/* All rows, by one. */
static void screen_scroll(uint16_t empty)
{
	if (top + SCREEN_ROWS == TEXT_ROWS) {
		memmove(cells, vga_row(1),
			LAST_ROW * COLUMNS * sizeof(cells[0]));
		top = 0;
	} else {
		top++;
	}
	rows_fill(LAST_ROW, 1, empty);
	crtc_write_pair(CRTC_START, top * COLUMNS);
}

void vga_scroll_up(unsigned int first, unsigned int last, unsigned int count,
		   uint16_t empty)
{
	unsigned int stay = last + 1 - first - count;

	if (first == 0 && last == LAST_ROW && count == 1) {
		screen_scroll(empty);
		return;
	}
	rows_move(first, first + count, stay);
	rows_fill(first + stay, count, empty);
}

void vga_scroll_down(unsigned int first, unsigned int last, unsigned int count,
		     uint16_t empty)
{
	rows_move(first + count, first, last + 1 - first - count);
	rows_fill(first, count, empty);
}

void vga_save(uint16_t *to)
{
	memcpy(to, vga_row(0), SCREEN_ROWS * COLUMNS * sizeof(*to));
}

void vga_restore(const uint16_t *from)
{
	memcpy(vga_row(0), from, SCREEN_ROWS * COLUMNS * sizeof(*from));
}

/* ---- the cursor ---- */

void vga_cursor(unsigned int row, unsigned int column)
{
	crtc_write_pair(CRTC_CURSOR, (top + row) * COLUMNS + column);
}

void vga_cursor_show(bool visible)
{
	crtc_write(CRTC_CURSOR_START, CURSOR_LINE | (visible ? 0 : CURSOR_OFF));
}
