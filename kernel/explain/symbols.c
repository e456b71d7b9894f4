/*
 * symbols.c - which function, file and line an address belongs to.
 *
 * The answers come from a table in the image, section .ksyms, which
 * tools/machine/symbols.py makes from the symbols and the DWARF line numbers of
 * a first link, and which a second link puts in.  All numbers are
 * little-endian:
 *
 *	header		magic, and how much there is of what follows
 *	symbols		functions, labels and objects, by address
 *	blocks		by address: the first of some rows each
 *	files		the name of each file, relative to the repository
 *	steps		from each row of a block to the next one
 *	strings		names, each ended by a zero byte; names are referred
 *			to by their offset from the first one
 *
 * Addresses are offsets from KERNEL_BASE, so that 32 bits are enough.  A row
 * says: from this address on, the code is of this line; one of line 0 ends the
 * code of one source file.  There are so many rows that they would be half of
 * the image, were they not written as steps: by how many bytes the address
 * grows, and by how many lines the line, in two or three bytes for both.
 *
 * The row of a header is code that was inlined; in the same block, before it,
 * or at the same address, is a row of the file that uses it.
 *
 * The table serves panics, so nothing here takes a lock, or memory, or trusts
 * the table: in the first link it is empty.  What is not known is "?".
 */
#include "backtrace.h"
#include "boot.h"
#include "layout.h"
#include "string.h"

#define TABLE_MAGIC 0x4d595342 /* "BSYM" */

struct table_header {
	uint32_t magic;
	uint32_t symbol_count, block_count, file_count;
	uint32_t step_size, string_size; /* bytes */
};

struct table_symbol {
	uint32_t offset;
	uint32_t size; /* 0: a label of assembly code, up to the next one */
	uint32_t name;
};

struct table_block {
	uint32_t offset;
	uint32_t steps; /* where the steps after its first row begin */
	uint16_t file, line;
};

struct table {
	const struct table_header *header;
	const struct table_symbol *symbols;
	const struct table_block *blocks;
	const uint32_t *files;
	const uint8_t *steps;
	const char *strings;
};

/* From the linker script. */
extern const char ksyms_start[], ksyms_end[];

/* False when there is no table, or one that cannot be right. */
static bool table_open(struct table *t)
{
	const struct table_header *h = (const void *)ksyms_start;
	size_t size = (uintptr_t)ksyms_end - (uintptr_t)ksyms_start;

	if (size < sizeof(*h) || h->magic != TABLE_MAGIC)
		return false;
	t->header = h;
	t->symbols = (const void *)(h + 1);
	t->blocks = (const void *)(t->symbols + h->symbol_count);
	t->files = (const void *)(t->blocks + h->block_count);
	t->steps = (const void *)(t->files + h->file_count);
	t->strings = (const char *)t->steps + h->step_size;
	const char *end = t->strings + h->string_size;

	return h->string_size > 0 && end <= ksyms_end && end[-1] == '\0';
}

static const char *table_string(const struct table *t, uint32_t at)
{
	return at < t->header->string_size ? t->strings + at : "?";
}

/*
 * How many of the entries begin at or before offset.  Entries of either kind
 * begin with their offset.
 */
