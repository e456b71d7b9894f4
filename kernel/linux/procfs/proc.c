/*
 * proc.c - /proc: what the kernel knows, as files.
 *
 * Programs like ps and top learn from these files which processes there are and
 * what they do; the formats are Linux's (proc(5)).  Nothing is stored: a name
 * is looked up in the tables, a node made for it, and its text printed when a
 * program reads from its beginning.
 *
 *	/proc/12/fd/3	lookup: "12"  find() makes a node: pid 12
 *				"fd"  another: pid 12, the directory fd
 *				"3"   a link: pid 12, descriptor 3
 *
 * A node knows its process by number, and by when it was started, since the
 * number may be given to another one.  So no process is kept by an open file:
 * reading it fails with ESRCH when the process is gone.
 *
 * The text is one moment's: who reads a file in small pieces gets pieces of
 * what it was at the first.
 */
#include "procfs.h"

#include "errno.h"
#include "heap.h"
#include "init.h"
#include "panic.h"
#include "string.h"
#include "time.h"
#include "uaccess.h"

#define STORE_MAX 64 /* bytes written at once, with the terminator */

/* Positions in a directory: its names, and from here on numbers. */
#define FIRST_NUMBER 256u

static const struct virtual_ops proc_ops;

uint64_t proc_ticks(uint64_t cycles)
{
	return time_cycles_to_ns(cycles) /
	       (NSEC_PER_SEC / PROC_TICKS_PER_SECOND);
}

/* ---- processes ---- */

struct process *proc_process(const struct proc_node *node)
{
	struct process *p = process_find(node->pid);

	return p && p->started == node->started ? p : NULL;
}

/* Whose files they are: fills in the node's process and its owner. */
static bool find_owner(struct proc_node *node, struct inode *inode)
{
	struct process *p;

	spin_lock(&process_lock);
	p = process_find(node->pid);
	if (p && node->started && p->started != node->started)
		p = NULL;
	if (p) {
		node->started = p->started;
		inode->uid = p->cred.euid;
		inode->gid = p->cred.egid;
	}
	spin_unlock(&process_lock);
	return p;
}

/* ---- nodes ---- */

static const struct proc_entry root_entry;
static const struct proc_node root_node = {.entry = &root_entry, .fd = -1};

static const struct proc_node *node_of(const struct inode *inode)
{
	return inode->object;
}

static uint64_t node_ino(const struct proc_node *node)
{
	uint64_t number = node->fd >= 0 ? node->fd + 1 : node->tid;

	return (uint64_t)node->pid << 48 ^ number << 32 ^
	       (uint32_t)(uintptr_t)node->entry;
}

static void node_release(struct inode *inode)
{
	struct proc_node *node = inode->object;

	if (node != &root_node) {
		inode_put(node->target);
		kfree(node);
	}
}

/* Where a link leads; it is the process's own business, and root's. */
static int link_resolve(struct inode *inode, struct proc_node *node)
{
	struct text path = {0};
	int error;

	if (node->pid && !inode_is_owner(inode))
		return -EACCES;
	error = node->entry->link(node, &path, &node->target);
	text_add(&path, "", 1);
	if (!error)
		error = text_error(&path);
	if (error) {
		text_free(&path);
		return error;
	}
	inode->link.target = path.data;
	inode->link.len = path.len - 1;
	return 0;
}

/* Fills an inode that was just made; what fails is undone by its release. */
static int node_fill(struct inode *inode, struct proc_node *node)
{
	inode->uid = inode->gid = 0;
	if (node->pid && !find_owner(node, inode))
		return -ESRCH;
	inode->ino = node_ino(node);
	inode->nlink = inode_is(inode, S_IFDIR) ? 2 : 1;
	return inode_is(inode, S_IFLNK) ? link_resolve(inode, node) : 0;
}

