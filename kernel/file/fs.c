/*
 * fs.c - the file system in memory: how it begins.
 *
 * At boot there is an empty root directory; then the archive that the boot
 * loader brought is unpacked into it, and /dev and /tmp are made.  It is gone
 * when the machine stops.
 */
#include "fs.h"
#include "boot.h"
#include "init.h"
#include "page.h"
#include "panic.h"
#include "printk.h"
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

struct inode *fs_directory(struct inode *parent, const char *name,
			   uint32_t mode)
{
	struct inode *dir = dir_find(parent, name, strlen(name));

	if (dir && !inode_is(dir, S_IFDIR))
		panic("fs_init: in the archive, %s is no directory", name);
	if (dir)
		return dir;
	dir = inode_create(S_IFDIR | mode);
	if (!dir || dir_add(parent, name, strlen(name), dir))
		panic("fs_init: no memory for the directory %s", name);
	inode_put(dir);
	return dir;
}

/* Without an archive there are no programs, and no files. */
static void fs_init(void)
{
	const struct boot_range *archive = &boot_info.module;
	struct inode *dev;

	if (!archive->end)
		return;
	root = inode_create(S_IFDIR | 0755);
	if (!root)
		panic("fs_init: no memory for the root directory");
	root->dir.parent = root;
	root->nlink = 2;
	if (archive->end > archive->start)
		unpack(phys_to_virt(archive->start),
		       archive->end - archive->start);
	core_mutex_lock(&fs_lock);
	fs_directory(root, "tmp", 01777);
	dev = fs_directory(root, "dev", 0755);
	dev_init(dev);
	fs_directory(dev, "shm", 01777);
	core_mutex_unlock(&fs_lock);
	init_run(INIT_FILES);
}

INIT(INIT_PARTS, fs_init);
