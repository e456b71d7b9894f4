/*
 * sync.c - the calls that wait until a file is on its disk, of which there is
 * none: nothing is ever unwritten.
 */
#include "errno.h"
#include "fs.h"
#include "syscall.h"

static bool may_sync(const struct file *f)
{
	return f->inode &&
	       (inode_is(f->inode, S_IFREG) || inode_is(f->inode, S_IFDIR));
}

long file_accept(int fd, bool (*may)(const struct file *f), long refusal)
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
	return file_accept(fd, may_sync, -EINVAL);
}

long sys_fdatasync(int fd)
{
	return file_accept(fd, may_sync, -EINVAL);
}

long sys_sync(void)
{
	return 0;
}
