/*
 * cpio.c - unpacks the archive that becomes the root file system.
 *
 * The format is cpio's "newc": for each file a header of 110 bytes in ASCII,
 * its name, and its bytes, the latter two padded to multiples of four from the
 * start of the archive.  An entry with the name TRAILER!!! ends it.
 *
 *	070701 ino mode uid gid nlink mtime filesize devmajor devminor
 *	rdevmajor rdevminor namesize check		(8 hex digits each)
 *
 * Files with several names come several times, with one inode number, and the
 * bytes with the last.  Directories that are not in the archive are made.
 *
 * The archive comes from outside: whatever may be wrong with it is noticed, and
 * told in words with the place.  What was unpacked before stays.
 *
 * Source: cpio(5) of FreeBSD, "New ASCII Format".
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "list.h"
#include "string.h"

#define MAGIC "070701"
#define MAGIC_CRC "070702"
#define HEADER_SIZE 110
#define TRAILER "TRAILER!!!"

#define MEMORY_FULL "memory is full"

struct member {
	uint64_t ino, mode, uid, gid, nlink, mtime, size;
	uint64_t device, rdev_major, rdev_minor, name_size;
	const char *name; /* terminated */
	size_t name_len;
	const char *data;
};

struct unpack {
	struct inode *root;
	const char *archive;
	size_t len, at;
	struct list_head links; /* struct known_link */
};

/* A file that may get more names. */
struct known_link {
	struct list_head link;
	uint64_t ino, device;
	struct inode *inode; /* a reference */
};

/* ---- reading a header ---- */

