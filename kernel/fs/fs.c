/*
 * fs.c - the file system in memory: how it begins.
 *
 * At boot there is an empty root directory; then the archive that the boot
 * loader brought is unpacked into it, and /dev is made.  It is gone when the
 * machine stops.
 */
#include "fs.h"
#include "panic.h"
#include "realtime.h"

static struct inode *root;

struct inode *fs_root(void)
{
	return root;
}

void fs_init(const void *archive, size_t len)
{
	realtime_init();
	mutex_init(&fs_lock, "names");
	root = inode_create(S_IFDIR | 0755);
	if (!root)
		panic("fs_init: no memory for the root directory");
	root->dir.parent = root;
	root->nlink = 2;
	if (len > 0)
		cpio_unpack(archive, len);
	console_file_init();
	dev_init();
}
