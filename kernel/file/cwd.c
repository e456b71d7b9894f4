/*
 * cwd.c - the working directory, and readlink.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

/* Takes the reference over. */
static long change_directory(struct inode *inode)
{
	struct process *p = current_process();
	int error = 0;

	if (!inode_is(inode, S_IFDIR))
		error = -ENOTDIR;
	if (!error)
		error = inode_permission(inode, MAY_EXEC);
	if (!error) {
		struct inode *old;

		spin_lock(&p->lock);
		old = p->cwd;
		p->cwd = inode;
		spin_unlock(&p->lock);
		inode = old;
	}
	inode_put(inode);
	return error;
}

long sys_chdir(uintptr_t path)
{
	struct inode *inode;
	int error = lookup_inode(AT_FDCWD, path, LOOKUP_FOLLOW, &inode);

	return error ? error : change_directory(inode);
}

long sys_fchdir(int fd)
{
	struct file *file = fd_get(fd);
	long result = -ENOTDIR;

	if (!file)
		return -EBADF;
	if (file->inode)
		result = change_directory(inode_get(file->inode));
	file_put(file);
	return result;
}

/* The length with the terminator: getcwd(2), "C library/kernel differences". */
long sys_getcwd(uintptr_t user_buf, size_t size)
{
	struct process *p = current_process();
	char *buf = kmalloc(PATH_MAX), *path;
	long result;

	if (!buf)
		return -ENOMEM;
	core_mutex_lock(&fs_lock);
	spin_lock(&p->lock);
	struct inode *cwd = inode_get(p->cwd);
	spin_unlock(&p->lock);
	result = inode_path(cwd, buf, PATH_MAX, &path);
	core_mutex_unlock(&fs_lock);
	inode_put(cwd);
	if (!result) {
		size_t len = buf + PATH_MAX - path;

		if (len > size)
			result = -ERANGE;
		else
			result = copy_to_user(user_buf, path, len) ? -EFAULT
								   : (long)len;
	}
	kfree(buf);
	return result;
}

long link_read_at(int dirfd, uintptr_t path, uintptr_t buf, int size)
{
	struct inode *inode;
	long result;

	if (size <= 0)
		return -EINVAL;
	result = lookup_inode(dirfd, path, LOOKUP_EMPTY, &inode);
	if (result)
		return result;
	if (inode_is(inode, S_IFLNK)) {
		result = MIN((size_t)size, inode->link.len);
		if (copy_to_user(buf, inode->link.target, result))
			result = -EFAULT;
	} else {
		result = -EINVAL;
	}
	inode_put(inode);
	return result;
}

long sys_readlink(uintptr_t path, uintptr_t buf, int size)
{
	return link_read_at(AT_FDCWD, path, buf, size);
}
