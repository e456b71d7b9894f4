/*
 * rw.c - read, write, and what else is done to an open file.
 *
 * The work is the file's ops'.  Here are the checks that are the same for all,
 * and the position: a file that has one (it has ops->lseek) is locked for the
 * whole call, so that two writers who share it, after a fork, do not write to
 * the same place.
 */
#include "rw.h"
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "heap.h"
#include "process.h"
#include "syscall.h"
#include "uaccess.h"
#include "waitq.h"

#define RW_MAX 0x7ffff000ul /* at most in one call: read(2), NOTES */
#define IOV_MAX 1024
#define IOV_FEW 8

struct iovec {
	uintptr_t base;
	size_t len;
};

/* ---- the common way ---- */

static inline int may_transfer(const struct file *f, enum direction way)
{
	unsigned int mode = f->flags & (O_ACCMODE | O_PATH);

	if (mode == (way == READ ? O_WRONLY : O_RDONLY) || mode > O_RDWR)
		return -EBADF;
	return way == READ ? (f->ops->read ? 0 : -EINVAL)
			   : (f->ops->write ? 0 : -EINVAL);
}

/* When a piece is full and the next is not, would read(2) wait for more?  What
 * has come is enough then (readv(2) waits once). */
static bool would_wait(struct file *f, enum direction way)
{
	struct pollhead *head;

	return way == READ && f->ops->poll && !f->ops->lseek &&
	       !(f->ops->poll(f, &head) & POLLIN);
}

/* The pieces one after the other, until one is not moved whole. */
static long transfer_pieces(struct file *f, enum direction way,
			    const struct iovec *iov, unsigned int count,
			    uint64_t *pos)
{
	long done = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (done > 0 && (wait_interrupted() || would_wait(f, way)))
			break;

		uintptr_t buf = iov[i].base;
		size_t len = MIN(iov[i].len, RW_MAX);
		long n = -EFAULT;

		if (user_range_ok(buf, len))
			n = way == READ ? f->ops->read(f, buf, len, pos)
					: f->ops->write(f, buf, len, pos);
		if (n < 0)
			return done > 0 ? done : n;
		done += n;
		if ((size_t)n < iov[i].len)
			break;
	}
	return done;
}

/* At the file's position if pos is NULL; a file that has one is locked. */
static long transfer(int fd, enum direction way, const struct iovec *iov,
		     unsigned int count, uint64_t *pos)
{
	struct fd_use use = fd_use_begin(fd);
	struct file *f = use.file;
	long result = f ? may_transfer(f, way) : -EBADF;
	bool locked = !result && !pos && f->ops->lseek;

	if (!result && pos && !f->ops->lseek)
		result = -ESPIPE;
	if (locked)
		core_mutex_lock(&f->lock);
	if (!result)
		result = transfer_pieces(f, way, iov, count,
					 pos ? pos : &f->pos);
	if (locked)
		core_mutex_unlock(&f->lock);
	fd_use_end(use);
	return result;
}

/* ---- one buffer ---- */

long sys_read(int fd, uintptr_t buf, size_t len)
{
	return transfer(fd, READ, &(struct iovec){buf, len}, 1, NULL);
}

long sys_write(int fd, uintptr_t buf, size_t len)
{
	return transfer(fd, WRITE, &(struct iovec){buf, len}, 1, NULL);
}

long sys_pread64(int fd, uintptr_t buf, size_t len, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer(fd, READ, &(struct iovec){buf, len}, 1, &pos);
}

long sys_pwrite64(int fd, uintptr_t buf, size_t len, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer(fd, WRITE, &(struct iovec){buf, len}, 1, &pos);
}

/* ---- many buffers ---- */

/* The list is copied once; all of it must be sane before any byte moves. */
static int iovec_check(struct iovec *iov, unsigned int count)
{
	size_t total = 0;

	for (unsigned int i = 0; i < count; i++) {
		if ((int64_t)iov[i].len < 0)
			return -EINVAL;
		iov[i].len = MIN(iov[i].len, RW_MAX - total);
		total += iov[i].len;
		if (!user_range_ok(iov[i].base, iov[i].len))
			return -EFAULT;
	}
	return 0;
}

long transfer_vector(int fd, enum direction way, uintptr_t list, uint64_t count,
		     uint64_t *pos)
{
	struct iovec few[IOV_FEW], *iov = few;
	long result;

	if (count > IOV_MAX)
		return -EINVAL;
	if (count > IOV_FEW)
		iov = kmalloc(count * sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	result = copy_from_user(iov, list, count * sizeof(*iov));
	if (!result)
		result = iovec_check(iov, count);
	if (!result)
		result = transfer(fd, way, iov, count, pos);
	if (iov != few)
		kfree(iov);
	return result;
}

long sys_readv(int fd, uintptr_t iov, size_t count)
{
	return transfer_vector(fd, READ, iov, count, NULL);
}

long sys_writev(int fd, uintptr_t iov, size_t count)
{
	return transfer_vector(fd, WRITE, iov, count, NULL);
}

/* ---- position, directory, device ---- */

long sys_lseek(int fd, int64_t offset, unsigned int whence)
{
	struct file *file = fd_get(fd);
	long result = -ESPIPE;

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		result = -EBADF;
	else if (file->ops->lseek) {
		core_mutex_lock(&file->lock);
		result = file->ops->lseek(file, offset, whence);
		core_mutex_unlock(&file->lock);
	}
	file_put(file);
	return result;
}

long sys_getdents64(int fd, uintptr_t buf, unsigned int len)
{
	struct file *file = fd_get(fd);
	long result = -ENOTDIR;

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		result = -EBADF;
	else if (file->ops->getdents64) {
		core_mutex_lock(&file->lock);
		result = file->ops->getdents64(file, buf, len);
		core_mutex_unlock(&file->lock);
	}
	file_put(file);
	return result;
}

/* What ioctl(2) does to any file. */
#define FIONBIO 0x5421
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451

static long set_nonblocking(struct file *f, uintptr_t arg)
{
	int on;

	if (get_user(on, arg))
		return -EFAULT;
	core_mutex_lock(&f->lock);
	f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~O_NONBLOCK;
	core_mutex_unlock(&f->lock);
	return 0;
}

long sys_ioctl(int fd, unsigned int request, uintptr_t arg)
{
	struct file *file = fd_get(fd);
	long result = -ENOTTY;

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		result = -EBADF;
	else if (request == FIOCLEX || request == FIONCLEX)
		result = fdtable_set_cloexec(current->proc->files, fd,
					     request == FIOCLEX);
	else if (request == FIONBIO)
		result = set_nonblocking(file, arg);
	else if (file->ops->ioctl)
		result = file->ops->ioctl(file, request, arg);
	file_put(file);
	return result;
}
