/*
 * screen.c - the VGA screen as a terminal: characters, and what the control and
 * escape sequences of a VT102 and of Linux's console ask for (TERM=linux).
 *
 * A byte is a character of the text, a control character that does something at
 * once, or part of a sequence that begins with ESC:
 *
 *	ESC D, M, E, 7, 8, c ...	one more byte
 *	ESC ( B, ESC ) 0		a set of characters: two
 *	ESC [ ? 2 5 h			parameters with ; between, and a last
 *					byte that says what to do with them
 *	ESC ] ... BEL			a title or colour, for others: skipped
 *
 * What the letters do is in the functions of screen_edit.c.  Anything unknown
 * is read to its end and ignored.
 *
 * Some sequences ask: where is the cursor, what are you?  The answer is bytes
 * as if they had been typed.  It waits in a small ring until the console's
 *input thread fetches it (fs/console_file.c): one side writes it, under
 *printk's lock, the other only reads, so the ring itself needs none.
 *
 * The card's font is code page 437, in which only ASCII is where Unicode has
 * it: any other character, which arrives as UTF-8, shows as one '?'.
 *
 * Sources: ECMA-48, 5.4 and 8.3 (control sequences); VT102 User Guide, chapter
 * 5; Linux, console_codes(4).
 */
#include "screen.h"
#include "string.h"
#include "vga.h"

#define ESCAPE 0x1b
#define CANCEL 0x18
#define SUBSTITUTE 0x1a
#define SHIFT_OUT 0x0e
#define SHIFT_IN 0x0f
#define BELL 0x07

#define MAX_PARAMETERS 16
#define PARAMETER_MAX 9999

/* Where we are in a sequence. */
static enum {
	TEXT,
	AFTER_ESCAPE,
	IN_SEQUENCE,
	CHOOSING_SET, /* after ESC ( or ESC ) */
	SKIPPING_ONE, /* after ESC # or ESC % */
	IN_STRING,    /* after ESC ] and the like */
} state;

static unsigned int parameters[MAX_PARAMETERS], parameter_count;
static char prefix;      /* ? > = before the parameters, or 0 */
static uint8_t choosing; /* which set: 0 or 1 */
static volatile bool application_keys;

/* ---- answers ---- */

#define ANSWERS 64

static uint8_t answers[ANSWERS];
static unsigned int answered, fetched; /* bytes, ever; atomic */

static void answer(const char *text)
{
	unsigned int at = answered;

	if (ANSWERS - (at - __atomic_load_n(&fetched, __ATOMIC_ACQUIRE)) <
	    strlen(text))
		return;
	while (*text != '\0')
		answers[at++ % ANSWERS] = *text++;
	__atomic_store_n(&answered, at, __ATOMIC_RELEASE);
}

bool screen_has_answer(void)
{
	return __atomic_load_n(&answered, __ATOMIC_ACQUIRE) !=
	       __atomic_load_n(&fetched, __ATOMIC_RELAXED);
}

int screen_answer(void)
{
	uint8_t byte;

	if (!screen_has_answer())
		return -1;
	byte = answers[fetched % ANSWERS];
	__atomic_store_n(&fetched, fetched + 1, __ATOMIC_RELEASE);
	return byte;
}

/* One that rests behind the last column shows in it. */
static unsigned int shown_column(void)
{
	return MIN(screen.cursor.column, SCREEN_COLUMNS - 1u);
}

static void answer_position(void)
{
	const struct cursor *at = &screen.cursor;
	unsigned int first = at->origin ? screen.top : 0;
	char text[24];

	snprintf(text, sizeof(text), "\x1b[%u;%uR", at->row - first + 1,
		 shown_column() + 1);
	answer(text);
}

/* ---- the whole ---- */

static void reset(void)
{
	screen = (struct screen){
		.cursor.pen.front = DEFAULT_FRONT,
		.bottom = SCREEN_ROWS - 1,
	};
	screen.saved = screen.cursor;
	application_keys = false;
	screen_page(false);
	vga_cursor_show(true);
	screen_erase(2);
}

void screen_init(void)
{
	vga_init();
	reset();
}

bool screen_wants_application_keys(void)
{
	return application_keys;
}

/* ---- modes ---- */

