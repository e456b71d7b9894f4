/*
 * procfs.h - what the files of /proc share, and nobody else.
 *
 * What any part of the kernel shows is a row of proc_files (proc_file.h).  The
 * names in the directory of a process are in tables here; those that are
 * numbers (of processes, threads, descriptors) too, with a function that
 * counts.
 */
#ifndef PROCFS_H
#define PROCFS_H

#include "fs.h"
#include "proc_file.h"
#include "process.h"
#include "text.h"

/* A node of /proc: an entry, and whose it is. */
struct proc_node {
	const struct proc_entry *entry;
	int pid, tid, fd; /* 0, 0, -1: of none */
	uint64_t started; /* when; a number may be another's by now */
	struct inode *target;
};

/* Rows of the tables for processes; the others are rows of proc_files. */
#define PID_FILE(file_name, function) \
	{ \
		.name = (file_name), .mode = S_IFREG | 0444, \
		.show = (function) \
	}
#define PID_LINK(link_name, function) \
	{ \
		.name = (link_name), .mode = S_IFLNK | 0777, \
		.link = (function) \
	}

/* ---- proc.c ---- */

#define PROC_TICKS_PER_SECOND 100 /* sysconf(_SC_CLK_TCK) */

/* Time as most files give it. */
uint64_t proc_ticks(uint64_t cycles);

/* A node's path, " (deleted)" if it has lost its name.  Needs fs_lock. */
void proc_print_path(struct text *text, const struct inode *inode);

/* The process of a node, or NULL when it is gone; needs process_lock. */
struct process *proc_process(const struct proc_node *node);

/* ---- proc_process.c ---- */

extern const struct proc_entry proc_process_names[]; /* of /proc/PID */

/* ---- proc_system.c ---- */

int proc_show_mounts(const struct proc_node *node, struct text *text);
int proc_show_mountinfo(const struct proc_node *node, struct text *text);

/* ---- proc_sysctl.c ---- */

/* Values, with tabs between; and the same as text becomes them: -EINVAL, and
 * none of them changes. */
void proc_show_values(const struct proc_entry *entry, struct text *text);
int proc_store_values(const struct proc_entry *entry, const char *value);

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
