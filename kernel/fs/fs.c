/*
 * fs.c - the file system in memory: how it begins.
 *
 * At boot there is an empty root directory; then the archive that the boot
 * loader brought is unpacked into it, and /dev is made.  It is gone when the
 * machine stops.
 */
#include "fs.h"
#include "panic.h"
#include "printk.h"
#include "realtime.h"

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
	dev_init();
}
