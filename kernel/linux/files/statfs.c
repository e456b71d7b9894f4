/*
 * statfs.c - statfs(2), fstatfs(2): how much room the files have, and of which
 * kind the file system is.
 */
#include "errno.h"
#include "fs.h"
#include "page.h"
#include "uaccess.h"

/* The kernel's struct statfs. */
struct statfs {
	int64_t type, block_size;
	uint64_t blocks, blocks_free, blocks_available, files, files_free;
	int32_t id[2];
	int64_t name_len, fragment_size, flags, unused[4];
};

_Static_assert(sizeof(struct statfs) == 120, "Linux x86-64's size");

/* Programs know file systems by these: statfs(2). */
#define TMPFS_MAGIC 0x01021994
#define PROC_SUPER_MAGIC 0x9fa0

#define ST_VALID 0x20

static struct statfs statfs_of(const struct inode *inode)
{
	struct statfs s = {
		.type = PROC_SUPER_MAGIC,
		.block_size = PAGE_SIZE,
		.name_len = NAME_MAX,
		.fragment_size = PAGE_SIZE,
		.flags = ST_VALID,
	};

	if (inode && inode->virtual)
		return s;
	s.type = TMPFS_MAGIC;
	s.blocks = space_pages_max();
	s.blocks_free = s.blocks_available = space_pages_left();
	s.files = space_names_max();
	s.files_free = space_names_left();
	return s;
}

long sys_statfs(uintptr_t path, uintptr_t buf)
{
	struct inode *inode;
	int error = lookup_inode(AT_FDCWD, path, LOOKUP_FOLLOW, &inode);

	if (error)
		return error;
	struct statfs s = statfs_of(inode);

	inode_put(inode);
	return put_user(s, buf);
}

long sys_fstatfs(int fd, uintptr_t buf)
{
	struct file *file = fd_get(fd);

	if (!file)
		return -EBADF;
	struct statfs s = statfs_of(file->inode);

	file_put(file);
	return put_user(s, buf);
}
