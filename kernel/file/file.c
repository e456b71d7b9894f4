/*
 * file.c - struct file: what open(2) makes.
 *
 * References are counted.  Each descriptor has one, in however many tables;
 * and a system call that works on the file has one too, so that a close(2) by
 * another thread does not take it away in the middle.  The last one to go
 * calls ops->release and frees the file.
 */
#include "file.h"
#include "errno.h"
#include "fs.h"
#include "heap.h"

struct file *file_create(const struct file_ops *ops, unsigned int flags)
{
	struct file *f = kmalloc(sizeof(*f));

	if (!f)
		return NULL;
	*f = (struct file){.refs = 1, .flags = flags, .ops = ops};
	core_mutex_init(&f->lock, "file position");
	return f;
}

struct file *file_get(struct file *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
	return f;
}

long file_seek(struct file *f, int64_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	if (whence == SEEK_CUR &&
	    __builtin_add_overflow(f->pos, offset, &offset))
		return -EINVAL;
	return offset < 0 ? -EINVAL : (long)(f->pos = offset);
}

static void tell_closed(struct file *f)
{
	const struct file_hook *hook;

	table_for_each (hook, file_hooks)
		hook->file_closed(f);
}

void file_put(struct file *f)
{
	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (unlikely(f->epolls || (f->inode && f->inode->locks)))
		tell_closed(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->inode)
		inode_put(f->inode);
	kfree(f);
}
