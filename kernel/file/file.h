/*
 * file.h - open files, descriptors, and the objects behind them.
 *
 *	descriptor (an int) -> struct file -> struct inode or the object's own
 *
 * A struct file is what open() makes: it has the position and the flags, and
 * is shared by dup() and fork().  Its ops say what read, write, poll ... do.
 * References are counted: a descriptor has one, and so does a call in progress.
 * A struct inode is a node of the file system in memory.
 */
#ifndef FILE_H
#define FILE_H

#include "core_mutex.h"
#include "list.h"
#include "spinlock.h"
#include "types.h"
#include "waitq.h"

struct epoll_item;
struct file;
struct inode;
struct kernel_stat;
struct page;

/* open(2) flags, Linux x86-64. */
#define O_ACCMODE 3
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_NOATIME 01000000
#define O_CLOEXEC 02000000
#define O_PATH 010000000

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFREG 0100000
#define S_IFIFO 0010000
#define S_IFLNK 0120000
#define S_IFSOCK 0140000
#define S_IFBLK 0060000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_ISVTX 0001000
#define S_IXGRP 0000010

/* lseek(2) */
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010
#define POLLNVAL 0x020

/* ---- poll ---- */

/*
 * Each object that poll() can wait for has a pollhead.  Whoever changes the
 * object's readiness calls poll_notify(), best under the lock that guards it:
 * any context, but no core lock may be held.
 */
struct pollhead {
	struct spinlock lock;
	struct list_head watchers; /* needs lock */
};

/* Somebody who is to be told: a call of poll(2), an entry of an epoll. */
struct poll_watcher {
	struct list_head link; /* needs head->lock */
	struct pollhead *head; /* NULL: nothing to wait for */
	/* Called with head->lock held, and what poll_notify()'s caller holds.
	 */
	void (*notify)(struct poll_watcher *w);
};

void pollhead_init(struct pollhead *head);
void poll_notify(struct pollhead *head);

/* From now on, until poll_unwatch() returns, w->notify(w) is called.  Whoever
 * watches then asks the object: it may have changed just before. */
void poll_watch(struct poll_watcher *w, struct pollhead *head);
void poll_unwatch(struct poll_watcher *w);

/* ---- files ---- */

struct file_ops {
	/* Buffers are user addresses.  What was moved, or a negative errno;
	 * *pos is the file's position, to be moved on. */
	long (*read)(struct file *f, uintptr_t buf, size_t len, uint64_t *pos);
	long (*write)(struct file *f, uintptr_t buf, size_t len, uint64_t *pos);
	long (*lseek)(struct file *f, int64_t offset, int whence);
	long (*ioctl)(struct file *f, unsigned int request, uintptr_t arg);
	long (*getdents64)(struct file *f, uintptr_t buf, size_t len);
	/* POLL* now, and in *head where to wait for a change. */
	unsigned int (*poll)(struct file *f, struct pollhead **head);
	int (*stat)(struct file *f, struct kernel_stat *st);
	/* A page of the file for mmap, with a reference.  0, -ENXIO: it lies
	 * behind the end, -ENOMEM.  Kernel side: no user memory is touched. */
	int (*page)(struct file *f, uint64_t offset, struct page **out);
	/* The same with kernel buffers, for execve and for copies inside the
	 * kernel; reading moves no position. */
	long (*read_kernel)(struct file *f, void *buf, size_t len,
			    uint64_t pos);
	long (*write_kernel)(struct file *f, const void *buf, size_t len,
			     uint64_t *pos);
	/* The last reference has gone. */
	void (*release)(struct file *f);
};

struct file {
	unsigned int refs;  /* atomic */
	unsigned int flags; /* O_*; the mutable ones need lock */
	const struct file_ops *ops;
	struct core_mutex lock; /* of pos */
	uint64_t pos;
	struct inode *inode;       /* a reference, or NULL */
	void *object;              /* the ops' own */
	struct epoll_item *epolls; /* that watch it: epoll.c */
};

/* NULL when memory is exhausted; one reference. */
struct file *file_create(const struct file_ops *ops, unsigned int flags);
struct file *file_get(struct file *f);
void file_put(struct file *f);

/* ---- descriptors ---- */

#define FD_MAX 4096 /* RLIMIT_NOFILE's maximum */

struct fdtable;

struct fdtable *fdtable_create(void);
struct fdtable *fdtable_copy(struct fdtable *from); /* fork */
struct fdtable *fdtable_get(struct fdtable *t);     /* CLONE_FILES */
void fdtable_put(struct fdtable *t);
void fdtable_close_on_exec(struct fdtable *t);

/* The file behind a descriptor of the current process, with a reference; NULL:
 * -EBADF. */
struct file *fd_get(int fd);

/* The lowest free descriptor from `from` on for the file, whose reference goes
 * to the table; -EMFILE (then the reference stays the caller's). */
long fd_install(struct file *f, int from, bool cloexec);
long fd_close(int fd);

/* ---- the file system ---- */

/* Unpacks the cpio archive (newc format) at boot, and makes /dev. */
void fs_init(const void *archive, size_t len);

/* Opens a path, relative to the current process's directory; a kernel string.
 * 0 or a negative errno. */
int fs_open(int dirfd, const char *path, unsigned int flags, uint32_t mode,
	    struct file **out);

/* ---- terminals ---- */

/* The leader of a session ends: its terminal is free again. */
void tty_session_ended(int session);

/* The number in /dev of a session's terminal, and the group in its foreground;
 * false: it has none. */
bool tty_of_session(int session, uint64_t *number, int *foreground);

/* ---- nodes ---- */

struct inode *fs_root(void);
struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode);

#endif
