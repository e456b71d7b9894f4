/*
 * vga.h - the card's text memory: for the terminal in screen.c only.
 */
#ifndef VGA_H
#define VGA_H

#include "types.h"

#define SCREEN_ROWS 25
#define SCREEN_COLUMNS 80

/* The low byte of a cell is the character, the high one its colours: bits 0 to
 * 2 of what is in front, 3: bright; 4 to 6 behind; 7: it blinks. */
#define VGA_CELL(character, colours) ((uint16_t)(colours) << 8 | (character))

/* After this the screen is empty. */
void vga_init(void);

/* The cells of a row, 0 to 24. */
uint16_t *vga_row(unsigned int row);

void vga_fill(unsigned int row, unsigned int column, unsigned int count,
	      uint16_t cell);

/* Moves the rows from first to last up, the empty ones come in at the bottom;
 * or down.  Count is at most that of the rows. */
void vga_scroll_up(unsigned int first, unsigned int last, unsigned int count,
		   uint16_t empty);
void vga_scroll_down(unsigned int first, unsigned int last, unsigned int count,
		     uint16_t empty);

/* Copies all cells to memory, and back. */
void vga_save(uint16_t *cells);
void vga_restore(const uint16_t *cells);

void vga_cursor(unsigned int row, unsigned int column);
void vga_cursor_show(bool visible);

#endif
