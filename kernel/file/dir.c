/*
 * dir.c - directories: names and what they mean.
 *
 * A name is a struct entry, which is reached in two ways.  By its hash, through
 * `buckets`, for looking it up: so a directory with ten thousand names is as
 * fast as one with ten.  And by its slot, a number that never changes while the
 * name is there, for reading the directory: getdents64(2) remembers only the
 * slot where it goes on, and names that come and go meanwhile do not disturb
 * it.
 *
 *	buckets   [2] -> entry "bin" -> entry "tmp"
 *	slots     [0] entry "bin"  [1] free, next 3  [2] entry "tmp"  [3] free
 *
 * Slots without a name form a list.  Both arrays have the same size, grow
 * together when every slot has a name, and go with the last name.
 *
 * An entry has a reference of its node; a directory has one of its parent.
 * All functions need fs_lock.  A directory as an open file is dir_file.c.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "panic.h"
#include "realtime.h"
#include "string.h"

#define NO_SLOT UINT32_MAX
#define FIRST_CAPACITY 8u

struct entry {
	struct entry *next; /* of the same bucket */
	struct inode *dir;  /* where it is */
	struct inode *inode;
	uint32_t hash, slot;
	uint8_t len;
	char name[];
};

/* A free one is odd: (next << 1) | 1, so that it is no pointer. */
union dir_slot {
	struct entry *entry;
	uint64_t next_free;
};

static bool slot_is_free(union dir_slot slot)
{
	return slot.next_free & 1;
}

