/*
 * fd_table.h - tables of descriptors, for the system calls on them and for
 * tests.
 */
#ifndef FD_TABLE_H
#define FD_TABLE_H

#include "file.h"
#include "process.h"
#include "spinlock.h"
#include "types.h"

#define FD_WORD 64 /* descriptors in a word of bits */

struct fdtable {
	unsigned int refs; /* atomic: processes */

	/* Needs lock. */
	unsigned int capacity; /* a multiple of FD_WORD */
	struct file **files;
	uint64_t full;
	uint64_t *open, *cloexec;
	struct spinlock lock;
	uint64_t first_bits[2];
	struct file *first_files[FD_WORD];
};

/*
 * Can nobody but the current thread change its table?  A process with one
 * thread stays so while that thread is in a system call; a table with one
 * reference belongs to that process alone.  Then no lock is needed to look at
 * it, and no reference of a file for the time of a call.
 */
static inline bool fd_table_is_private(const struct fdtable *t)
{
	const struct process *p = current->proc;

	return p && p->thread_count == 1 && p->files == t && t->refs == 1;
}

static inline struct file *fd_table_file(const struct fdtable *t, int fd)
{
	return (unsigned int)fd < t->capacity ? t->files[fd] : NULL;
}

/* As fd_get() and file_put(), without counting where that is not needed. */
struct fd_use {
	struct file *file; /* NULL: not open */
	bool counted;
};

static inline struct fd_use fd_use_begin(int fd)
{
	const struct fdtable *t = current->proc->files;

	if (likely(fd_table_is_private(t)))
		return (struct fd_use){fd_table_file(t, fd), false};
	return (struct fd_use){fd_get(fd), true};
}

static inline void fd_use_end(struct fd_use use)
{
	if (use.counted && use.file)
		file_put(use.file);
}

/* The lowest free number from `from` on and below `limit`; the file's
 * reference goes to the table.  -EMFILE, -ENOMEM: it stays the caller's. */
long fdtable_install(struct fdtable *t, struct file *f, unsigned int from,
		     unsigned int limit, bool cloexec);

/* The same with a given number; what was open there is closed. */
long fdtable_replace(struct fdtable *t, struct file *f, unsigned int fd,
		     bool cloexec);

/* The file behind a descriptor, with a reference; NULL: not open. */
struct file *fdtable_file(struct fdtable *t, int fd);

/* -EBADF: it was not open. */
int fdtable_close(struct fdtable *t, int fd);

/* 0 or 1; -EBADF. */
int fdtable_get_cloexec(struct fdtable *t, int fd);
int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec);

/* The first open descriptor from `from` on, or -1. */
int fdtable_next(struct fdtable *t, unsigned int from);

/* What others may know of a descriptor: which file it is, as a name that leads
 * nowhere, and the file's node, with a reference, or NULL. */
struct fd_look {
	const void *name;
	struct inode *inode;
};

/* For /proc, which keeps neither table nor file: else it might be the one that
 * closes them, under the locks of a lookup.  False: not open. */
bool fdtable_look(struct fdtable *t, int fd, struct fd_look *look);

/* How many descriptors the current process may have. */
unsigned int fd_limit(void);

#endif
