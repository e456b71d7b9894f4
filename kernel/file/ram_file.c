/*
 * ram_file.c - regular files: their bytes, in pages.
 *
 * A page is made when somebody writes to it; until then it is a hole, which
 * reads as zeros.  Bytes beyond the size are zeros too, except where a program
 * has mapped the last page and writes past the end: so they are cleared when
 * the file shrinks, and again when it grows over them.
 *
 * Reading goes page by page: find the page under the file's lock, take a
 * reference, unlock, copy from it to the program.  No lock is held while the
 * program's memory is touched, since that may fault, and the fault may need
 * this very file.  A page that is cut off meanwhile lives until the copy is
 * done.  Writing is the same the other way round; write_lock is held all along,
 * so that two writes, or a write and a truncate, come one after the other.
 * The size grows after each page, by what has really arrived: a program whose
 * buffer ends in the middle loses nothing that was copied before.
 *
 * Each page is one of those that space.c lets all files have together: when
 * there are no more, that is an error in the program that writes.
 */
#include "errno.h"
#include "fs.h"
#include "page.h"
#include "panic.h"
#include "process.h"
#include "realtime.h"
#include "string.h"
#include "uaccess.h"

const char zeros[PAGE_SIZE];

void ram_file_init(struct ram_file *r)
{
	core_mutex_init(&r->write_lock, "file writers");
	core_mutex_init(&r->lock, "file");
}

/* ---- pages: need lock ---- */

void ram_cut(struct ram_file *r, uint64_t first, uint64_t end)
{
	size_t before = r->tree.pages;

	page_tree_cut(&r->tree, first, end);
	space_give_pages(before - r->tree.pages);
}

void ram_file_destroy(struct ram_file *r)
{
	ram_cut(r, 0, UINT64_MAX);
}

struct page *ram_page_make(struct ram_file *r, uint64_t pos)
{
	uint64_t index = pos >> PAGE_SHIFT;
	struct page *page = page_tree_find(&r->tree, index);

	if (page)
		return page;
	if (!space_take_page())
		return NULL;
	page = page_alloc_zeroed(0);
	if (page && page_tree_insert(&r->tree, index, page) == 0)
		return page;
	if (page)
		page_put(page);
	space_give_pages(1);
	return NULL;
}

void ram_clear_part(struct ram_file *r, uint64_t pos, uint64_t end)
{
	struct page *page = page_tree_find(&r->tree, pos >> PAGE_SHIFT);
	size_t offset = pos % PAGE_SIZE;

	if (page)
		memset((char *)page_virt(page) + offset, 0,
		       MIN(end - pos, PAGE_SIZE - offset));
}

void ram_clear_rest(struct ram_file *r, uint64_t pos)
{
	if (pos % PAGE_SIZE)
		ram_clear_part(r, pos, UINT64_MAX);
}

/* ---- reading ---- */

/*
 * How many of len bytes from pos on lie in one page and before the end of the
 * file; *page is that page, with a reference, or NULL for a hole.
 */
static size_t piece_to_read(struct ram_file *r, uint64_t pos, size_t len,
			    struct page **page)
{
	size_t n = 0;

	*page = NULL;
	core_mutex_lock(&r->lock);
	if (pos < r->size) {
		n = MIN(MIN(len, r->size - pos), PAGE_SIZE - pos % PAGE_SIZE);
		*page = page_tree_find(&r->tree, pos >> PAGE_SHIFT);
		if (*page)
			page_get(*page);
	}
	core_mutex_unlock(&r->lock);
	return n;
}

static const char *piece_bytes(struct page *page, uint64_t pos)
{
	return page ? (char *)page_virt(page) + pos % PAGE_SIZE : zeros;
}

static long ram_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	struct ram_file *r = &f->inode->file;
	size_t done = 0, n, copied;
	struct page *page;

	while (done < len && (n = piece_to_read(r, *pos, len - done, &page))) {
		copied = copy_to_user_partial(buf + done,
					      piece_bytes(page, *pos), n);
		if (page)
			page_put(page);
		done += copied;
		*pos += copied;
		if (copied < n)
			return done ? (long)done : -EFAULT;
	}
	f->inode->atime = realtime_ns();
	return done;
}

static long ram_read_kernel(struct file *f, void *buf, size_t len, uint64_t pos)
{
	struct ram_file *r = &f->inode->file;
	size_t done = 0, n;
	struct page *page;

	while (done < len &&
	       (n = piece_to_read(r, pos + done, len - done, &page))) {
		memcpy((char *)buf + done, piece_bytes(page, pos + done), n);
		if (page)
			page_put(page);
		done += n;
	}
	return done;
}

/* ---- writing: needs write_lock ---- */

static struct page *page_to_write(struct ram_file *r, uint64_t pos)
{
	struct page *page;

