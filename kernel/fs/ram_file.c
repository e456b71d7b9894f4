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
 * All files together may use half of memory, so that a full file system is an
 * error in the program that writes, and not the end of all others.
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

static size_t pages_used; /* atomic: by all files */

void ram_file_init(struct ram_file *r)
{
	core_mutex_init(&r->write_lock, "file writers");
	core_mutex_init(&r->lock, "file");
}

/* ---- pages: need lock ---- */

static void cut(struct ram_file *r, uint64_t from)
{
	size_t before = r->tree.pages;

	page_tree_cut(&r->tree, from);
	__atomic_fetch_sub(&pages_used, before - r->tree.pages,
			   __ATOMIC_RELAXED);
}

void ram_file_destroy(struct ram_file *r)
{
	cut(r, 0);
}

/* The page where pos is, made if it is a hole; no reference.  NULL: -ENOSPC. */
static struct page *page_make(struct ram_file *r, uint64_t pos)
{
	uint64_t index = pos >> PAGE_SHIFT;
	struct page *page = page_tree_find(&r->tree, index);

	if (page)
		return page;
	if (__atomic_add_fetch(&pages_used, 1, __ATOMIC_RELAXED) >
	    page_total_count() / 2)
		goto full;
	page = page_alloc_zeroed(0);
	if (!page)
		goto full;
	if (page_tree_insert(&r->tree, index, page) == 0)
		return page;
	page_put(page);
full:
	__atomic_fetch_sub(&pages_used, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Clears from pos to the end of its page. */
static void clear_rest(struct ram_file *r, uint64_t pos)
{
	struct page *page = page_tree_find(&r->tree, pos >> PAGE_SHIFT);
	size_t offset = pos % PAGE_SIZE;

	if (page && offset)
		memset((char *)page_virt(page) + offset, 0, PAGE_SIZE - offset);
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
	page = page_make(r, pos);
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
	clear_rest(r, r->size);
	core_mutex_unlock(&r->lock);
}

static long write_pages(struct ram_file *r, uintptr_t buf, size_t len,
			uint64_t *pos)
{
	size_t done = 0, n, copied;

	gap_clear(r, *pos);
	while (done < len) {
		struct page *page = page_to_write(r, *pos);

		if (!page)
			return done ? (long)done : -ENOSPC;
		n = MIN(len - done, PAGE_SIZE - *pos % PAGE_SIZE);
		copied = copy_from_user_partial((char *)page_virt(page) +
							*pos % PAGE_SIZE,
						buf + done, n);
		page_put(page);
		done += copied;
		*pos += copied;
		size_raise(r, *pos);
		if (copied < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

static long ram_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
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
		result = write_pages(r, buf, MIN(len, limit - *pos), pos);
	core_mutex_unlock(&r->write_lock);
	if (result == -EFBIG && *pos >= process_limit(RLIMIT_FSIZE))
		signal_file_too_large();
	if (result > 0)
		f->inode->mtime = f->inode->ctime = realtime_ns();
	return result;
}

long ram_file_write_kernel(struct inode *inode, const void *buf, size_t len,
			   uint64_t pos)
{
	struct ram_file *r = &inode->file;
	size_t done = 0, n;

	core_mutex_lock(&r->write_lock);
	gap_clear(r, pos);
	for (; done < len; done += n, pos += n) {
		struct page *page = page_to_write(r, pos);

		if (!page)
			break;
		n = MIN(len - done, PAGE_SIZE - pos % PAGE_SIZE);
		memcpy((char *)page_virt(page) + pos % PAGE_SIZE,
		       (const char *)buf + done, n);
		page_put(page);
	}
	size_raise(r, pos);
	core_mutex_unlock(&r->write_lock);
	return done < len ? -ENOSPC : (long)done;
}

int ram_file_truncate(struct inode *inode, uint64_t size)
{
	struct ram_file *r = &inode->file;

	if (size > FILE_SIZE_MAX)
		return -EFBIG;
	core_mutex_lock(&r->write_lock);
	core_mutex_lock(&r->lock);
	clear_rest(r, MIN(size, r->size));
	if (size < r->size)
		cut(r, (size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	r->size = size;
	core_mutex_unlock(&r->lock);
	core_mutex_unlock(&r->write_lock);
	inode->mtime = inode->ctime = realtime_ns();
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
		page = page_make(r, offset);
		error = page ? 0 : -ENOMEM;
		if (page)
			page_get(page);
		*out = page;
	}
	core_mutex_unlock(&r->lock);
	return error;
}

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* Needs f->lock.  All is data, and one hole follows: lseek(2) allows that. */
static long ram_lseek(struct file *f, int64_t offset, int whence)
{
	int64_t size = f->inode->file.size, base = 0;

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
		if (offset < 0 || offset >= size)
			return -ENXIO;
		base = whence == SEEK_HOLE ? size - offset : 0;
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

const struct file_ops ram_file_ops = {
	.read = ram_read,
	.write = ram_write,
	.lseek = ram_lseek,
	.page = ram_page,
	.read_kernel = ram_read_kernel,
};
