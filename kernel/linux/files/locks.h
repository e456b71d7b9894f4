/*
 * locks.h - locks that programs put on files, and when they end.
 */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include "file.h"
#include "inode.h"
#include "list.h"
#include "types.h"

/* fcntl(2)'s commands, and what they can ask for. */
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define LOCK_LAST ((uint64_t)INT64_MAX) /* the last byte a file can have */

enum lock_kind { LOCK_RANGE, LOCK_WHOLE };

/* A lock that somebody has, or wants. */
struct lock_record {
	struct list_head link;
	enum lock_kind kind;
	int type;          /* F_RDLCK ... */
	const void *owner; /* a table of descriptors, or a struct file */
	int pid;           /* -1: a struct file's */
	uint64_t start, last;
};

/*
 * Makes the range what is wanted.  -EAGAIN: somebody is in the way; or, if the
 * caller will wait, -EDEADLK or -ERESTARTSYS.  -ENOLCK: no memory.  Sleeps.
 */
int lock_set(struct inode *inode, const struct lock_record *wanted, bool wait);

/* Is somebody in the way?  Then *wanted becomes that lock. */
bool lock_find_conflict(const struct inode *inode, struct lock_record *wanted);

/* All that the owner has on the file ends. */
void locks_release(struct inode *inode, const void *owner);

#endif
