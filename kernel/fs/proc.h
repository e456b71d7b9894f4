/*
 * proc.h - what the files of /proc share, and nobody else.
 *
 * All names are in tables of struct proc_entry; those that are numbers (of
 * processes, threads, descriptors) in a table too, with a function that counts.
 */
#ifndef FS_PROC_H
#define FS_PROC_H

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

/* ---- proc_memory.c: files of /proc/PID ---- */

int proc_show_maps(const struct proc_node *node, struct text *text);
int proc_show_cmdline(const struct proc_node *node, struct text *text);
int proc_show_environ(const struct proc_node *node, struct text *text);

/* The address space of a node's process, with a reference, or NULL. */
struct aspace *proc_aspace(const struct proc_node *node);

#endif
