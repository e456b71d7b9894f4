/*
 * allocate.c - fallocate(2), and advice about files.
 */
#include "errno.h"
#include "fs.h"

#define FALLOC_FL_KEEP_SIZE 1u
#define FALLOC_FL_PUNCH_HOLE 2u

static long allocate(struct file *f, unsigned int mode, uint64_t pos,
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
	result = allocate(file, mode, offset, len);
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
