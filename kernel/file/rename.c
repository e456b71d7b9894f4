/*
 * rename.c - rename(2): a name moves, in one step that nobody sees half done.
 *
 * Both paths are walked under one hold of fs_lock, so nothing can change
 * between the checks and the move.  A directory may not be moved into itself or
 * below: it and what is in it would hang together, with no way from the root.
 */
#include "errno.h"
#include "fs.h"
#include "syscall.h"

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE 2u

/* Is `inode` the directory, or somewhere above it? */
static bool is_above(const struct inode *inode, const struct inode *dir)
{
	while (dir != inode && dir != dir->dir.parent)
		dir = dir->dir.parent;
	return dir == inode;
}

/* A directory that gets another parent changes itself: its "..". */
static int may_leave(const struct lookup *from, const struct lookup *to)
{
	int error = name_may_remove(from->dir, from->inode);

	if (!error && from->dir != to->dir && inode_is(from->inode, S_IFDIR))
		error = inode_permission(from->inode, MAY_WRITE);
	return error;
}

/* May what has the new name now be replaced? */
static int may_replace(const struct inode *inode, const struct inode *old)
{
	bool directory = inode_is(inode, S_IFDIR);

	if (directory && !inode_is(old, S_IFDIR))
		return -ENOTDIR;
	if (!directory && inode_is(old, S_IFDIR))
		return -EISDIR;
	return directory && old->dir.count > 0 ? -ENOTEMPTY : 0;
}

/* Are there two names, in places that can be moved from and to? */
static int check_places(const struct lookup *from, const struct lookup *to,
			unsigned int flags)
{
	bool exchange = flags & RENAME_EXCHANGE;

	if (from->dir->virtual != to->dir->virtual)
		return -EXDEV;
	if (from->last != LAST_NAME)
		return -EBUSY;
	if (to->last != LAST_NAME)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (!from->inode || (exchange && !to->inode))
		return -ENOENT;
	if (to->inode && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (lookup_needs_directory(from))
		return -ENOTDIR;
	if (exchange ? lookup_needs_directory(to)
		     : to->slashes && !inode_is(from->inode, S_IFDIR))
		return -ENOTDIR;
	if (is_above(from->inode, to->dir))
		return -EINVAL;
	if (to->inode && is_above(to->inode, from->dir))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* Two names of one node: there is nothing to do, and nothing to be permitted.
 */
static int rename_check(const struct lookup *from, const struct lookup *to,
			unsigned int flags)
{
	int error = check_places(from, to, flags);

	if (error || from->inode == to->inode)
		return error;
	error = may_leave(from, to);
	if (error)
		return error;
	if (!to->inode) /* a new name; the slashes were looked at above */
		return lookup_may_create(to, true);
	if (flags & RENAME_EXCHANGE)
		return may_leave(to, from);
	error = name_may_remove(to->dir, to->inode);
	return error ? error : may_replace(from->inode, to->inode);
}

/* A name that moves takes no more room than it has, though it is there twice
 * for a moment: so one can rename in a full file system.  Names are only taken
 * under fs_lock, so what is given is there to be taken back. */
static int add_moving(const struct lookup *from, const struct lookup *to)
{
	int error;

	space_give_name();
	error = dir_add(to->dir, to->name, to->len, from->inode);
	if (error)
		space_take_name();
	return error;
}

/* Returns the node whose name has gone, or NULL, with the name's reference.
 * The new name comes first, as only that can fail. */
static int name_move(struct lookup *from, struct lookup *to,
		     struct inode **gone)
{
	bool replace = to->inode;
	int error = 0;

	if (replace)
		*gone = dir_replace(to->dir, to->name, to->len, from->inode);
	else
		error = add_moving(from, to);
	if (error)
		return error;
	if (*gone)
		name_removed(*gone);
	inode_put(dir_remove(from->dir, from->name, from->len));
	if (!replace)
		space_take_name();
	return 0;
}

static void names_exchange(struct lookup *from, struct lookup *to)
{
	struct inode *a, *b;

	a = dir_replace(from->dir, from->name, from->len, to->inode);
	b = dir_replace(to->dir, to->name, to->len, a);
	inode_put(a); /* both have their new names' references */
	inode_put(b);
}

static long rename_walked(struct lookup *from, struct lookup *to,
			  unsigned int flags)
{
	struct inode *gone = NULL;
	int error;

	core_mutex_lock(&fs_lock);
	error = lookup_walk(from, LOOKUP_NAME);
	if (!error)
		error = lookup_walk(to, LOOKUP_NAME);
	if (!error)
		error = rename_check(from, to, flags);
	if (!error && from->inode != to->inode) {
		if (flags & RENAME_EXCHANGE)
			names_exchange(from, to);
		else
			error = name_move(from, to, &gone);
	}
	core_mutex_unlock(&fs_lock);
	inode_put(gone);
	return error;
}

static long rename_at(int from_dirfd, uintptr_t from_path, int to_dirfd,
		      uintptr_t to_path, unsigned int flags)
{
	struct lookup from, to;
	long result;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	result = lookup_prepare_user(&from, from_dirfd, from_path);
	if (result)
		return result;
	result = lookup_prepare_user(&to, to_dirfd, to_path);
	if (!result) {
		result = rename_walked(&from, &to, flags);
		lookup_release(&to);
	}
	lookup_release(&from);
	return result;
}

long sys_rename(uintptr_t from, uintptr_t to)
{
	return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_renameat(int from_dirfd, uintptr_t from, int to_dirfd, uintptr_t to)
{
	return rename_at(from_dirfd, from, to_dirfd, to, 0);
}

long sys_renameat2(int from_dirfd, uintptr_t from, int to_dirfd, uintptr_t to,
		   unsigned int flags)
{
	return rename_at(from_dirfd, from, to_dirfd, to, flags);
}
