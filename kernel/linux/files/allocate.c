/*
 * allocate.c - fallocate(2), and advice about files.
 */
#include "errno.h"
#include "fs.h"
#include "page.h"

/* ---- making pages, and holes, without writing ---- */

/* Looks first whether there is room, so that a request for too much does not
 * fill the file system on its way to failing. */
static int pages_make(struct ram_file *r, uint64_t pos, uint64_t end)
{
	uint64_t wanted = (end - 1) / PAGE_SIZE - pos / PAGE_SIZE + 1;
	int error = 0;

	if (wanted > space_pages_left() + r->tree.pages)
		return -ENOSPC;
	for (pos = ALIGN_DOWN(pos, PAGE_SIZE); pos < end && !error;
	     pos += PAGE_SIZE)
		if (!ram_page_make(r, pos))
			error = -ENOSPC;
	return error;
}

static int ram_file_allocate(struct inode *inode, uint64_t pos, uint64_t len,
			     bool grow)
{
	struct ram_file *r = &inode->file;
	uint64_t end = pos + len;
	int error;

	core_mutex_lock(&r->write_lock);
	core_mutex_lock(&r->lock);
	error = pages_make(r, pos, end);
	if (!error && grow && end > r->size) {
		ram_clear_rest(r, r->size);
		r->size = end;
	}
	core_mutex_unlock(&r->lock);
	core_mutex_unlock(&r->write_lock);
	if (!error)
		inode_touch(inode);
	return error;
}

/* Whole pages go; of the first and the last a part may be cleared. */
static void ram_file_punch(struct inode *inode, uint64_t pos, uint64_t len)
{
	struct ram_file *r = &inode->file;
	uint64_t end = pos + len;

	core_mutex_lock(&r->write_lock);
	core_mutex_lock(&r->lock);
	if (pos % PAGE_SIZE)
		ram_clear_part(r, pos, end);
	pos = ALIGN_UP(pos, PAGE_SIZE);
	if (pos < end) {
		ram_cut(r, pos >> PAGE_SHIFT, end >> PAGE_SHIFT);
		if (end % PAGE_SIZE)
			ram_clear_part(r, ALIGN_DOWN(end, PAGE_SIZE), end);
	}
	core_mutex_unlock(&r->lock);
	core_mutex_unlock(&r->write_lock);
	inode_touch(inode);
}

/* ---- fallocate ---- */

#define FALLOC_FL_KEEP_SIZE 1u
#define FALLOC_FL_PUNCH_HOLE 2u

static long range_allocate(struct file *f, unsigned int mode, uint64_t pos,
			   uint64_t len)
{
	bool grow = !(mode & FALLOC_FL_KEEP_SIZE);
	int error = 0;

	if ((f->flags & O_PATH) || (f->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!f->inode || !inode_is_regular(f->inode))
		return -ENODEV;
	if (pos + len > FILE_SIZE_MAX)
		return -EFBIG;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		ram_file_punch(f->inode, pos, len);
		return 0;
	}
	if (grow)
		error = inode_may_grow(f->inode, pos + len);
	return error ? error : ram_file_allocate(f->inode, pos, len, grow);
}

long sys_fallocate(int fd, int mode, int64_t offset, int64_t len)
{
	const int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct file *file;
	long result;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	if (mode != 0 && mode != FALLOC_FL_KEEP_SIZE && mode != hole)
		return -EOPNOTSUPP;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	result = range_allocate(file, mode, offset, len);
	file_put(file);
	return result;
}

/* ---- nothing has to be read ahead, or written back ---- */

static bool has_node(const struct file *f)
{
	return f->inode;
}

long sys_syncfs(int fd)
{
	return file_accept(fd, has_node, -EINVAL);
}

static bool has_position(const struct file *f)
{
	return f->ops->lseek;
}

#define FADV_LAST 5 /* POSIX_FADV_NOREUSE */

long sys_fadvise64(int fd, int64_t offset, size_t len, int advice)
{
	long result = file_accept(fd, has_position, -ESPIPE);

	return !result && advice > FADV_LAST ? -EINVAL : result;
}
