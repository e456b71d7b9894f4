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
 * A node may be virtual: then its ops say what is in it (a directory), where it
 * leads (a link), or what is read from it (a file).  Such a node is made for
 * the lookup that asks for it, and lives as long as somebody has a reference.
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

struct entry;      /* a name in a directory: file/dir.c */
struct file_locks; /* linux/files/locks.c */
struct inode;
union dir_slot;

/* A name in a virtual directory, as getdents64(2) shows it. */
struct virtual_name {
	uint64_t next; /* the position after it */
	uint64_t ino;
	uint32_t mode; /* S_IF* */
	char name[32];
};

/* All but open and release need fs_lock. */
struct virtual_ops {
	/* A fresh node with one reference; NULL: no such name. */
	struct inode *(*find)(struct inode *dir, const char *name, size_t len);
	/* The first name from a position on; false: there is none. */
	bool (*next)(const struct inode *dir, uint64_t from,
		     struct virtual_name *name);
	/* The node that a link leads to, which the link has a reference of;
	 * NULL: it is a path, link.target. */
	struct inode *(*target)(const struct inode *link);
	/* Gives the file its ops and object.  0 or a negative errno. */
	int (*open)(struct file *f);
	/* The last reference has gone. */
	void (*release)(struct inode *inode);
};

/* The pages of a file, by number; a missing one is a hole: file/page_tree.c. */
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

	/* Its latest name, needs fs_lock; NULL: that has been removed. */
	struct entry *entry;

	/* Set once, with the first lock; until then NULL. */
	struct file_locks *locks;

	/* Set once; NULL: an ordinary node. */
	const struct virtual_ops *virtual;
	void *object;            /* the ops' own */
	bool transient;          /* made by a lookup, with a name of its own */
	struct inode *made_next; /* of that lookup: file/path.c */

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
