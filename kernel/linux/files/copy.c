/*
 * copy.c - from file to file, without a program's buffer between: sendfile and
 * copy_file_range.
 *
 * The bytes go through a page of the kernel's.  What is read is a regular file;
 * what is written to is any file that has ops->write_kernel.  Others give
 * -EINVAL, upon which programs go back to read(2) and write(2): sendfile(2)
 * tells them to.
 */
#include "errno.h"
#include "fs.h"
#include "page.h"
#include "process.h"
#include "syscall.h"
#include "uaccess.h"

#define COPY_MAX 0x7ffff000ul /* at most in one call: sendfile(2), NOTES */

/* Until a read is short or a write fails; the places are moved on.  A signal
 * ends it after a piece, never before the first: 0 would mean the end of the
 * file. */
static long copy_pages(struct file *in, uint64_t *in_pos, struct file *out,
		       uint64_t *out_pos, size_t len, char *buf)
{
	size_t done = 0;

	while (done < len && (done == 0 || !wait_interrupted())) {
		long n = in->ops->read_kernel(
			in, buf, MIN(len - done, (size_t)PAGE_SIZE), *in_pos);
		long written =
			n > 0 ? out->ops->write_kernel(out, buf, n, out_pos)
			      : n;

		if (written < 0)
			return done ? (long)done : written;
		done += written;
		*in_pos += written;
		if (written < PAGE_SIZE)
			break;
	}
	return done;
}

static int may_copy(const struct file *in, const struct file *out)
{
	if ((in->flags & O_PATH) || (out->flags & O_PATH) ||
	    (in->flags & O_ACCMODE) == O_WRONLY ||
	    (out->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	return in->ops->read_kernel && out->ops->write_kernel ? 0 : -EINVAL;
}

static long pieces_copy(struct file *in, uint64_t *in_pos, struct file *out,
			uint64_t *out_pos, size_t len)
{
	struct page *page;
	long result;

	if ((int64_t)*in_pos < 0 || (int64_t)*out_pos < 0)
		return -EINVAL;
	page = page_alloc(0);
	if (!page)
		return -ENOMEM;
	result = copy_pages(in, in_pos, out, out_pos, MIN(len, COPY_MAX),
			    page_virt(page));
	page_put(page);
	return result;
}

/* ---- the positions of two files ----
 *
 * Each end of a copy is at a place that the program gives, which is not the
 * file's position, or at the position.  Two positions need two locks, and two
 * copies in opposite directions would take them in opposite order: so they are
 * taken by address, and once if the file is the same.
 */

struct end {
	struct file *f;
	uintptr_t user; /* where the program's place is; 0: the position */
	uint64_t place;
};

static bool shares_position(const struct end *a, const struct end *b)
{
	return a->f == b->f && !a->user && !b->user;
}

static void position_lock(const struct end *e)
{
	if (!e->user)
		core_mutex_lock(&e->f->lock);
}

static void position_unlock(const struct end *e)
{
	if (!e->user)
		core_mutex_unlock(&e->f->lock);
}

static void positions_lock(const struct end *a, const struct end *b)
{
	position_lock(a->f < b->f ? a : b);
	if (!shares_position(a, b))
		position_lock(a->f < b->f ? b : a);
}

static void positions_unlock(const struct end *a, const struct end *b)
{
	position_unlock(a);
	if (!shares_position(a, b))
		position_unlock(b);
}

static uint64_t *place_of(struct end *e)
{
	return e->user ? &e->place : &e->f->pos;
}

static int place_get(struct end *e)
{
	return e->user ? get_user(e->place, e->user) : 0;
}

static int place_put(const struct end *e)
{
	return e->user ? put_user(e->place, e->user) : 0;
}

/* In the same file, what is read must not be what is written. */
static bool ends_overlap(struct end *in, struct end *out, size_t len)
{
	uint64_t from = *place_of(in), to = *place_of(out);

	return in->f->inode == out->f->inode && from < to + len &&
	       to < from + len;
}

static long copy_ends(struct end *in, struct end *out, size_t len,
		      bool may_overlap)
{
	long result;

	if (place_get(in) || place_get(out))
		return -EFAULT;
	positions_lock(in, out);
	if (!may_overlap && ends_overlap(in, out, len))
		result = -EINVAL;
	else
		result = pieces_copy(in->f, place_of(in), out->f, place_of(out),
				     len);
	positions_unlock(in, out);
	if (result >= 0 && (place_put(in) || place_put(out)))
		return -EFAULT;
	return result;
}

/* Gets and puts the files of a call. */
static long copy_fds(struct end *in, int in_fd, struct end *out, int out_fd,
		     size_t len,
		     int (*may)(const struct file *in, const struct file *out),
		     bool may_overlap)
{
	long result = -EBADF;

	in->f = fd_get(in_fd);
	out->f = fd_get(out_fd);
	if (in->f && out->f) {
		result = may(in->f, out->f);
		if (!result)
			result = copy_ends(in, out, len, may_overlap);
	}
	if (in->f)
		file_put(in->f);
	if (out->f)
		file_put(out->f);
	return result;
}

/* ---- the calls ---- */

static int may_sendfile(const struct file *in, const struct file *out)
{
	int error = may_copy(in, out);

	return !error && (out->flags & O_APPEND) ? -EINVAL : error;
}

long sys_sendfile(int out_fd, int in_fd, uintptr_t offset, size_t count)
{
	struct end in = {.user = offset}, out = {.user = 0};

	return copy_fds(&in, in_fd, &out, out_fd, count, may_sendfile, true);
}

static int may_copy_range(const struct file *in, const struct file *out)
{
	if (in->inode && out->inode &&
	    (inode_is(in->inode, S_IFDIR) || inode_is(out->inode, S_IFDIR)))
		return -EISDIR;
	if (!in->inode || !out->inode || !inode_is(in->inode, S_IFREG) ||
	    !inode_is(out->inode, S_IFREG))
		return -EINVAL;
	return out->flags & O_APPEND ? -EBADF : may_copy(in, out);
}

long sys_copy_file_range(int in_fd, uintptr_t in_offset, int out_fd,
			 uintptr_t out_offset, size_t len, unsigned int flags)
{
	struct end in = {.user = in_offset}, out = {.user = out_offset};

	if (flags)
		return -EINVAL;
	return copy_fds(&in, in_fd, &out, out_fd, MIN(len, COPY_MAX),
			may_copy_range, false);
}
