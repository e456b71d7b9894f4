/*
 * space.c - how much of memory the files may use, and how much is left:
 * statfs(2).
 *
 * A file system in memory that took all of it would be the end of everybody,
 * so it may have half of the pages for what is in files, and one name for each
 * page of memory.  A name costs its entry and, mostly, a node: less than a
 * quarter of a page.  Who gets nothing says -ENOSPC to its program, and all
 * goes on; what is removed can be used again at once.
 *
 * Two counters, which are all there is.  They are atomic and need no lock.
 */
#include "errno.h"
#include "fs.h"
#include "page.h"
#include "syscall.h"
#include "uaccess.h"

static size_t pages_used, names_used; /* atomic */

static size_t pages_max(void)
{
	return page_total_count() / 2;
}

static size_t names_max(void)
{
	return page_total_count();
}

static bool take(size_t *used, size_t max)
{
	if (__atomic_add_fetch(used, 1, __ATOMIC_RELAXED) <= max)
		return true;
	__atomic_fetch_sub(used, 1, __ATOMIC_RELAXED);
	return false;
}

static void give(size_t *used, size_t count)
{
	__atomic_fetch_sub(used, count, __ATOMIC_RELAXED);
}

static size_t left(const size_t *used, size_t max)
{
	size_t now = __atomic_load_n(used, __ATOMIC_RELAXED);

	return now < max ? max - now : 0;
}

bool space_take_page(void)
{
	return take(&pages_used, pages_max());
}

void space_give_pages(size_t count)
{
	give(&pages_used, count);
}

size_t space_pages_left(void)
{
	return MIN(left(&pages_used, pages_max()), page_free_count());
}

bool space_take_name(void)
{
	return take(&names_used, names_max());
}

void space_give_name(void)
{
	give(&names_used, 1);
}

size_t ram_file_pages(void)
{
	return __atomic_load_n(&pages_used, __ATOMIC_RELAXED);
}

/* ---- statfs, fstatfs ---- */

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

static struct statfs describe(const struct inode *inode)
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
	s.blocks = pages_max();
	s.blocks_free = s.blocks_available = space_pages_left();
	s.files = names_max();
	s.files_free = left(&names_used, names_max());
	return s;
}

long sys_statfs(uintptr_t path, uintptr_t buf)
{
	struct inode *inode;
	int error = lookup_inode(AT_FDCWD, path, LOOKUP_FOLLOW, &inode);

	if (error)
		return error;
	struct statfs s = describe(inode);

	inode_put(inode);
	return put_user(s, buf);
}

long sys_fstatfs(int fd, uintptr_t buf)
{
	struct file *file = fd_get(fd);

	if (!file)
		return -EBADF;
	struct statfs s = describe(file->inode);

	file_put(file);
	return put_user(s, buf);
}
