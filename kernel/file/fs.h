/*
 * fs.h - what the files of this folder share, and nobody else.
 */
#ifndef FS_H
#define FS_H

#include "file.h"
#include "inode.h"
#include "types.h"

#define PATH_MAX 4096 /* with the terminator */
#define NAME_MAX 255
#define MAX_SYMLINKS 40

/* ---- path.c: from a path to a node ---- */

#define LOOKUP_FOLLOW 1u /* the last component, if it is a symbolic link */
#define LOOKUP_EMPTY 2u  /* "" is dirfd itself (AT_EMPTY_PATH) */
/* The call is about the name: a link is not followed, with slashes neither, and
 * the caller looks at l->slashes. */
#define LOOKUP_NAME 4u

enum last_kind { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

struct lookup {
	/* The answer; holds while fs_lock is held. */
	struct inode *inode; /* NULL: only the last component is missing */
	struct inode *dir;   /* where the last component is, or would be */
	const char *name;    /* of LAST_NAME; not terminated */
	size_t len;
	enum last_kind last;
	bool slashes; /* ... come after it: it must be a directory */

	/* Private to path.c. */
	struct inode *start; /* a reference */
	struct inode *made;  /* virtual nodes on the way, a reference each */
	const char *path;    /* copy, buffer, or the caller's */
	char *copy;          /* NULL, or to be freed */
	char buffer[128];
	const char *rest;                /* what is left to walk */
	const char *rests[MAX_SYMLINKS]; /* what comes after that */
	unsigned int depth, links;
};

/* In two steps, for calls with two paths: prepare copies the path and finds
 * where it starts; walk needs fs_lock; release undoes prepare. */
int lookup_prepare(struct lookup *l, int dirfd, const char *path);
int lookup_prepare_user(struct lookup *l, int dirfd, uintptr_t path);
int lookup_walk(struct lookup *l, unsigned int flags);
void lookup_release(struct lookup *l);

/* Is there a slash behind what is no directory?  Needs fs_lock. */
bool lookup_needs_directory(const struct lookup *l);

/* Prepare, take fs_lock, walk.  On an error all is undone; else lookup_end()
 * unlocks and releases. */
int lookup_user(struct lookup *l, int dirfd, uintptr_t path,
		unsigned int flags);
void lookup_end(struct lookup *l);

/* The node of a path that must exist, with a reference. */
int lookup_inode(int dirfd, uintptr_t path, unsigned int flags,
		 struct inode **out);

/* May the name be made here?  Needs fs_lock. */
int lookup_may_create(const struct lookup *l, bool directory);

/* The LOOKUP_* that AT_* flags mean; follow: unless they say otherwise. */
unsigned int lookup_flags(unsigned int at_flags, bool follow);

/* ---- names.c: needs fs_lock ---- */

/* The name that was looked up, for a node without one: lookup_may_create(),
 * and dir_add(). */
int name_create(struct lookup *l, struct inode *inode);

/* Takes fs_lock, and makes a name for a node without one; the reference is
 * taken over in any case. */
long name_new(int dirfd, uintptr_t path, struct inode *inode);

/* 0, -EACCES, or -EPERM in a directory with the sticky bit. */
int name_may_remove(const struct inode *dir, const struct inode *inode);

/* After the last name of a directory is gone. */
void name_removed(struct inode *inode);

/* ---- symlink.c ---- */

/* Gives a node its target.  -ENOSPC. */
int symlink_fill(struct inode *inode, const char *target, size_t len);
void symlink_destroy(struct inode *inode);

/* ---- space.c ---- */

/* For a page of a file, and for a name.  False: -ENOSPC. */
bool space_take_page(void);
bool space_take_name(void);
void space_give_pages(size_t count);
void space_give_name(void);
size_t space_pages_left(void);

/* ---- file.c ---- */

/* lseek(2) where the end is not known before it is read: the start and the
 * position.  Needs f->lock. */
long file_seek(struct file *f, int64_t offset, int whence);

/* ---- inode.c ---- */

/* A node without a name; one reference; owner and group are the current
 * process's.  NULL: out of memory. */
struct inode *inode_create(uint32_t mode);
void inode_stat(const struct inode *inode, struct kernel_stat *st);

/* Somebody has written to it: see attributes.c.  Takes fs_lock. */
void inode_drop_rights(struct inode *inode);

/* It was changed now. */
void inode_touch(struct inode *inode);

/* In bytes, of a regular file; of others 0. */
static inline uint64_t inode_size(const struct inode *inode)
{
	return inode_is(inode, S_IFREG) ? inode->file.size : 0;
}

/* As inode_permission(), by the real and not the effective user. */
int inode_access(const struct inode *inode, unsigned int want, bool real);

/* Of the current process: is it the owner, or root; root; in this group? */
bool inode_is_owner(const struct inode *inode);
bool fs_is_root(void);
bool fs_in_group(uint32_t gid);

/* ---- dir.c: needs fs_lock ---- */

struct inode *dir_find(const struct inode *dir, const char *name, size_t len);

/* A new name for the node: one more reference and link.  -ENOMEM, -ENOSPC. */
int dir_add(struct inode *dir, const char *name, size_t len,
	    struct inode *inode);

/* The name must exist.  Its reference is the caller's now. */
struct inode *dir_remove(struct inode *dir, const char *name, size_t len);

/* The name now means `inode`; returns the node it meant, with the name's
 * reference. */
struct inode *dir_replace(struct inode *dir, const char *name, size_t len,
			  struct inode *inode);

struct dir_name {
	struct inode *inode;
	uint32_t slot;    /* its number, for the next question */
	const char *name; /* not terminated */
	size_t len;
};

/* The first name with a slot number of `from` or more; false: there is none. */
bool dir_next(const struct inode *inode, uint64_t from, struct dir_name *n);

/* A node's path from the root by its latest name, built at the end of buf;
 * *path is where it begins.  -ENAMETOOLONG; -ENOENT: the name has been removed.
 */
int inode_path(const struct inode *inode, char *buf, size_t size, char **path);

/* A virtual node below dir gets a name of its own, which nobody finds, but
 * inode_path() does; inode_unname() undoes that and returns the directory, with
 * the reference that the name had.  -ENOMEM. */
int inode_name(struct inode *dir, const char *name, size_t len,
	       struct inode *inode);
struct inode *inode_unname(struct inode *inode);

void dir_init(struct directory *dir);
void dir_destroy(struct inode *inode);

extern const struct file_ops dir_ops;

/* ---- ram_file.c ---- */

void ram_file_init(struct ram_file *r);
void ram_file_destroy(struct ram_file *r);
int ram_file_truncate(struct inode *inode, uint64_t size);

/* What fallocate(2) does: makes the pages of a range, and the file as long as
 * that if grow is set (-ENOSPC); or makes the range a hole. */
int ram_file_allocate(struct inode *inode, uint64_t pos, uint64_t len,
		      bool grow);
void ram_file_punch(struct inode *inode, uint64_t pos, uint64_t len);
long ram_file_write_kernel(struct inode *inode, const void *buf, size_t len,
			   uint64_t pos);

/* Pages that all files have together. */
size_t ram_file_pages(void);

/* Needs f->lock. */
long ram_file_lseek(struct file *f, int64_t offset, int whence);

extern const struct file_ops ram_file_ops;

/* The largest size of a file. */
#define FILE_SIZE_MAX ((uint64_t)INT64_MAX)

/* A page of zeros, to copy from. */
extern const char zeros[];

/* ---- page_tree.c ---- */

struct page *page_tree_find(const struct page_tree *tree, uint64_t index);

/* There must be none; the tree takes the reference over.  -ENOMEM. */
int page_tree_insert(struct page_tree *tree, uint64_t index, struct page *page);

/* The first page with a number of *index or more, which is now its number;
 * NULL: there is none. */
struct page *page_tree_next(const struct page_tree *tree, uint64_t *index);

/* Drops the pages from number `first` on and before `end`. */
void page_tree_cut(struct page_tree *tree, uint64_t first, uint64_t end);

/* ---- devices ---- */

/* Makes what is in /dev.  Needs fs_lock. */
void dev_init(struct inode *dir);

/* Gives the file the device's ops.  With acquire a terminal becomes that of a
 * session that has none.  -ENXIO: no such device. */
int dev_open(struct file *f, uint64_t rdev, bool acquire);

void console_file_init(void);
extern const struct file_ops ktest_file_ops; /* test/ktest_program.c */

/* ---- proc.c ---- */

/* Makes an empty directory /proc. */
void proc_init(struct inode *dir);

/* ---- cpio.c ---- */

struct cpio_result {
	unsigned int files; /* that were unpacked */
	size_t at;          /* where the archive is malformed */
	const char *error;  /* how, in words; NULL: it is not */
	const char *name;   /* of which file; "" before the first */
};

/* Unpacks an archive below a directory. */
struct cpio_result cpio_unpack(struct inode *root, const char *archive,
			       size_t len);

#endif
