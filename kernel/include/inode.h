/*
 * inode.h - the nodes of the file system in memory.
 *
 * A node is a directory, a regular file, a symbolic link, or the name of a
 * device or FIFO.  It lives as long as somebody has a reference: each name in
 * a directory is one, and so is each open file, each working directory, and,
 * of a directory, each directory inside it.  So a file whose last name is
 * removed stays until the last program has closed it.
 *
 * Two kinds of locks:
 *
 *	fs_lock		one for all names: what is in which directory, link
 *			counts, owners and modes.  A path is looked up, and a
 *			name added or removed, in one go under it.
 *	ram_file.lock	one for each regular file: its pages and its size.
 *
 * Nobody touches user memory under either: a fault may need a file's page, and
 * thus the file's lock.  ram_file.write_lock is different: it keeps writers of
 * one file apart for a whole write(2), comes before aspace->lock, and nobody
 * takes it in a fault.
 */
#ifndef INODE_H
#define INODE_H

#include "core_mutex.h"
#include "file.h"
#include "stat.h"
#include "types.h"

struct entry; /* a name in a directory: fs/dir.c */
union dir_slot;

/* The pages of a file, by number; a missing one is a hole: fs/page_tree.c. */
struct page_tree {
	void *root;
	unsigned int height;
	size_t pages;
};

struct ram_file {
	struct core_mutex write_lock; /* one write or truncate at a time */

	/* Needs lock; size may be read without. */
	struct core_mutex lock;
	uint64_t size;
	struct page_tree tree;
};

/* Needs fs_lock. */
struct directory {
	struct inode *parent; /* a reference; of the root: itself */
	struct entry *entry;  /* its own name in the parent, or NULL */
	struct entry **buckets;
	union dir_slot *slots;
	uint32_t capacity; /* of both arrays; a power of two, or 0 */
	uint32_t count;    /* names */
	uint32_t used;     /* slots that ever had a name */
	uint32_t free;     /* a slot without one, or NO_SLOT */
};

struct symlink {
	char *target; /* never changes */
	size_t len;
};

struct inode {
	unsigned int refs; /* atomic */

	/* Set once. */
	uint64_t ino;
	uint64_t rdev; /* of a device */

	/* Written under fs_lock; single words, which anybody may read. */
	uint32_t mode; /* S_IF* and permissions */
	uint32_t uid, gid;
	uint32_t nlink;

	/* Nanoseconds since 1970; the last writer wins. */
	uint64_t atime, mtime, ctime;

	union {
		struct ram_file file;
		struct directory dir;
		struct symlink link;
	};
};

extern struct core_mutex fs_lock;

#define MAY_READ 4u
#define MAY_WRITE 2u
#define MAY_EXEC 1u

/* May the current process do all of that?  0 or -EACCES. */
int inode_permission(const struct inode *inode, unsigned int want);

/* Opens a program for execve: it must be a regular file that the current
 * process may execute (-EACCES); reading it needs no permission. */
int fs_open_exec(const char *path, struct file **out);

static inline bool inode_is(const struct inode *inode, uint32_t type)
{
	return mode_is(inode->mode, type);
}

#endif
