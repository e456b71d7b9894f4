/*
 * size.c - how long a file is: truncate.
 *
 * Regular files only; what is asked of other files is refused with the errno
 * that says what they are.  The work is ram_file.c's.
 */
#include "errno.h"
#include "fs.h"
#include "process.h"
#include "syscall.h"

int inode_may_grow(const struct inode *inode, uint64_t size)
{
	if (size <= inode_size(inode) || size <= process_limit(RLIMIT_FSIZE))
		return 0;
	signal_file_too_large();
	return -EFBIG;
}

bool inode_is_regular(const struct inode *inode)
{
	return inode_is(inode, S_IFREG) && !inode->virtual;
}

/* ---- truncate ---- */

static long truncate_inode(struct inode *inode, uint64_t size)
{
	long result = inode_may_grow(inode, size);

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
	else if (!inode_is_regular(inode))
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
	else if (file->inode && inode_is_regular(file->inode) &&
		 (file->flags & O_ACCMODE) != O_RDONLY)
		result = truncate_inode(file->inode, size);
	file_put(file);
	return result;
}
