/*
 * memory.c - memory that is freed all at once.
 *
 * A line of commands becomes many small objects, which are all useless as soon
 * as it has run.  Nobody frees them one by one: whoever begins something takes
 * a mark, and releases what came after it.
 */
#include "sh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct block {
	struct block *before;
	max_align_t data[];
};

static struct block *newest;

void *sh_alloc(size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (!b) {
		complain("out of memory");
		_exit(2);
	}
	b->before = newest;
	newest = b;
	return b->data;
}

char *sh_copy(const char *text, size_t len)
{
	return memcpy(sh_alloc(len + 1), text, len);
}

struct block *sh_mark(void)
{
	return newest;
}

void sh_release(struct block *mark)
{
	while (newest != mark) {
		struct block *b = newest;

		newest = b->before;
		free(b);
	}
}

void strings_add(struct strings *list, char *text)
{
	if (list->count + 2 > list->room) {
		size_t room = list->room ? 2 * list->room : 8;
		char **items = sh_alloc(room * sizeof(*items));

		if (list->count)
			memcpy(items, list->items,
			       list->count * sizeof(*items));
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = text;
	list->items[list->count] = NULL;
}
