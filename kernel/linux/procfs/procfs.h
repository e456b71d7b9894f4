/*
 * procfs.h - what the files of /proc share, and nobody else.
 *
 * All names are in tables of struct proc_entry; those that are numbers (of
 * processes, threads, descriptors) in a table too, with a function that counts.
 */
#ifndef PROCFS_H
#define PROCFS_H

#include "fs.h"
#include "process.h"
#include "text.h"

struct proc_entry;

/* A node of /proc: an entry, and whose it is. */
struct proc_node {
	const struct proc_entry *entry;
	int pid, tid, fd; /* 0, 0, -1: of none */
	uint64_t started; /* when; a number may be another's by now */
	struct inode *target;
};

struct proc_entry {
	const char *name; /* NULL ends a table */
	uint32_t mode;    /* S_IF* and permissions */

	/* Of a directory: its names; and those that are numbers. */
	const struct proc_entry *names;
	const struct proc_entry *numbers;
	/* The first number from `from` on; -1: there is none. */
	int (*next)(const struct proc_node *dir, int from);

	/* Of a file: what is read, and written (a terminated string).
	 * Negative errno; -ESRCH: the process is gone. */
	int (*show)(const struct proc_node *node, struct text *text);
	int (*store)(const struct proc_node *node, const char *value);

	/* Of a link: its path, and in *target, with a reference, the node it
	 * leads to, or NULL.  Needs fs_lock. */
	int (*link)(const struct proc_node *node, struct text *text,
		    struct inode **target);
};

/* Rows of a table. */
#define PROC_FILE(file_name, function) \
	{ \
		.name = (file_name), .mode = S_IFREG | 0444, \
		.show = (function) \
	}
#define PROC_LINK(link_name, function) \
	{ \
		.name = (link_name), .mode = S_IFLNK | 0777, \
		.link = (function) \
	}
#define PROC_DIRECTORY(dir_name, entries) \
	{ \
		.name = (dir_name), .mode = S_IFDIR | 0555, .names = (entries) \
	}

/* ---- proc.c ---- */

#define PROC_TICKS_PER_SECOND 100 /* sysconf(_SC_CLK_TCK) */

/* Time as most files give it. */
uint64_t proc_ticks(uint64_t cycles);

/* A node's path, " (deleted)" if it has lost its name.  Needs fs_lock. */
void proc_print_path(struct text *text, const struct inode *inode);

/* The process of a node, or NULL when it is gone; needs process_lock. */
struct process *proc_process(const struct proc_node *node);

/* ---- proc_process.c, proc_system.c ---- */

extern const struct proc_entry proc_process_names[]; /* of /proc/PID */
extern const struct proc_entry proc_system_names[];  /* of /proc */

/* ---- proc_system.c, proc_sysctl.c ---- */

int proc_show_mounts(const struct proc_node *node, struct text *text);
int proc_show_mountinfo(const struct proc_node *node, struct text *text);
extern const struct proc_entry proc_sysctl_kernel[], proc_sysctl_vm[];
extern const struct proc_entry proc_sysctl_fs[]; /* of /proc/sys/... */

/* ---- proc_links.c: links of /proc/PID ---- */

int proc_link_cwd(const struct proc_node *node, struct text *text,
		  struct inode **target);
int proc_link_root(const struct proc_node *node, struct text *text,
		   struct inode **target);
int proc_link_exe(const struct proc_node *node, struct text *text,
		  struct inode **target);
int proc_link_fd(const struct proc_node *node, struct text *text,
		 struct inode **target);

/* The first open descriptor from `from` on, or -1. */
int proc_next_fd(const struct proc_node *dir, int from);

/* ---- proc_memory.c: files of /proc/PID ---- */

int proc_show_maps(const struct proc_node *node, struct text *text);
int proc_show_cmdline(const struct proc_node *node, struct text *text);
int proc_show_environ(const struct proc_node *node, struct text *text);

#endif