static struct inode *node_create(struct inode *dir, const char *name,
				 size_t len, const struct proc_node *model)
{
	struct inode *inode = inode_create(model->entry->mode);
	struct proc_node *node = kmalloc(sizeof(*node));

	if (!inode || !node) {
		inode_put(inode);
		kfree(node);
		return NULL;
	}
	*node = *model;
	inode->virtual = &proc_ops;
	inode->object = node;
	if (inode_name(dir, name, len, inode) == 0) {
		inode->transient = true;
		if (node_fill(inode, node) == 0)
			return inode;
	}
	inode_put(inode);
	return NULL;
}

/* ---- directories ---- */

/* The number that a name is; -1: none, or not as we would print it. */
static int parse_number(const char *name, size_t len)
{
	int number = 0;

	if (len == 0 || len > 6 || (name[0] == '0' && len > 1))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		number = number * 10 + (name[i] - '0');
	}
	return number;
}

/* What a number means depends on the directory: a descriptor is a link. */
static struct proc_node numbered(const struct proc_node *dir, int number)
{
	struct proc_node node = *dir;

	node.entry = dir->entry->numbers;
	if (!dir->pid)
		node.pid = number;
	else if (mode_is(node.entry->mode, S_IFLNK))
		node.fd = number;
	else
		node.tid = number;
	return node;
}

/* A directory's entries, one after the other: first those of its table, then
 * the rows that are in it.  NULL: before the first, and after the last. */
static const struct proc_entry *entry_after(const struct proc_entry *dir,
					    const struct proc_entry *e)
{
	bool is_row = e >= proc_files_start && e < proc_files_end;

	if (dir->names && !is_row) {
		e = e ? e + 1 : dir->names;
		if (e->name)
			return e;
	}
	if (!dir->path)
		return NULL;
	for (e = is_row ? e + 1 : proc_files_start; e < proc_files_end; e++)
		if (strcmp(e->in, dir->path) == 0)
			return e;
	return NULL;
}

static const struct proc_entry *find_entry(const struct proc_entry *dir,
					   const char *name, size_t len)
{
	const struct proc_entry *e = NULL;

	while ((e = entry_after(dir, e)))
		if (strlen(e->name) == len && memcmp(e->name, name, len) == 0)
			break;
	return e;
}

static struct inode *proc_find(struct inode *dir, const char *name, size_t len)
{
	const struct proc_node *parent = node_of(dir);
	struct proc_node node = *parent;
	int number;

	node.entry = find_entry(parent->entry, name, len);
	if (node.entry)
		return node_create(dir, name, len, &node);
	number = parse_number(name, len);
	if (number < 0 || !parent->entry->numbers ||
	    parent->entry->next(parent, number) != number)
		return NULL;
	node = numbered(parent, number);
	return node_create(dir, name, len, &node);
}

static void name_fill(struct virtual_name *name, const struct proc_node *node,
		      uint64_t next)
{
	name->ino = node_ino(node);
	name->mode = node->entry->mode;
	name->next = next;
}

static bool proc_next(const struct inode *dir, uint64_t from,
		      struct virtual_name *name)
{
	const struct proc_node *parent = node_of(dir);
	struct proc_node node = *parent;
	uint64_t position = 0;
	int number;

	node.entry = NULL;
	while (from < FIRST_NUMBER &&
	       (node.entry = entry_after(parent->entry, node.entry)) &&
	       position < from)
		position++;
	if (node.entry) {
		strlcpy(name->name, node.entry->name, sizeof(name->name));
		name_fill(name, &node, from + 1);
		return true;
	}
	if (!parent->entry->numbers || from > INT32_MAX)
		return false;
	from = MAX(from, FIRST_NUMBER);
	number = parent->entry->next(parent, from - FIRST_NUMBER);
	if (number < 0)
		return false;
	node = numbered(parent, number);
	snprintf(name->name, sizeof(name->name), "%d", number);
	name_fill(name, &node, FIRST_NUMBER + number + 1);
	return true;
}

/* ---- links ---- */

static struct inode *proc_target(const struct inode *link)
{
	return node_of(link)->target;
}

void proc_print_path(struct text *text, const struct inode *inode)
{
	char *buf = kmalloc(PATH_MAX), *path;

	if (!buf) {
		text->failed = true;
		return;
	}
	if (inode_path(inode, buf, PATH_MAX, &path) == 0)
		text_printf(text, "%s", path);
	else
		text_printf(text, "/ (deleted)");
	kfree(buf);
}

