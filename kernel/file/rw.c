/*
 * rw.c - read, write, and what else is done to an open file.
 *
 * The work is the file's ops'.  Here are the checks that are the same for all,
 * and the position: a file that has one (it has ops->lseek) is locked for the
 * whole call, so that two writers who share it, after a fork, do not write to
 * the same place.
 */
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

enum direction { READ, WRITE };

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

static inline long transfer(struct file *f, enum direction way, uintptr_t buf,
			    size_t len, uint64_t *pos)
{
	len = MIN(len, RW_MAX);
	if (!user_range_ok(buf, len))
		return -EFAULT;
	return way == READ ? f->ops->read(f, buf, len, pos)
			   : f->ops->write(f, buf, len, pos);
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

		long n = transfer(f, way, iov[i].base, iov[i].len, pos);

		if (n < 0)
			return done > 0 ? done : n;
		done += n;
		if ((size_t)n < iov[i].len)
			break;
	}
	return done;
}

static bool position_begin(struct file *f)
{
	if (f->ops->lseek)
		core_mutex_lock(&f->lock);
	return f->ops->lseek;
}

static void position_end(struct file *f, bool locked)
{
	if (locked)
		core_mutex_unlock(&f->lock);
}

/* At the file's position if pos is NULL. */
static long transfer_at(struct file *f, enum direction way,
			const struct iovec *iov, unsigned int count,
			uint64_t *pos)
{
	long result = may_transfer(f, way);

	if (result)
		return result;
	if (pos)
		return f->ops->lseek ? transfer_pieces(f, way, iov, count, pos)
				     : -ESPIPE;
	bool locked = position_begin(f);

	result = transfer_pieces(f, way, iov, count, &f->pos);
	position_end(f, locked);
	return result;
}

static long transfer_fd(int fd, enum direction way, const struct iovec *iov,
			unsigned int count, uint64_t *pos)
{
	struct fd_use use = fd_use_begin(fd);
	long result = -EBADF;

	if (use.file)
		result = transfer_at(use.file, way, iov, count, pos);
	fd_use_end(use);
	return result;
}

/* read(2) and write(2), which most calls are: one buffer, at the position. */
static inline long transfer_one(int fd, enum direction way, uintptr_t buf,
				size_t len)
{
	struct fd_use use = fd_use_begin(fd);
	struct file *f = use.file;
	long result = f ? may_transfer(f, way) : -EBADF;

	if (!result) {
		bool locked = position_begin(f);

		result = transfer(f, way, buf, len, &f->pos);
		position_end(f, locked);
	}
	fd_use_end(use);
	return result;
}

/* ---- one buffer ---- */

long sys_read(int fd, uintptr_t buf, size_t len)
{
	return transfer_one(fd, READ, buf, len);
}

long sys_write(int fd, uintptr_t buf, size_t len)
{
	return transfer_one(fd, WRITE, buf, len);
}

long sys_pread64(int fd, uintptr_t buf, size_t len, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer_fd(fd, READ, &(struct iovec){buf, len}, 1, &pos);
}

long sys_pwrite64(int fd, uintptr_t buf, size_t len, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer_fd(fd, WRITE, &(struct iovec){buf, len}, 1, &pos);
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

static long transfer_vector(int fd, enum direction way, uintptr_t list,
			    uint64_t count, uint64_t *pos)
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
		result = transfer_fd(fd, way, iov, count, pos);
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

long sys_preadv(int fd, uintptr_t iov, size_t count, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer_vector(fd, READ, iov, count, &pos);
}

long sys_pwritev(int fd, uintptr_t iov, size_t count, int64_t offset)
{
	uint64_t pos = offset;

	if (offset < 0)
		return -EINVAL;
	return transfer_vector(fd, WRITE, iov, count, &pos);
}

#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u

/* At a place, or at -1 the position.  The flags that are known ask for nothing
 * that is not so in any case; the place comes in one register, and then again
 * for machines with smaller ones (preadv2(2)). */
static long transfer_vector2(int fd, enum direction way, uintptr_t list,
			     uint64_t count, int64_t offset, int flags)
{
	uint64_t pos = offset;

	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return -EOPNOTSUPP;
	if (offset < -1)
		return -EINVAL;
	return transfer_vector(fd, way, list, count,
			       offset == -1 ? NULL : &pos);
}

long sys_preadv2(int fd, uintptr_t iov, size_t count, int64_t offset,
		 uint64_t offset_high, int flags)
{
	return transfer_vector2(fd, READ, iov, count, offset, flags);
}

long sys_pwritev2(int fd, uintptr_t iov, size_t count, int64_t offset,
		  uint64_t offset_high, int flags)
{
	return transfer_vector2(fd, WRITE, iov, count, offset, flags);
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
