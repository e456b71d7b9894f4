/*
 * size.c - the room that a file takes: truncate, fallocate, and the calls that
 * are about the disk that there is none of.
 *
 * Regular files only; what is asked of other files is refused with the errno
 * that says what they are.  The work is ram_file.c's.
 */
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "syscall.h"

/* A file may grow up to RLIMIT_FSIZE; one that is larger may stay so. */
static int may_grow(const struct inode *inode, uint64_t size)
{
	if (size <= inode_size(inode) || size <= process_limit(RLIMIT_FSIZE))
		return 0;
	signal_file_too_large();
	return -EFBIG;
}

static bool is_regular(const struct inode *inode)
{
	return inode_is(inode, S_IFREG) && !inode->virtual;
}

/* ---- truncate ---- */

static long truncate_inode(struct inode *inode, uint64_t size)
{
	long result = may_grow(inode, size);

	if (!result)
		result = ram_file_truncate(inode, size);
	if (!result)
		inode_drop_rights(inode);
	return result;
}

long sys_truncate(uintptr_t path, int64_t size)
{
	struct inode *inode;
	long result;

	if (size < 0)
		return -EINVAL;
	result = lookup_inode(AT_FDCWD, path, LOOKUP_FOLLOW, &inode);
	if (result)
		return result;
	if (inode_is(inode, S_IFDIR))
		result = -EISDIR;
	else if (!is_regular(inode))
		result = -EINVAL;
	else
		result = inode_permission(inode, MAY_WRITE);
	if (!result)
		result = truncate_inode(inode, size);
	inode_put(inode);
	return result;
}

long sys_ftruncate(int fd, int64_t size)
{
	struct file *file;
	long result = -EINVAL;

	if (size < 0)
		return -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		result = -EBADF;
	else if (file->inode && is_regular(file->inode) &&
		 (file->flags & O_ACCMODE) != O_RDONLY)
		result = truncate_inode(file->inode, size);
	file_put(file);
	return result;
}

/* ---- fallocate ---- */

#define FALLOC_FL_KEEP_SIZE 1u
#define FALLOC_FL_PUNCH_HOLE 2u

static long allocate(struct file *f, unsigned int mode, uint64_t pos,
		     uint64_t len)
{
	bool grow = !(mode & FALLOC_FL_KEEP_SIZE);
	int error = 0;

	if ((f->flags & O_PATH) || (f->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!f->inode || !is_regular(f->inode))
		return -ENODEV;
	if (pos + len > FILE_SIZE_MAX)
		return -EFBIG;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		ram_file_punch(f->inode, pos, len);
		return 0;
	}
	if (grow)
		error = may_grow(f->inode, pos + len);
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

/* ---- nothing is ever unwritten, nor has to be read ahead ---- */

static bool may_sync(const struct file *f)
{
	return f->inode &&
	       (inode_is(f->inode, S_IFREG) || inode_is(f->inode, S_IFDIR));
}

/* Answers what a program asks for that needs no doing. */
static long accept(int fd, bool (*may)(const struct file *f), long refusal)
{
	struct file *f = fd_get(fd);
	long result;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH)
		result = -EBADF;
	else
		result = may(f) ? 0 : refusal;
	file_put(f);
	return result;
}

long sys_fsync(int fd)
{
	return accept(fd, may_sync, -EINVAL);
}

long sys_fdatasync(int fd)
{
	return accept(fd, may_sync, -EINVAL);
}

long sys_sync(void)
{
	return 0;
}

static bool has_node(const struct file *f)
{
	return f->inode;
}

long sys_syncfs(int fd)
{
	return accept(fd, has_node, -EINVAL);
}

static bool has_position(const struct file *f)
{
	return f->ops->lseek;
}

#define FADV_LAST 5 /* POSIX_FADV_NOREUSE */

long sys_fadvise64(int fd, int64_t offset, size_t len, int advice)
{
	long result = accept(fd, has_position, -ESPIPE);

	return !result && advice > FADV_LAST ? -EINVAL : result;
}