static bool parse_hex(const char *text, uint64_t *value)
{
	*value = 0;
	for (unsigned int i = 0; i < 8; i++) {
		char c = text[i];
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

/* Numbers in the order of the header; the last, a checksum, is not used. */
static bool parse_numbers(const char *header, struct member *m)
{
	uint64_t minor, *fields[] = {
				&m->ino,        &m->mode,       &m->uid,
				&m->gid,        &m->nlink,      &m->mtime,
				&m->size,       &m->device,     &minor,
				&m->rdev_major, &m->rdev_minor, &m->name_size,
			};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!parse_hex(header + 6 + 8 * i, fields[i]))
			return false;
	m->device = m->device << 32 | minor;
	return true;
}

/* What is wrong, or NULL; then u->at is the next header's place. */
static const char *member_parse(struct unpack *u, struct member *m)
{
	const char *header = u->archive + u->at;
	size_t left = u->len - u->at;

	if (left < HEADER_SIZE)
		return "it ends without a " TRAILER;
	if (memcmp(header, MAGIC, 6) != 0 && memcmp(header, MAGIC_CRC, 6) != 0)
		return (uint8_t)header[0] == 0x1f
			       ? "it is compressed; it must not be"
			       : "no header of the format \"newc\" there";
	if (!parse_numbers(header, m))
		return "a number in the header is not hexadecimal";
	if (m->name_size == 0 || m->name_size > PATH_MAX)
		return "the length of a name makes no sense";
	u->at = ALIGN_UP(u->at + HEADER_SIZE + m->name_size, 4ul);
	if (u->at > u->len || m->size > u->len - u->at)
		return "a file is longer than the archive";
	m->name = header + HEADER_SIZE;
	m->name_len = strnlen(m->name, m->name_size);
	if (m->name_len != m->name_size - 1)
		return "a name is not terminated where its length says";
	m->data = u->archive + u->at;
	u->at = MIN(ALIGN_UP(u->at + m->size, 4ul), u->len);
	return NULL;
}

/* ---- making what it describes: needs fs_lock ---- */

static bool name_is_sane(const char *name, size_t len)
{
	return len <= NAME_MAX && !(len == 2 && memcmp(name, "..", 2) == 0);
}

static bool name_is_here(const char *name, size_t len)
{
	return len == 0 || (len == 1 && *name == '.');
}

/* The directory of this name in another one; made if it is missing.  NULL:
 * cannot be. */
static struct inode *directory_enter(struct inode *dir, const char *name,
				     size_t len)
{
	struct inode *next;

	if (name_is_here(name, len))
		return dir;
	if (!name_is_sane(name, len))
		return NULL;
	next = dir_find(dir, name, len);
	if (next)
		return inode_is(next, S_IFDIR) ? next : NULL;
	next = inode_create(S_IFDIR | 0755);
	if (!next)
		return NULL;
	int error = dir_add(dir, name, len, next);

	inode_put(next); /* its name has a reference */
	return error ? NULL : next;
}

/* The directory for the last component of the name; *name is moved there. */
static struct inode *parent_of(struct inode *root, const char **name)
{
	struct inode *dir = root;
	const char *end;

	while (dir && (end = strchr(*name, '/'))) {
		dir = directory_enter(dir, *name, end - *name);
		*name = end + 1;
	}
	return dir;
}

static struct inode *known_find(struct unpack *u, const struct member *m)
{
	struct known_link *k;

	list_for_each (k, &u->links, link)
		if (k->ino == m->ino && k->device == m->device)
			return inode_get(k->inode);
	return NULL;
}

static void known_add(struct unpack *u, const struct member *m,
		      struct inode *inode)
{
	struct known_link *k = kmalloc(sizeof(*k));

	if (!k)
		return;
	*k = (struct known_link){
		.ino = m->ino, .device = m->device, .inode = inode_get(inode)};
	list_push_front(&u->links, &k->link);
}

static void known_free(struct unpack *u)
{
	struct known_link *k, *next;

	list_for_each_safe (k, next, &u->links, link) {
		inode_put(k->inode);
		kfree(k);
	}
}

/* The bytes of a file, or a link's target. */
static const char *inode_fill(struct inode *inode, const struct member *m)
{
	if (inode_is(inode, S_IFREG) && m->size > 0 &&
	    ram_file_write_kernel(inode, m->data, m->size, 0) < 0)
		return MEMORY_FULL;
	if (!inode_is(inode, S_IFLNK))
		return NULL;
	if (m->size == 0 || m->size >= PATH_MAX)
		return "a symbolic link's length makes no sense";
	if (symlink_fill(inode, m->data, strnlen(m->data, m->size)))
		return MEMORY_FULL;
	return NULL;
}

/* A directory that exists only gets its owner and mode. */
static void set_attributes(struct inode *inode, const struct member *m)
{
	inode->mode = (inode->mode & S_IFMT) | (m->mode & 07777);
	inode->uid = m->uid;
	inode->gid = m->gid;
	inode->rdev = DEVICE_NUMBER(m->rdev_major, m->rdev_minor);
	inode->atime = inode->mtime = m->mtime * NSEC_PER_SEC;
}

static bool known_type(uint32_t mode)
{
	return mode_is(mode, S_IFREG) || mode_is(mode, S_IFDIR) ||
	       mode_is(mode, S_IFLNK) || mode_is(mode, S_IFCHR) ||
	       mode_is(mode, S_IFIFO) || mode_is(mode, S_IFSOCK);
}

/* The node: a new one, or that of another name of the same file. */
static struct inode *node_of(struct unpack *u, const struct member *m)
{
	bool may_be_known = m->nlink > 1 && mode_is(m->mode, S_IFREG);
	struct inode *inode = may_be_known ? known_find(u, m) : NULL;

	if (inode)
		return inode;
	inode = inode_create(m->mode & S_IFMT);
	if (inode && may_be_known)
		known_add(u, m, inode);
	return inode;
}

static const char *member_make(struct unpack *u, const struct member *m)
{
	const char *name = m->name, *error;
	struct inode *dir = parent_of(u->root, &name), *inode, *old;
	size_t len = strlen(name);

	if (!dir || !name_is_sane(name, len))
		return "this name cannot be made";
	if (!known_type(m->mode))
		return "its kind is unknown";
	old = name_is_here(name, len) ? dir : dir_find(dir, name, len);
	if (old && inode_is(old, S_IFDIR) && mode_is(m->mode, S_IFDIR)) {
		set_attributes(old, m);
		return NULL;
	}
	if (old)
		return "this name is there twice";
	inode = node_of(u, m);
	if (!inode)
		return MEMORY_FULL;
	set_attributes(inode, m);
	error = inode_fill(inode, m);
	if (!error && dir_add(dir, name, len, inode))
		error = MEMORY_FULL;
	inode_put(inode);
	return error;
}

/* ---- the whole ---- */

struct cpio_result cpio_unpack(struct inode *root, const char *archive,
			       size_t len)
{
	struct unpack u = {.root = root, .archive = archive, .len = len};
	struct cpio_result result = {.name = ""};
	struct member m;

	list_init(&u.links);
	core_mutex_lock(&fs_lock);
	for (;; result.files++) {
		result.at = u.at;
		result.error = member_parse(&u, &m);
		if (result.error)
			break;
		if (strcmp(m.name, TRAILER) == 0)
			break;
		result.name = m.name;
		result.error = member_make(&u, &m);
		if (result.error)
			break;
	}
	core_mutex_unlock(&fs_lock);
	known_free(&u);
	return result;
}
