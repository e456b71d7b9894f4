/*
 * fs.c - the file system in memory: how it begins.
 *
 * At boot there is an empty root directory; then the archive that the boot
 * loader brought is unpacked into it, and /dev and /tmp are made.  It is gone
 * when the machine stops.
 */
#include "fs.h"
#include "panic.h"
#include "printk.h"
#include "realtime.h"
#include "string.h"

static struct inode *root;

struct inode *fs_root(void)
{
	return root;
}

static void unpack(const void *archive, size_t len)
{
	struct cpio_result r = cpio_unpack(root, archive, len);

	if (r.error)
		printk("fs_init: the archive is malformed at byte %zu, after "
		       "%u files, the last one \"%s\": %s\n",
		       r.at, r.files, r.name, r.error);
}

/* A directory that programs expect; needs fs_lock. */
static struct inode *make_directory(const char *name, uint32_t mode)
{
	struct inode *dir = dir_find(root, name, strlen(name));

	if (dir && !inode_is(dir, S_IFDIR))
		panic("fs_init: in the archive, /%s is no directory", name);
	if (dir)
		return dir;
	dir = inode_create(S_IFDIR | mode);
	if (!dir || dir_add(root, name, strlen(name), dir))
		panic("fs_init: no memory for /%s", name);
	inode_put(dir);
	return dir;
}

void fs_init(const void *archive, size_t len)
{
	realtime_init();
	root = inode_create(S_IFDIR | 0755);
	if (!root)
		panic("fs_init: no memory for the root directory");
	root->dir.parent = root;
	root->nlink = 2;
	if (len > 0)
		unpack(archive, len);
	console_file_init();
	core_mutex_lock(&fs_lock);
	make_directory("tmp", 01777);
	dev_init(make_directory("dev", 0755));
	core_mutex_unlock(&fs_lock);
}
