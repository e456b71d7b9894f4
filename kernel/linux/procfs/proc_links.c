/*
 * proc_links.c - where a process is and what it has open, as links: cwd, root,
 * exe and fd/ in /proc/PID.
 *
 * A link leads to a node, of which it takes a reference.  That is all it takes:
 * whoever keeps a process's table of descriptors, or its address space, may be
 * the last to let go of it.  Files would be closed here, and memory freed, in
 * the middle of a lookup, under fs_lock, which a file's release may want.  So
 * everything is looked at under process_lock: a process gives up what it has
 * under that lock, and frees it afterwards.
 */
#include "procfs.h"

#include "aspace.h"
#include "errno.h"
#include "fd_table.h"

/* Takes the reference over. */
static int link_to(struct text *text, struct inode *inode,
		   struct inode **target)
{
	if (!inode)
		return -ENOENT;
	proc_print_path(text, inode);
	*target = inode;
	return 0;
}

int proc_link_cwd(const struct proc_node *node, struct text *text,
		  struct inode **target)
{
	struct inode *cwd = NULL;
	struct process *p;

	spin_lock(&process_lock);
	p = proc_process(node);
	if (p) {
		spin_lock(&p->lock);
		cwd = p->cwd ? inode_get(p->cwd) : NULL;
		spin_unlock(&p->lock);
	}
	spin_unlock(&process_lock);
	return link_to(text, cwd, target);
}

int proc_link_root(const struct proc_node *node, struct text *text,
		   struct inode **target)
{
	return link_to(text, inode_get(fs_root()), target);
}

int proc_link_exe(const struct proc_node *node, struct text *text,
		  struct inode **target)
{
	struct inode *exe = NULL;
	struct file *file;
	struct process *p;

	spin_lock(&process_lock);
	p = proc_process(node);
	file = p && p->aspace ? backing_file(&p->aspace->program.exe) : NULL;
	if (file)
		exe = inode_get(file->inode);
	spin_unlock(&process_lock);
	return link_to(text, exe, target);
}

/* ---- descriptors ---- */

/* The node's process's, or NULL; needs process_lock, and lasts as long. */
static struct fdtable *files_of(const struct proc_node *node)
{
	struct process *p = proc_process(node);

	return p ? p->files : NULL;
}

int proc_next_fd(const struct proc_node *dir, int from)
{
	struct fdtable *files;
	int fd = -1;

	spin_lock(&process_lock);
	files = files_of(dir);
	if (files && from < FD_MAX)
		fd = fdtable_next(files, from);
	spin_unlock(&process_lock);
	return fd;
}

/* A file without a node is a number. */
int proc_link_fd(const struct proc_node *node, struct text *text,
		 struct inode **target)
{
	struct fd_look look;
	struct fdtable *files;
	bool open;

	spin_lock(&process_lock);
	files = files_of(node);
	open = files && fdtable_look(files, node->fd, &look);
	spin_unlock(&process_lock);
	if (!open)
		return -ENOENT;
	if (look.inode)
		return link_to(text, look.inode, target);
	text_printf(text, "object:[%p]", look.name);
	return 0;
}
