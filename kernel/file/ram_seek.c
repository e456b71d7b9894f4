/*
 * ram_seek.c - the position in a regular file: lseek(2).
 *
 * A place in a file may be found by what is there: SEEK_DATA goes to the next
 * byte that has a page, SEEK_HOLE to the next one that has none.  So a program
 * like cp copies a sparse file without reading its zeros.
 */
#include "errno.h"
#include "fs.h"
#include "page.h"

static uint64_t next_data(const struct ram_file *r, uint64_t pos)
{
	uint64_t index = pos >> PAGE_SHIFT;

	return page_tree_next(&r->tree, &index) ? MAX(index << PAGE_SHIFT, pos)
						: r->size;
}

/* The end of the file counts as one. */
static uint64_t next_hole(const struct ram_file *r, uint64_t pos)
{
	uint64_t index = pos >> PAGE_SHIFT;

	while (page_tree_find(&r->tree, index))
		index++;
	return MIN(MAX(index << PAGE_SHIFT, pos), r->size);
}

/* SEEK_DATA, SEEK_HOLE.  -ENXIO: there is no more before the end. */
static int64_t find_part(struct ram_file *r, uint64_t pos, int whence)
{
	uint64_t found;

	core_mutex_lock(&r->lock);
	found = whence == SEEK_HOLE ? next_hole(r, pos) : next_data(r, pos);
	if (pos >= r->size || (whence == SEEK_DATA && found >= r->size))
		found = -ENXIO;
	core_mutex_unlock(&r->lock);
	return found;
}

/* Needs f->lock. */
long ram_file_lseek(struct file *f, int64_t offset, int whence)
{
	struct ram_file *r = &f->inode->file;
	int64_t size = r->size, base = 0;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		offset = offset < 0 ? -ENXIO : find_part(r, offset, whence);
		if (offset < 0)
			return offset;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &base))
		return -EOVERFLOW;
	if (base < 0)
		return -EINVAL;
	return f->pos = base;
}
