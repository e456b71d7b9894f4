/*
 * inode.c - nodes: how they are born and freed, and who may use them.
 *
 * A node is made without a name (inode_create), gets names (dir_add), and is
 * freed with its last reference.  What a node is decides what hangs on it: a
 * directory's names, a file's pages, a link's target.
 *
 * Permissions are those of path_resolution(7): the owner's bits, else the
 * group's, else everybody's; root may do all, but executes only what somebody
 * may execute.
 */
#include "inode.h"
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "page.h"
#include "panic.h"
#include "process.h"
#include "realtime.h"

/* st_dev of everything in memory, and of all that is virtual. */
#define ROOT_DEVICE DEVICE_NUMBER(0, 1)
#define VIRTUAL_DEVICE DEVICE_NUMBER(0, 2)

static uint64_t last_ino; /* atomic */

struct inode *inode_create(uint32_t mode)
{
	struct inode *inode = kzalloc(sizeof(*inode));
	const struct process *p = current_process();

	if (!inode)
		return NULL;
	inode->refs = 1;
	inode->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
	inode->mode = mode;
	if (p) {
		inode->uid = p->cred.fsuid;
		inode->gid = p->cred.fsgid;
	}
	inode->atime = inode->mtime = inode->ctime = realtime_ns();
	if (inode_is(inode, S_IFREG))
		ram_file_init(&inode->file);
	if (inode_is(inode, S_IFDIR)) {
		dir_init(&inode->dir);
		inode->nlink = 1; /* its own "." */
	}
	return inode;
}

struct inode *inode_get(struct inode *inode)
{
	__atomic_fetch_add(&inode->refs, 1, __ATOMIC_RELAXED);
	return inode;
}

/* Frees it, and returns the node that it had a reference of, or NULL. */
static struct inode *inode_free(struct inode *inode)
{
	struct inode *parent = NULL;

	if (inode->virtual && inode->virtual->release)
		inode->virtual->release(inode);
	if (inode_is(inode, S_IFDIR)) {
		parent = inode->dir.parent;
		dir_destroy(inode);
	} else if (inode_is(inode, S_IFREG)) {
		ram_file_destroy(&inode->file);
	} else if (inode_is(inode, S_IFLNK)) {
		symlink_destroy(inode);
	}
	if (inode->transient)
		parent = inode_unname(inode);
	kfree(inode);
	return parent;
}

/* A loop, for a program may have made removed directories a thousand deep. */
void inode_put(struct inode *inode)
{
	while (inode &&
	       __atomic_sub_fetch(&inode->refs, 1, __ATOMIC_ACQ_REL) == 0)
		inode = inode_free(inode);
}

/* ---- who may ----
 *
 * A kernel thread, which has no process, may do what root may.
 */

static bool in_group(const struct credentials *cred, uint32_t own, uint32_t gid)
{
	if (own == gid)
		return true;
	for (unsigned int i = 0; i < cred->group_count; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

/* The three bits of the mode that count for this user. */
static unsigned int bits_for(const struct inode *inode, struct process *p,
			     uint32_t uid, uint32_t gid)
{
	unsigned int shift = 0;

	spin_lock(&p->lock);
	if (inode->uid == uid)
		shift = 6;
	else if (in_group(&p->cred, gid, inode->gid))
		shift = 3;
	spin_unlock(&p->lock);
	return inode->mode >> shift & 7;
}

int inode_access(const struct inode *inode, unsigned int want, bool real)
{
	struct process *p = current_process();
	uint32_t uid = 0, gid = 0;

	if (p) {
		uid = real ? p->cred.uid : p->cred.fsuid;
		gid = real ? p->cred.gid : p->cred.fsgid;
	}
	if (uid == 0) {
		if ((want & MAY_EXEC) && !inode_is(inode, S_IFDIR) &&
		    !(inode->mode & 0111))
			return -EACCES;
		return 0;
	}
	return want & ~bits_for(inode, p, uid, gid) ? -EACCES : 0;
}

int inode_permission(const struct inode *inode, unsigned int want)
{
	return inode_access(inode, want, false);
}

bool fs_is_root(void)
{
	const struct process *p = current_process();

	return !p || p->cred.fsuid == 0;
}

bool inode_is_owner(const struct inode *inode)
{
	return fs_is_root() || current_process()->cred.fsuid == inode->uid;
}

bool fs_in_group(uint32_t gid)
{
	struct process *p = current_process();
	bool result;

	if (!p)
		return true;
	spin_lock(&p->lock);
	result = in_group(&p->cred, p->cred.fsgid, gid);
	spin_unlock(&p->lock);
	return result;
}

void inode_touch(struct inode *inode)
{
	inode->mtime = inode->ctime = realtime_ns();
}

/* ---- what stat(2) says ---- */

static struct timespec time_split(uint64_t ns)
{
	return (struct timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

void inode_stat(const struct inode *inode, struct kernel_stat *st)
{
	*st = (struct kernel_stat){
		.dev = inode->virtual ? VIRTUAL_DEVICE : ROOT_DEVICE,
		.ino = inode->ino,
		.nlink = inode->nlink,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.rdev = inode->rdev,
		.blksize = PAGE_SIZE,
		.atime = time_split(inode->atime),
		.mtime = time_split(inode->mtime),
		.ctime = time_split(inode->ctime),
	};
	if (inode_is(inode, S_IFREG)) {
		st->size = inode->file.size;
		st->blocks = inode->file.tree.pages * (PAGE_SIZE / 512);
	} else if (inode_is(inode, S_IFLNK)) {
		st->size = inode->link.len;
	} else if (inode_is(inode, S_IFDIR)) {
		st->size = (2 + (uint64_t)inode->dir.count) * 16;
	}
}