/* ---- files ---- */

/* What an open file of /proc hangs on. */
struct open_text {
	struct core_mutex lock;
	struct text text; /* needs lock; as of the last read from the start */
	bool printed;
};

static int text_print(struct file *f, struct open_text *open)
{
	const struct proc_node *node = node_of(f->inode);
	int error;

	text_clear(&open->text);
	open->printed = true;
	if (node->entry->values) {
		proc_show_values(node->entry, &open->text);
		error = 0;
	} else {
		error = node->entry->show(node, &open->text);
	}
	return error ? error : text_error(&open->text);
}

static long proc_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	struct open_text *open = f->object;
	long result = 0;

	core_mutex_lock(&open->lock);
	if (*pos == 0 || !open->printed)
		result = text_print(f, open);
	if (!result && *pos < open->text.len) {
		size_t n = MIN(len, open->text.len - *pos);

		result = copy_to_user_partial(buf, open->text.data + *pos, n);
		if (result == 0 && n > 0)
			result = -EFAULT;
	}
	core_mutex_unlock(&open->lock);
	if (result > 0)
		*pos += result;
	return result;
}

/* A value is written at once, with or without a newline at its end. */
static long proc_write(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	const struct proc_node *node = node_of(f->inode);
	char value[STORE_MAX];
	int error;

	if ((!node->entry->store && !node->entry->values) ||
	    len >= sizeof(value))
		return -EINVAL;
	if (copy_from_user(value, buf, len))
		return -EFAULT;
	value[len] = '\0';
	if (len > 0 && value[len - 1] == '\n')
		value[len - 1] = '\0';
	error = node->entry->values ? proc_store_values(node->entry, value)
				    : node->entry->store(node, value);
	if (error)
		return error;
	*pos += len;
	return len;
}

static void proc_close(struct file *f)
{
	struct open_text *open = f->object;

	text_free(&open->text);
	kfree(open);
}

static const struct file_ops proc_file_ops = {
	.read = proc_read,
	.write = proc_write,
	.lseek = file_seek,
	.release = proc_close,
};

static int proc_open(struct file *f)
{
	struct open_text *open = kzalloc(sizeof(*open));

	if (!open)
		return -ENOMEM;
	core_mutex_init(&open->lock, "text of /proc");
	f->object = open;
	f->ops = &proc_file_ops;
	return 0;
}

/* ---- the root ---- */

static const struct virtual_ops proc_ops = {
	.find = proc_find,
	.next = proc_next,
	.target = proc_target,
	.open = proc_open,
	.release = node_release,
};

static int next_process(const struct proc_node *dir, int from)
{
	return process_next(from);
}

static const struct proc_entry process_entry = {
	.mode = S_IFDIR | 0555,
	.names = proc_process_names,
};

static const struct proc_entry root_entry = {
	.mode = S_IFDIR | 0555,
	.path = "",
	.numbers = &process_entry,
	.next = next_process,
};

/* A process finds its own descriptors by these names in /dev. */
static const struct {
	const char *name, *target;
} dev_links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

static void make_link(struct inode *dir, const char *name, const char *target)
{
	struct inode *inode;

	if (dir_find(dir, name, strlen(name)))
		return;
	inode = inode_create(S_IFLNK | 0777);
	if (!inode || symlink_fill(inode, target, strlen(target)) ||
	    dir_add(dir, name, strlen(name), inode))
		panic("proc_start: no memory for /dev/%s", name);
	inode_put(inode);
}

static void proc_start(void)
{
	struct inode *dir, *dev;

	core_mutex_lock(&fs_lock);
	dir = fs_directory(fs_root(), "proc", 0555);
	dir->virtual = &proc_ops;
	dir->object = (void *)&root_node;
	dev = fs_directory(fs_root(), "dev", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++)
		make_link(dev, dev_links[i].name, dev_links[i].target);
	core_mutex_unlock(&fs_lock);
}

INIT(INIT_FILES, proc_start);
