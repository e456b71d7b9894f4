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
 * Those with ESC [ are screen_sequence.c's business, and what becomes of the
 * cells screen_edit.c's.  Anything unknown is read to its end and ignored.
 *
 * Some sequences ask: where is the cursor, what are you?  The answer is bytes
 * as if they had been typed.  It waits in a small ring until the console's
 * input thread fetches it (linux/tty/machine_ttys.c): one side writes it, under
 * printk's lock, the other only reads, so the ring itself needs none.
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

/* Where we are in a sequence. */
static enum {
	TEXT,
	AFTER_ESCAPE,
	IN_SEQUENCE,
	CHOOSING_SET, /* after ESC ( or ESC ) */
	SKIPPING_ONE, /* after ESC # or ESC % */
	IN_STRING,    /* after ESC ] and the like */
} state;

static uint8_t choosing; /* which set: 0 or 1 */

/* ---- answers ---- */

#define ANSWERS 64

static uint8_t answers[ANSWERS];
static unsigned int answered, fetched; /* bytes, ever; atomic */

void screen_answer_put(const char *text)
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

/* ---- the whole ---- */

static void screen_reset(void)
{
	screen = (struct screen){
		.cursor.pen.front = DEFAULT_FRONT,
		.bottom = SCREEN_ROWS - 1,
	};
	screen.saved = screen.cursor;
	screen_page(false);
	vga_cursor_show(true);
	screen_erase(2);
}

void screen_init(void)
{
	vga_init();
	screen_reset();
}

bool screen_wants_application_keys(void)
{
	return screen.application_keys;
}

/* ---- ESC and one byte ---- */

static void put_escape(uint8_t c)
{
	state = TEXT;
	switch (c) {
	case '[':
		screen_sequence_begin();
		state = IN_SEQUENCE;
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
		screen_save_cursor();
		break;
	case '8':
		screen_restore_cursor();
		break;
	case 'Z':
		screen_answer_put("\x1b[?6c");
		break;
	case 'c':
		screen_reset();
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
		screen_move(at->row, (int)screen_shown_column() - 1);
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
		if (screen_sequence_put(c))
			state = TEXT;
		break;
	case CHOOSING_SET:
		screen.cursor.graphics[choosing] = c == '0';
		state = TEXT;
		break;
	default:
		state = TEXT;
	}
}

/* Which would swallow it: a message may be a panic. */
void screen_cut_sequence(void)
{
	state = TEXT;
}

void screen_write(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_byte(bytes[i]);
	vga_cursor(screen.cursor.row, screen_shown_column());
}