static size_t count_up_to(const void *entries, size_t size, size_t count,
			  uint32_t offset)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const uint32_t *entry =
			(const void *)((const char *)entries + middle * size);

		if (*entry <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void find_name(const struct table *t, uint32_t offset,
		      struct symbol *out)
{
	size_t count = count_up_to(t->symbols, sizeof(t->symbols[0]),
				   t->header->symbol_count, offset);

	if (count == 0)
		return;
	const struct table_symbol *s = &t->symbols[count - 1];

	uint32_t size = s->size;

	if (size == 0 && symbol_is_text(KERNEL_BASE + offset))
		size = UINT32_MAX;
	if (offset - s->offset >= size)
		return;
	out->function = table_string(t, s->name);
	out->offset = offset - s->offset;
}

/* A number of the steps: seven bits a byte, the lowest first, and in the eighth
 * whether there is more (DWARF 5, section 7.6: unsigned LEB128). */
static uint32_t number_read(const uint8_t **at, const uint8_t *end)
{
	uint32_t number = 0;
	unsigned int shift = 0;
	uint8_t byte = 0x80;

	while (*at < end && (byte & 0x80) && shift < 32) {
		byte = *(*at)++;
		number |= (uint32_t)(byte & 0x7f) << shift;
		shift += 7;
	}
	return number;
}

/* One step: the bytes to the next row; then four times the lines, plus 2 if
 * they go backwards, plus 1 if the number of another file follows. */
static const uint8_t *row_step(struct table_block *row, const uint8_t *at,
			       const uint8_t *end)
{
	row->offset += number_read(&at, end);

	uint32_t change = number_read(&at, end);
	uint32_t lines = change >> 2;

	row->line += change & 2 ? -lines : lines;
	if (change & 1)
		row->file = number_read(&at, end);
	return at;
}

/* NULL where no line is known. */
static const char *row_file(const struct table *t,
			    const struct table_block *row)
{
	if (row->line == 0 || row->file >= t->header->file_count)
		return NULL;
	return table_string(t, t->files[row->file]);
}

static bool is_header(const char *file)
{
	size_t length = file ? strlen(file) : 0;

	return length > 2 && strcmp(file + length - 2, ".h") == 0;
}

static void find_line(const struct table *t, uint32_t offset,
		      struct symbol *out)
{
	size_t count = count_up_to(t->blocks, sizeof(t->blocks[0]),
				   t->header->block_count, offset);
	uint32_t steps_end = t->header->step_size;

	if (count == 0)
		return;
	if (count < t->header->block_count)
		steps_end = MIN(t->blocks[count].steps, steps_end);

	struct table_block row = t->blocks[count - 1], next = row, user = row;
	const uint8_t *end = t->steps + steps_end;
	const uint8_t *at = t->steps + MIN(row.steps, steps_end);

	while (at < end) {
		at = row_step(&next, at, end);
		if (next.offset > offset)
			break;
		row = next;
		if (!is_header(row_file(t, &row)))
			user = row;
	}
	out->file = row_file(t, &user);
	out->line = user.line;
	if (is_header(row_file(t, &row))) {
		out->inner_file = row_file(t, &row);
		out->inner_line = row.line;
	}
}

struct symbol symbol_find(uintptr_t addr)
{
	struct symbol found = {.function = "?"};
	struct table t;

	if (addr < KERNEL_BASE || addr - KERNEL_BASE > UINT32_MAX ||
	    !table_open(&t))
		return found;
	find_name(&t, addr - KERNEL_BASE, &found);
	find_line(&t, addr - KERNEL_BASE, &found);
	return found;
}

uintptr_t symbol_lookup(const char *name)
{
	struct table t;

	if (!table_open(&t))
		return 0;
	for (uint32_t i = 0; i < t.header->symbol_count; i++)
		if (strcmp(table_string(&t, t.symbols[i].name), name) == 0)
			return KERNEL_BASE + t.symbols[i].offset;
	return 0;
}

bool symbol_is_text(uintptr_t addr)
{
	return addr >= (uintptr_t)text_start && addr < (uintptr_t)text_end;
}

static const char *base_name(const char *path)
{
	for (const char *slash; (slash = strchr(path, '/')) != NULL;)
		path = slash + 1;
	return path;
}

static char *format_found(const struct symbol *s, uintptr_t addr, char *buf,
			  size_t size)
{
	if (s->function[0] == '?')
		snprintf(buf, size, "? (0x%lx)", addr);
	else if (!s->file)
		snprintf(buf, size, "%s+0x%lx", s->function, s->offset);
	else if (s->inner_file)
		snprintf(buf, size, "%s+0x%lx (%s:%u, in %s:%u)", s->function,
			 s->offset, s->file, s->line, base_name(s->inner_file),
			 s->inner_line);
	else
		snprintf(buf, size, "%s+0x%lx (%s:%u)", s->function, s->offset,
			 s->file, s->line);
	return buf;
}

char *symbol_format(uintptr_t addr, char *buf, size_t size)
{
	struct symbol s = symbol_find(addr);

	return format_found(&s, addr, buf, size);
}

char *symbol_format_call(uintptr_t return_address, char *buf, size_t size)
{
	struct symbol s = symbol_find(return_address - 1);

	s.offset++;
	return format_found(&s, return_address, buf, size);
}

static void print(uintptr_t return_address, char *text, size_t size)
{
	symbol_format_call(return_address, text, size);
}

TABLE_ROW(symbol_printers, struct symbol_printer){print};
