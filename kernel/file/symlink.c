/*
 * symlink.c - symbolic links: made and freed.
 *
 * A link's target is any text; it is looked at only when a path leads through
 * the link (path.c).  A long one counts as a page of the file system's space,
 * for else names that cost nothing could use up all of memory.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

#define SHORT_LINK 127u

int symlink_fill(struct inode *inode, const char *target, size_t len)
{
	char *copy = kmalloc(len + 1);

	if (!copy)
		return -ENOSPC;
	if (len > SHORT_LINK && !space_take_page()) {
		kfree(copy);
		return -ENOSPC;
	}
	memcpy(copy, target, len);
	copy[len] = '\0';
	inode->link.target = copy;
	inode->link.len = len;
	return 0;
}

void symlink_destroy(struct inode *inode)
{
	if (inode->link.target && !inode->virtual &&
	    inode->link.len > SHORT_LINK)
		space_give_pages(1);
	kfree(inode->link.target);
}

/* ---- symlink ---- */

/* A node with a target, which the program has given; NULL: *error. */
static struct inode *symlink_create(uintptr_t target, int *error)
{
	struct inode *inode = inode_create(S_IFLNK | 0777);
	char *buf = kmalloc(PATH_MAX);
	long len = -ENOMEM;

	if (inode && buf)
		len = copy_string_from_user(buf, target, PATH_MAX);
	*error = len < 0 ? len : len == 0 ? -ENOENT : 0;
	if (!*error)
		*error = symlink_fill(inode, buf, len);
	kfree(buf);
	if (!*error)
		return inode;
	inode_put(inode);
	return NULL;
}

long symlink_make_at(uintptr_t target, int dirfd, uintptr_t path)
{
	int error;
	struct inode *inode = symlink_create(target, &error);

	return inode ? name_new(dirfd, path, inode) : error;
}

long sys_symlink(uintptr_t target, uintptr_t path)
{
	return symlink_make_at(target, AT_FDCWD, path);
}
