/*
 * dir_file.c - a directory as an open file: getdents64(2).
 *
 * The position says where reading goes on: 0 is ".", 1 is "..", and 2 + n is
 * slot n (dir.c), or whatever number a virtual directory gives its names.  So
 * names that come and go meanwhile disturb nobody, and a program may go back to
 * a position that it was told.
 *
 * Names are gathered in the kernel under fs_lock, and copied when it has been
 * released: no program's memory is touched under it.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "string.h"
#include "uaccess.h"

struct linux_dirent64 {
	uint64_t ino;
	int64_t next; /* the position after this name */
	uint16_t size;
	uint8_t type;
	char name[];
};

/* A piece of what is read. */
struct listing {
	char *buf;
	size_t size, used;
};

#define LISTING_SIZE 2048 /* more than the longest name needs */

/* False: does not fit. */
static bool list_name(struct listing *l, uint64_t ino, uint32_t mode,
		      const char *name, size_t len, uint64_t next)
{
	size_t size =
		ALIGN_UP(offsetof(struct linux_dirent64, name) + len + 1, 8ul);
	struct linux_dirent64 *d = (void *)(l->buf + l->used);

	if (size > l->size - l->used)
		return false;
	memset(d, 0, size);
	*d = (struct linux_dirent64){
		.ino = ino,
		.next = next,
		.size = size,
		.type = (mode & S_IFMT) >> 12, /* as DT_* are defined */
	};
	memcpy(d->name, name, len);
	l->used += size;
	return true;
}

static void list_virtual(struct listing *l, const struct inode *inode,
			 uint64_t *pos)
{
	struct virtual_name n;

	while (inode->virtual->next(inode, *pos - 2, &n)) {
		if (!list_name(l, n.ino, n.mode, n.name, strlen(n.name),
			       n.next + 2))
			return;
		*pos = n.next + 2;
	}
}

static void list_slots(struct listing *l, const struct inode *inode,
		       uint64_t *pos)
{
	struct dir_name n;

	while (dir_next(inode, *pos - 2, &n)) {
		uint64_t next = n.slot + 3ul;

		if (!list_name(l, n.inode->ino, n.inode->mode, n.name, n.len,
			       next))
			return;
		*pos = next;
	}
}

/* Needs fs_lock. */
static void list_from(struct listing *l, const struct inode *inode,
		      uint64_t *pos)
{
	if (*pos == 0 && list_name(l, inode->ino, S_IFDIR, ".", 1, 1))
		*pos = 1;
	if (*pos == 1 &&
	    list_name(l, inode->dir.parent->ino, S_IFDIR, "..", 2, 2))
		*pos = 2;
	if (*pos < 2)
		return;
	if (inode->virtual)
		list_virtual(l, inode, pos);
	else
		list_slots(l, inode, pos);
}

/* Is there no name from this position on?  Needs fs_lock. */
static bool is_end(const struct inode *inode, uint64_t pos)
{
	struct virtual_name name;
	struct dir_name n;

	if (pos < 2)
		return false;
	return inode->virtual ? !inode->virtual->next(inode, pos - 2, &name)
			      : !dir_next(inode, pos - 2, &n);
}

/* Needs f->lock. */
static long dir_getdents64(struct file *f, uintptr_t buf, size_t len)
{
	struct listing l = {.size = MIN(len, LISTING_SIZE)};
	uint64_t pos = f->pos;
	bool at_end, removed;

	l.buf = kmalloc(LISTING_SIZE);
	if (!l.buf)
		return -ENOMEM;
	core_mutex_lock(&fs_lock);
	list_from(&l, f->inode, &pos);
	at_end = is_end(f->inode, pos);
	removed = f->inode->nlink == 0 && !f->inode->virtual;
	core_mutex_unlock(&fs_lock);

	long result = l.used;

	if (removed)
		result = -ENOENT;
	else if (l.used == 0 && !at_end)
		result = -EINVAL; /* not even one name fits */
	else if (copy_to_user(buf, l.buf, l.used))
		result = -EFAULT;
	else
		f->pos = pos;
	kfree(l.buf);
	return result;
}

static long dir_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	return -EISDIR;
}

const struct file_ops dir_ops = {
	.read = dir_read,
	.lseek = file_seek,
	.getdents64 = dir_getdents64,
};
