/*
 * screen.h - the terminal on the VGA screen: what its three files share.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "console.h"
#include "types.h"
#include "vga.h"

/* Colours as ANSI counts them: 1 is red, 2 green, 4 blue. */
struct pen {
	uint8_t front, back;
	bool bold, dim, underline, blink, reverse;
};

struct cursor {
	unsigned int row;
	unsigned int column; /* SCREEN_COLUMNS: behind the last character */
	struct pen pen;
	bool graphics[2]; /* is G0, G1 the set of line graphics? */
	uint8_t set;      /* 0: G0 is in use, 1: G1 */
	bool origin;      /* rows count from the top of the region */
};

/* Needs printk's lock, as all of this. */
struct screen {
	struct cursor cursor, saved;
	unsigned int top, bottom; /* the scrolling region, both inclusive */
	bool no_wrap;             /* the last column is overwritten */
	bool insert;              /* characters move the rest of the line */
};

extern struct screen screen;

#define DEFAULT_FRONT 7
#define DEFAULT_BACK 0

/* A cursor that rests behind the last column shows in it. */
static inline unsigned int screen_shown_column(void)
{
	return MIN(screen.cursor.column, SCREEN_COLUMNS - 1u);
}

static inline void screen_save_cursor(void)
{
	screen.saved = screen.cursor;
}

static inline void screen_restore_cursor(void)
{
	screen.cursor = screen.saved;
}

/* ---- screen.c ---- */

/* What it answers to a program's question, as where the cursor is: a byte, or
 * -1.  One thread at a time. */
int screen_answer(void);
bool screen_has_answer(void);

/* Bytes as if they had been typed, when there is room for all. */
void screen_answer_put(const char *text);

/* ---- screen_sequence.c ---- */

/* ESC [ has come; then each byte: true when it was the last. */
void screen_sequence_begin(void);
bool screen_sequence_put(uint8_t c);

/* ---- screen_edit.c ---- */

/* An empty cell, with the background that is set now. */
uint16_t screen_empty(void);

void screen_put(uint8_t c);

/* Down or up, scrolling at the edge of the region. */
void screen_line_feed(void);
void screen_reverse_line_feed(void);

/* To a row and column, which are brought onto the screen. */
void screen_move(int row, int column);

/* Parts: 0 from the cursor to the end, 1 from the beginning to it, 2 all. */
void screen_erase_line(unsigned int part);
void screen_erase(unsigned int part);

void screen_insert_cells(unsigned int count);
void screen_delete_cells(unsigned int count);
void screen_erase_cells(unsigned int count);
void screen_insert_lines(unsigned int count);
void screen_delete_lines(unsigned int count);
void screen_scroll_up(unsigned int count);
void screen_scroll_down(unsigned int count);

/* "Select graphic rendition", with its parameters. */
void screen_set_pen(const unsigned int *codes, unsigned int count);

/* To the other page, empty, and back to what was there before. */
void screen_page(bool other);

#endif
