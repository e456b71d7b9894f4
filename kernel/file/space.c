/*
 * space.c - how much of memory the files may use, and how much is left.
 *
 * A file system in memory that took all of it would be the end of everybody,
 * so it may have half of the pages for what is in files, and one name for each
 * page of memory.  A name costs its entry and, mostly, a node: less than a
 * quarter of a page.  Who gets nothing says -ENOSPC to its program, and all
 * goes on; what is removed can be used again at once.
 *
 * Two counters, which are all there is.  They are atomic and need no lock.
 */
#include "fs.h"
#include "page.h"

static size_t pages_used, names_used; /* atomic */

size_t space_pages_max(void)
{
	return page_total_count() / 2;
}

size_t space_names_max(void)
{
	return page_total_count();
}

static bool space_take(size_t *used, size_t max)
{
	if (__atomic_add_fetch(used, 1, __ATOMIC_RELAXED) <= max)
		return true;
	__atomic_fetch_sub(used, 1, __ATOMIC_RELAXED);
	return false;
}

static void space_give(size_t *used, size_t count)
{
	__atomic_fetch_sub(used, count, __ATOMIC_RELAXED);
}

static size_t left(const size_t *used, size_t max)
{
	size_t now = __atomic_load_n(used, __ATOMIC_RELAXED);

	return now < max ? max - now : 0;
}

bool space_take_page(void)
{
	return space_take(&pages_used, space_pages_max());
}

void space_give_pages(size_t count)
{
	space_give(&pages_used, count);
}

size_t space_pages_left(void)
{
	return MIN(left(&pages_used, space_pages_max()), page_free_count());
}

bool space_take_name(void)
{
	return space_take(&names_used, space_names_max());
}

void space_give_name(void)
{
	space_give(&names_used, 1);
}

size_t ram_file_pages(void)
{
	return __atomic_load_n(&pages_used, __ATOMIC_RELAXED);
}

size_t space_names_left(void)
{
	return left(&names_used, space_names_max());
}
