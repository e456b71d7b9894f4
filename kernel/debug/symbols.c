/*
 * symbols.c - which function, file and line an address belongs to.
 *
 * The answers come from a table in the image, section .ksyms, which
 * tools/symbols.py makes from the symbols and the DWARF line numbers of a first
 * link, and which a second link puts in.  All numbers are little-endian:
 *
 *	header		magic, and how much there is of what follows
 *	symbols		functions, labels and objects, by address
 *	rows		by address: from here on, the code is of this line
 *	files		the name of each file, relative to the repository
 *	strings		names, each ended by a zero byte; names are referred
 *			to by their offset from the first one
 *
 * Addresses are offsets from KERNEL_BASE, so that 32 bits are enough.  A row
 * of line 0 ends the code of one source file.
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
	uint32_t symbol_count, row_count, file_count, string_size;
};

struct table_symbol {
	uint32_t offset;
	uint32_t size; /* 0: a label of assembly code, up to the next one */
	uint32_t name;
};

struct table_row {
	uint32_t offset;
	uint16_t file, line;
};

struct table {
	const struct table_header *header;
	const struct table_symbol *symbols;
	const struct table_row *rows;
	const uint32_t *files;
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
	t->rows = (const void *)(t->symbols + h->symbol_count);
	t->files = (const void *)(t->rows + h->row_count);
	t->strings = (const void *)(t->files + h->file_count);
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

static void find_line(const struct table *t, uint32_t offset,
		      struct symbol *out)
{
	size_t count = count_up_to(t->rows, sizeof(t->rows[0]),
				   t->header->row_count, offset);

	if (count == 0)
		return;
	const struct table_row *row = &t->rows[count - 1];

	if (row->line == 0 || row->file >= t->header->file_count)
		return;
	out->file = table_string(t, t->files[row->file]);
	out->line = row->line;
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

static char *format_found(const struct symbol *s, uintptr_t addr, char *buf,
			  size_t size)
{
	if (s->function[0] == '?')
		snprintf(buf, size, "? (0x%lx)", addr);
	else if (!s->file)
		snprintf(buf, size, "%s+0x%lx", s->function, s->offset);
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
