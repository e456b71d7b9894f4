/*
 * path.c - from a path to a node.
 *
 * A path is walked component by component, from the root or from a directory
 * that the caller names.  A symbolic link in the middle means: first its
 * target, then what is left of the path.  So what is left is put on a stack,
 * and the target walked; nothing is copied, for the strings are where they are,
 * in the path or in the links, and fs_lock keeps them there.
 *
 *	/home/ann/x	where ann -> ../users/a
 *
 *	rest		rests
 *	home/ann/x
 *	ann/x
 *	../users/a	x
 *	users/a		x
 *	a		x
 *	x
 *
 * The last component may be missing: then the answer says in which directory it
 * would be, for those calls that make it.  Source: path_resolution(7).
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "panic.h"
#include "process.h"
#include "string.h"
#include "uaccess.h"

struct core_mutex fs_lock = {
	.guard = CORE_LOCK_INIT("names", RANK_MUTEX),
	.waiters = LIST_INIT(fs_lock.waiters),
};

/* ---- where to start ---- */

static struct inode *working_directory(void)
{
	struct process *p = current_process();
	struct inode *dir;

	if (!p)
		return inode_get(fs_root());
	spin_lock(&p->lock);
	dir = inode_get(p->cwd);
	spin_unlock(&p->lock);
	return dir;
}

static int find_start(struct lookup *l, int dirfd)
{
	struct file *f;

	if (l->path[0] == '/') {
		l->start = inode_get(fs_root());
	} else if (dirfd == AT_FDCWD) {
		l->start = working_directory();
	} else {
		f = fd_get(dirfd);
		if (!f)
			return -EBADF;
		l->start = f->inode ? inode_get(f->inode) : NULL;
		file_put(f);
	}
	return l->start ? 0 : -ENOTDIR;
}

int lookup_prepare(struct lookup *l, int dirfd, const char *path)
{
	l->path = path;
	l->copy = NULL;
	l->made = NULL;
	return find_start(l, dirfd);
}

/* Most paths are short.  A long one is read anew, whole, and only then used. */
int lookup_prepare_user(struct lookup *l, int dirfd, uintptr_t path)
{
	long len = copy_string_from_user(l->buffer, path, sizeof(l->buffer));

	l->path = l->buffer;
	l->copy = NULL;
	l->made = NULL;
	if (len == -ENAMETOOLONG) {
		l->path = l->copy = kmalloc(PATH_MAX);
		if (!l->copy)
			return -ENOMEM;
		len = copy_string_from_user(l->copy, path, PATH_MAX);
	}
	if (len >= 0)
		len = find_start(l, dirfd);
	if (len < 0)
		kfree(l->copy);
	return len;
}

void lookup_release(struct lookup *l)
{
	while (l->made) {
		struct inode *next = l->made->made_next;

		inode_put(l->made);
		l->made = next;
	}
	inode_put(l->start);
	kfree(l->copy);
}

/* ---- walking: needs fs_lock ---- */

static void skip_slashes(struct lookup *l)
{
	while (*l->rest == '/')
		l->rest++;
}

static bool is_last(const struct lookup *l)
{
	return *l->rest == '\0' && l->depth == 0;
}

/* Takes the next component off what is left.  False: nothing is left. */
static bool next_component(struct lookup *l)
{
	skip_slashes(l);
	while (*l->rest == '\0' && l->depth > 0)
		l->rest = l->rests[--l->depth];
	if (*l->rest == '\0')
		return false;
	l->name = l->rest;
	while (*l->rest != '/' && *l->rest != '\0')
		l->rest++;
	l->len = l->rest - l->name;

	bool slash = *l->rest == '/';

	skip_slashes(l);
	l->slashes |= slash && is_last(l);
	return true;
}

/* A node that is made for us stays until we are done with the path. */
static struct inode *find_virtual(struct lookup *l)
{
	struct inode *inode = l->dir->virtual->find(l->dir, l->name, l->len);

	if (inode) {
		inode->made_next = l->made;
		l->made = inode;
	}
	return inode;
}