/* FNV-1a, of Fowler, Noll and Vo: short, and good enough for file names. */
static uint32_t name_hash(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

/* Where the pointer to the entry is; points to NULL when there is none.  The
 * directory has buckets. */
static struct entry **entry_place(const struct directory *dir, const char *name,
				  size_t len)
{
	uint32_t hash = name_hash(name, len);
	struct entry **place = &dir->buckets[hash & (dir->capacity - 1)];

	while (*place && ((*place)->hash != hash || (*place)->len != len ||
			  memcmp((*place)->name, name, len) != 0))
		place = &(*place)->next;
	return place;
}

void dir_init(struct directory *dir)
{
	dir->free = NO_SLOT;
}

void dir_destroy(struct inode *inode)
{
	assert(inode->dir.count == 0 && !inode->dir.slots);
}

struct inode *dir_find(const struct inode *inode, const char *name, size_t len)
{
	const struct directory *dir = &inode->dir;

	if (dir->count == 0)
		return NULL;
	struct entry *entry = *entry_place(dir, name, len);

	return entry ? entry->inode : NULL;
}

/* ---- adding ---- */

static int dir_grow(struct directory *dir)
{
	uint32_t capacity = MAX(2 * dir->capacity, FIRST_CAPACITY);
	struct entry **buckets = kzalloc(capacity * sizeof(*buckets));
	union dir_slot *slots = kmalloc(capacity * sizeof(*slots));

	if (!buckets || !slots) {
		kfree(buckets);
		kfree(slots);
		return -ENOSPC;
	}
	for (uint32_t i = 0; i < dir->used; i++) {
		struct entry *entry = dir->slots[i].entry;
		struct entry **bucket = &buckets[entry->hash & (capacity - 1)];

		entry->next = *bucket;
		*bucket = entry;
		slots[i].entry = entry;
	}
	kfree(dir->buckets);
	kfree(dir->slots);
	dir->buckets = buckets;
	dir->slots = slots;
	dir->capacity = capacity;
	return 0;
}

static void slot_take(struct directory *dir, struct entry *entry)
{
	if (dir->free != NO_SLOT) {
		entry->slot = dir->free;
		dir->free = dir->slots[entry->slot].next_free >> 1;
	} else {
		entry->slot = dir->used++;
	}
	dir->slots[entry->slot].entry = entry;
}

/* The node gets this name, and a directory this parent. */
static void entry_attach(struct inode *dir, struct entry *entry,
			 struct inode *inode)
{
	entry->dir = dir;
	entry->inode = inode_get(inode);
	inode->entry = entry;
	inode->nlink++;
	if (inode_is(inode, S_IFDIR)) {
		struct inode *old = inode->dir.parent;

		inode->dir.parent = inode_get(dir);
		inode_put(old);
		dir->nlink++; /* its ".." */
	}
	inode->ctime = realtime_ns();
	inode_touch(dir);
}

/* The reverse; the entry's reference goes to the caller.  A directory keeps its
 * parent until it gets another: a program may be inside and go up from there.
 * One that is being moved has its new name already. */
static struct inode *entry_detach(struct inode *dir, struct entry *entry)
{
	struct inode *inode = entry->inode;

	inode->nlink--;
	if (inode->entry == entry)
		inode->entry = NULL;
	if (inode_is(inode, S_IFDIR))
		dir->nlink--;
	inode->ctime = realtime_ns();
	inode_touch(dir);
	return inode;
}

int dir_add(struct inode *inode, const char *name, size_t len,
	    struct inode *child)
{
	struct directory *dir = &inode->dir;
	struct entry *entry, **bucket;

	if (!space_take_name())
		return -ENOSPC;
	entry = kmalloc(sizeof(*entry) + len);
	/* The last that may fail: a directory without names has no arrays. */
	if (!entry || (dir->count == dir->capacity && dir_grow(dir))) {
		kfree(entry);
		space_give_name();
		return -ENOSPC;
	}
	entry->hash = name_hash(name, len);
	entry->len = len;
	memcpy(entry->name, name, len);
	bucket = &dir->buckets[entry->hash & (dir->capacity - 1)];
	entry->next = *bucket;
	*bucket = entry;
	slot_take(dir, entry);
	dir->count++;
	entry_attach(inode, entry, child);
	return 0;
}

/* ---- removing, changing ---- */

static void dir_emptied(struct directory *dir)
{
	kfree(dir->buckets);
	kfree(dir->slots);
	dir->buckets = NULL;
	dir->slots = NULL;
	dir->capacity = dir->used = 0;
	dir->free = NO_SLOT;
}

struct inode *dir_remove(struct inode *inode, const char *name, size_t len)
{
	struct directory *dir = &inode->dir;
	struct entry **place = entry_place(dir, name, len), *entry = *place;
	struct inode *child;

	assert(entry);
	*place = entry->next;
	dir->slots[entry->slot].next_free = (uint64_t)dir->free << 1 | 1;
	dir->free = entry->slot;
	dir->count--;
	child = entry_detach(inode, entry);
	kfree(entry);
	space_give_name();
	if (dir->count == 0)
		dir_emptied(dir);
	return child;
}

struct inode *dir_replace(struct inode *inode, const char *name, size_t len,
			  struct inode *child)
{
	struct entry *entry = *entry_place(&inode->dir, name, len);
	struct inode *old;

	assert(entry);
	old = entry_detach(inode, entry);
	entry_attach(inode, entry, child);
	return old;
}

/* ---- going through all names ---- */

bool dir_next(const struct inode *inode, uint64_t from, struct dir_name *n)
{
	const struct directory *dir = &inode->dir;

	for (; from < dir->used; from++) {
		union dir_slot slot = dir->slots[from];

		if (slot_is_free(slot))
			continue;
		*n = (struct dir_name){slot.entry->inode, from,
				       slot.entry->name, slot.entry->len};
		return true;
	}
	return false;
}

/* ---- the way back to the root ---- */

int inode_path(const struct inode *inode, char *buf, size_t size, char **path)
{
	char *at = buf + size;

	*--at = '\0';
	while (inode != fs_root()) {
		const struct entry *entry = inode->entry;

		if (!entry)
			return -ENOENT;
		if ((size_t)(at - buf) < entry->len + 1u)
			return -ENAMETOOLONG;
		at -= entry->len;
		memcpy(at, entry->name, entry->len);
		*--at = '/';
		inode = entry->dir;
	}
	if (*at == '\0')
		*--at = '/';
	*path = at;
	return 0;
}

/* ---- names of virtual nodes ---- */

int inode_name(struct inode *dir, const char *name, size_t len,
	       struct inode *inode)
{
	struct entry *entry = kmalloc(sizeof(*entry) + len);

	if (!entry)
		return -ENOMEM;
	entry->dir = inode_get(dir);
	entry->len = len;
	memcpy(entry->name, name, len);
	inode->entry = entry;
	if (inode_is(inode, S_IFDIR))
		inode->dir.parent = dir;
	return 0;
}

struct inode *inode_unname(struct inode *inode)
{
	struct inode *dir = inode->entry->dir;

	kfree(inode->entry);
	return dir;
}
