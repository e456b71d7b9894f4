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

/* ---- as what backs a mapping ---- */

static void backing_file_get(void *object)
{
	file_get(object);
}

static void backing_file_put(void *object)
{
	file_put(object);
}

static int backing_file_page(void *object, uint64_t offset, struct page **out)
{
	struct file *f = object;

	return f->ops->page(f, offset, out);
}

static const struct area_backing_ops mappable = {
	.get = backing_file_get,
	.put = backing_file_put,
	.page = backing_file_page,
};

static const struct area_backing_ops unmappable = {
	.get = backing_file_get,
	.put = backing_file_put,
};

struct area_backing file_backing(struct file *f)
{
	return (struct area_backing){
		.ops = f->ops->page ? &mappable : &unmappable,
		.object = f,
	};
}

struct file *backing_file(const struct area_backing *b)
{
	return b->ops == &mappable || b->ops == &unmappable ? b->object : NULL;
}