/* What the component means in l->dir; NULL: it is missing. */
static struct inode *component_find(struct lookup *l)
{
	l->last = LAST_NAME;
	if (l->name[0] == '.' && l->len == 1) {
		l->last = LAST_DOT;
		return l->dir;
	}
	if (l->name[0] == '.' && l->name[1] == '.' && l->len == 2) {
		l->last = LAST_DOTDOT;
		return l->dir->dir.parent;
	}
	return l->dir->virtual ? find_virtual(l)
			       : dir_find(l->dir, l->name, l->len);
}

/* The link's target comes next, and then what was left. */
static int link_follow(struct lookup *l, const struct inode *link)
{
	if (++l->links > MAX_SYMLINKS)
		return -ELOOP;
	if (link->virtual) {
		l->inode = link->virtual->target(link);
		if (l->inode)
			return 0;
	}
	if (*l->rest != '\0')
		l->rests[l->depth++] = l->rest;
	l->rest = link->link.target;
	l->inode = l->dir;
	if (*l->rest == '/') {
		l->inode = fs_root();
		l->last = LAST_ROOT;
	}
	return 0;
}

/* Does a link that comes last stand for where it leads? */
static bool link_means_target(const struct lookup *l, unsigned int flags)
{
	if (flags & LOOKUP_NAME)
		return false;
	return l->slashes || (flags & LOOKUP_FOLLOW);
}

static int lookup_step(struct lookup *l, unsigned int flags)
{
	if (!l->inode)
		return -ENOENT; /* missing, and not the last one */
	if (!inode_is(l->inode, S_IFDIR))
		return -ENOTDIR;
	if (l->len > NAME_MAX)
		return -ENAMETOOLONG;
	l->dir = l->inode;
	if (inode_permission(l->dir, MAY_EXEC))
		return -EACCES;
	l->inode = component_find(l);
	if (l->inode && inode_is(l->inode, S_IFLNK) &&
	    (!is_last(l) || link_means_target(l, flags)))
		return link_follow(l, l->inode);
	return 0;
}

int lookup_walk(struct lookup *l, unsigned int flags)
{
	int error = 0;

	assert(core_mutex_held(&fs_lock));
	l->inode = l->dir = l->start;
	l->rest = l->path;
	l->depth = l->links = 0;
	l->name = "";
	l->len = 0;
	l->slashes = false;
	l->last = l->path[0] == '/' ? LAST_ROOT : LAST_DOT;
	if (l->path[0] == '\0')
		return flags & LOOKUP_EMPTY ? 0 : -ENOENT;
	while (!error && next_component(l))
		error = lookup_step(l, flags);
	if (!error && !(flags & LOOKUP_NAME) && lookup_needs_directory(l))
		error = -ENOTDIR;
	return error;
}

bool lookup_needs_directory(const struct lookup *l)
{
	return l->slashes && l->inode && !inode_is(l->inode, S_IFDIR);
}

/* ---- all in one ---- */

int lookup_user(struct lookup *l, int dirfd, uintptr_t path, unsigned int flags)
{
	int error = lookup_prepare_user(l, dirfd, path);

	if (error)
		return error;
	core_mutex_lock(&fs_lock);
	error = lookup_walk(l, flags);
	if (error)
		lookup_end(l);
	return error;
}

void lookup_end(struct lookup *l)
{
	core_mutex_unlock(&fs_lock);
	lookup_release(l);
}

int lookup_inode(int dirfd, uintptr_t path, unsigned int flags,
		 struct inode **out)
{
	struct lookup l;
	int error = lookup_user(&l, dirfd, path, flags);

	if (error)
		return error;
	if (l.inode)
		*out = inode_get(l.inode);
	else
		error = -ENOENT;
	lookup_end(&l);
	return error;
}

int lookup_may_create(const struct lookup *l, bool directory)
{
	if (l->inode)
		return -EEXIST;
	if ((l->slashes && !directory) || l->dir->nlink == 0)
		return -ENOENT;
	if (l->dir->virtual)
		return -EPERM;
	return inode_permission(l->dir, MAY_WRITE | MAY_EXEC);
}
