/*
 * proc_file.h - what a part of the kernel shows in /proc, and the values that
 * root may set in /proc/sys.
 *
 *	PROC_FILE("sysvipc", "msg", show_queues);	/proc/sysvipc/msg
 *	SYSCTL("sys/kernel", "msgmax", msgmax);		/proc/sys/kernel/msgmax
 *
 * The rows are there whether somebody reads them or not: that is
 * kernel/linux/procfs's business.
 */
#ifndef PROC_FILE_H
#define PROC_FILE_H

#include "table.h"
#include "text.h"
#include "types.h"

struct inode;
struct proc_node; /* which node: kernel/linux/procfs/procfs.h */

/* A value: one word, read where it is needed without a lock. */
struct sysctl {
	uint64_t value, min, max;
};

struct proc_entry {
	const char *name;
	uint32_t mode;  /* S_IF* and permissions */
	const char *in; /* of a row: its directory, below /proc; "" is that */

	/* Of a directory: its path, as for `in`.  Of a process's directory,
	 * which has no rows: its names, up to one that is NULL; and those that
	 * are numbers. */
	const char *path;
	const struct proc_entry *names;
	const struct proc_entry *numbers;
	/* The first number from `from` on; -1: there is none. */
	int (*next)(const struct proc_node *dir, int from);

	/* Of a file: what is read, and written (a terminated string).
	 * Negative errno; -ESRCH: the process is gone. */
	int (*show)(const struct proc_node *node, struct text *text);
	int (*store)(const struct proc_node *node, const char *value);

	/* Or these: numbers, and how many. */
	struct sysctl *values;
	unsigned int value_count;

	/* Of a link: its path, and in *target, with a reference, the node it
	 * leads to, or NULL.  Needs fs_lock. */
	int (*link)(const struct proc_node *node, struct text *text,
		    struct inode **target);
};

TABLE(proc_files, struct proc_entry);

#define PROC_ROW TABLE_ROW(proc_files, struct proc_entry)

/* In the directory `in`, which is a row too: a file that everybody reads; one
 * that root writes; the values of one or several struct sysctl. */
#define PROC_FILE(directory, file_name, function) \
	PROC_ROW \
	{ \
		.in = directory, .name = file_name, .mode = 0100444, \
		.show = function \
	}
#define PROC_FILE_WRITABLE(directory, file_name, shows, stores) \
	PROC_ROW \
	{ \
		.in = directory, .name = file_name, .mode = 0100644, \
		.show = shows, .store = stores \
	}
#define SYSCTLS(directory, file_name, array, count) \
	PROC_ROW \
	{ \
		.in = directory, .name = file_name, .mode = 0100644, \
		.values = array, .value_count = count \
	}
#define SYSCTL(directory, file_name, value) \
	SYSCTLS(directory, file_name, &(value), 1)
#define PROC_LINK(directory, link_name, function) \
	PROC_ROW \
	{ \
		.in = directory, .name = link_name, .mode = 0120777, \
		.link = function \
	}
#define PROC_DIRECTORY(directory, dir_name, its_path) \
	PROC_ROW \
	{ \
		.in = directory, .name = dir_name, .mode = 0040555, \
		.path = its_path \
	}

#endif
