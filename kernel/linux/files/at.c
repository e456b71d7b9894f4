/*
 * at.c - the calls about names that begin at a directory which the program has
 * open: fchmodat(2), linkat(2), renameat2(2) and so on.
 *
 * The calls of any Unix, which begin at the current directory, are in file/
 * beside the functions that do the work of both.
 */
#include "errno.h"
#include "fs.h"
#include "uaccess.h"

long sys_fchmodat(int dirfd, uintptr_t path, unsigned int mode)
{
	return mode_change_at(dirfd, path, mode);
}

long sys_fchownat(int dirfd, uintptr_t path, unsigned int uid, unsigned int gid,
		  int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return owner_change_at(dirfd, path, uid, gid,
			       lookup_flags(flags, true));
}

long sys_readlinkat(int dirfd, uintptr_t path, uintptr_t buf, int size)
{
	return link_read_at(dirfd, path, buf, size);
}

long sys_mkdirat(int dirfd, uintptr_t path, unsigned int mode)
{
	return directory_make_at(dirfd, path, mode);
}

long sys_mknodat(int dirfd, uintptr_t path, unsigned int mode, unsigned int dev)
{
	return node_make_at(dirfd, path, mode, dev);
}

long sys_linkat(int old_dirfd, uintptr_t old_path, int new_dirfd,
		uintptr_t new_path, int flags)
{
	return link_make_at(old_dirfd, old_path, new_dirfd, new_path, flags);
}

long sys_unlinkat(int dirfd, uintptr_t path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return name_remove_at(dirfd, path, flags & AT_REMOVEDIR);
}

long sys_symlinkat(uintptr_t target, int dirfd, uintptr_t path)
{
	return symlink_make_at(target, dirfd, path);
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

long sys_faccessat2(int dirfd, uintptr_t path, int mode, int flags)
{
	return access_at(dirfd, path, mode, flags);
}

long sys_newfstatat(int dirfd, uintptr_t path, uintptr_t buf, int flags)
{
	struct kernel_stat st;
	int error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	error = stat_at_user(dirfd, path, flags, &st);
	return error ? error : put_user(st, buf);
}