	core_mutex_lock(&r->lock);
	page = ram_page_make(r, pos);
	if (page)
		page_get(page);
	core_mutex_unlock(&r->lock);
	return page;
}

static void size_raise(struct ram_file *r, uint64_t end)
{
	core_mutex_lock(&r->lock);
	if (end > r->size)
		r->size = end;
	core_mutex_unlock(&r->lock);
}

/* A write that begins after the end leaves a gap of zeros. */
static void gap_clear(struct ram_file *r, uint64_t pos)
{
	if (pos <= r->size)
		return;
	core_mutex_lock(&r->lock);
	ram_clear_rest(r, r->size);
	core_mutex_unlock(&r->lock);
}

/* What is written lies in a program's memory, or in the kernel's. */
struct source {
	uintptr_t user;
	const char *kernel; /* NULL: the program's */
};

/* How many bytes were copied before a fault. */
static size_t source_copy(void *to, const struct source *s, size_t from,
			  size_t len)
{
	if (!s->kernel)
		return copy_from_user_partial(to, s->user + from, len);
	memcpy(to, s->kernel + from, len);
	return len;
}

static long write_pages(struct ram_file *r, const struct source *s, size_t len,
			uint64_t *pos)
{
	size_t done = 0, n, copied;

	gap_clear(r, *pos);
	while (done < len) {
		struct page *page = page_to_write(r, *pos);

		if (!page)
			return done ? (long)done : -ENOSPC;
		n = MIN(len - done, PAGE_SIZE - *pos % PAGE_SIZE);
		copied = source_copy((char *)page_virt(page) + *pos % PAGE_SIZE,
				     s, done, n);
		page_put(page);
		done += copied;
		*pos += copied;
		size_raise(r, *pos);
		if (copied < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

/* ... as write(2) does it: to the end with O_APPEND, up to a limit. */
static long write_file(struct file *f, const struct source *s, size_t len,
		       uint64_t *pos)
{
	struct ram_file *r = &f->inode->file;
	uint64_t limit = MIN(process_limit(RLIMIT_FSIZE), FILE_SIZE_MAX);
	long result = 0;

	core_mutex_lock(&r->write_lock);
	if (f->flags & O_APPEND)
		*pos = r->size;
	if (len > 0 && *pos >= limit)
		result = -EFBIG;
	else if (len > 0)
		result = write_pages(r, s, MIN(len, limit - *pos), pos);
	core_mutex_unlock(&r->write_lock);
	if (result == -EFBIG && *pos >= process_limit(RLIMIT_FSIZE))
		signal_file_too_large();
	if (result > 0) {
		inode_touch(f->inode);
		inode_drop_rights(f->inode);
	}
	return result;
}

static long ram_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return write_file(f, &(struct source){.user = buf}, len, pos);
}

static long ram_write_kernel(struct file *f, const void *buf, size_t len,
			     uint64_t *pos)
{
	return write_file(f, &(struct source){.kernel = buf}, len, pos);
}

long ram_file_write_kernel(struct inode *inode, const void *buf, size_t len,
			   uint64_t pos)
{
	struct ram_file *r = &inode->file;
	long done;

	core_mutex_lock(&r->write_lock);
	done = write_pages(r, &(struct source){.kernel = buf}, len, &pos);
	core_mutex_unlock(&r->write_lock);
	return done < (long)len ? -ENOSPC : done;
}

int ram_file_truncate(struct inode *inode, uint64_t size)
{
	struct ram_file *r = &inode->file;

	if (size > FILE_SIZE_MAX)
		return -EFBIG;
	core_mutex_lock(&r->write_lock);
	core_mutex_lock(&r->lock);
	ram_clear_rest(r, MIN(size, r->size));
	if (size < r->size)
		ram_cut(r, (size + PAGE_SIZE - 1) >> PAGE_SHIFT, UINT64_MAX);
	r->size = size;
	core_mutex_unlock(&r->lock);
	core_mutex_unlock(&r->write_lock);
	inode_touch(inode);
	return 0;
}

/* ---- the other operations ---- */

/* For mmap: a hole becomes a page, so that all who map it share it. */
static int ram_page(struct file *f, uint64_t offset, struct page **out)
{
	struct ram_file *r = &f->inode->file;
	struct page *page;
	int error = -ENXIO;

	core_mutex_lock(&r->lock);
	if (offset < r->size) {
		page = ram_page_make(r, offset);
		error = page ? 0 : -ENOMEM;
		if (page)
			page_get(page);
		*out = page;
	}
	core_mutex_unlock(&r->lock);
	return error;
}

const struct file_ops ram_file_ops = {
	.read = ram_read,
	.write = ram_write,
	.lseek = ram_file_lseek,
	.page = ram_page,
	.read_kernel = ram_read_kernel,
	.write_kernel = ram_write_kernel,
};