static void save_cursor(void)
{
	screen.saved = screen.cursor;
}

static void restore_cursor(void)
{
	screen.cursor = screen.saved;
}

static void set_private_mode(unsigned int mode, bool on)
{
	switch (mode) {
	case 1:
		application_keys = on;
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
			save_cursor();
		screen_page(on);
		if (!on)
			restore_cursor();
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

/* ---- ESC [ ... ---- */

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
	int column = shown_column();

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
		save_cursor();
		break;
	case 'u':
		restore_cursor();
		break;
	case 'n':
		if (parameter(0, 0) == 5)
			answer("\x1b[0n");
		else if (parameter(0, 0) == 6)
			answer_position();
		break;
	case 'c':
		answer("\x1b[?6c"); /* a VT102, as Linux's console says */
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

static void begin_sequence(void)
{
	memset(parameters, 0, sizeof(parameters));
	parameter_count = 1;
	prefix = 0;
	state = IN_SEQUENCE;
}

static void put_sequence(uint8_t c)
{
	unsigned int *last = &parameters[parameter_count - 1];

	if (c >= '0' && c <= '9') {
		*last = MIN(*last * 10 + c - '0', PARAMETER_MAX + 0u);
	} else if (c == ';' || c == ':') {
		parameter_count += parameter_count < MAX_PARAMETERS;
	} else if (c >= '<' && c <= '?') {
		prefix = c;
	} else if (c >= '@') {
		state = TEXT;
		end_sequence(c);
	}
}

/* ---- ESC and one byte ---- */

static void put_escape(uint8_t c)
{
	state = TEXT;
	switch (c) {
	case '[':
		begin_sequence();
		break;
	case ']':
	case 'P':
	case '^':
	case '_':
		state = IN_STRING;
		break;
	case '(':
	case ')':
		choosing = c == ')';
		state = CHOOSING_SET;
		break;
	case '#':
	case '%':
		state = SKIPPING_ONE;
		break;
	case 'D':
		screen_line_feed();
		break;
	case 'E':
		screen.cursor.column = 0;
		screen_line_feed();
		break;
	case 'M':
		screen_reverse_line_feed();
		break;
	case '7':
		save_cursor();
		break;
	case '8':
		restore_cursor();
		break;
	case 'Z':
		answer("\x1b[?6c");
		break;
	case 'c':
		reset();
		break;
	}
}

/* ---- text ---- */

/* The control characters, which count in the middle of a sequence, too. */
static void put_control(uint8_t c)
{
	struct cursor *at = &screen.cursor;

	switch (c) {
	case '\n':
	case '\v':
	case '\f':
		screen_line_feed();
		break;
	case '\r':
		at->column = 0;
		break;
	case '\b':
		screen_move(at->row, (int)shown_column() - 1);
		break;
	case '\t':
		screen_move(at->row, (at->column | 7) + 1);
		break;
	case SHIFT_OUT:
	case SHIFT_IN:
		at->set = c == SHIFT_OUT;
		break;
	case CANCEL:
	case SUBSTITUTE:
		state = TEXT;
		break;
	case ESCAPE:
		state = AFTER_ESCAPE;
		break;
	}
}

static void put_text(uint8_t c)
{
	/* The later bytes of a UTF-8 character are 10xxxxxx. */
	if (c >= 0xc0)
		screen_put('?');
	else if (c < 0x7f)
		screen_put(c);
}

static void put_byte(uint8_t c)
{
	if (state == IN_STRING) {
		if (c == BELL || c == ESCAPE) /* ESC \ ends it, too */
			state = c == BELL ? TEXT : SKIPPING_ONE;
		return;
	}
	if (c < ' ') {
		put_control(c);
		return;
	}
	switch (state) {
	case TEXT:
		put_text(c);
		break;
	case AFTER_ESCAPE:
		put_escape(c);
		break;
	case IN_SEQUENCE:
		put_sequence(c);
		break;
	case CHOOSING_SET:
		screen.cursor.graphics[choosing] = c == '0';
		state = TEXT;
		break;
	default:
		state = TEXT;
	}
}

void screen_write(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_byte(bytes[i]);
	vga_cursor(screen.cursor.row, shown_column());
}
