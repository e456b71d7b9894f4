/*
 * test_fs.c - the file system from the inside: what programs cannot do, or not
 * as thoroughly.  Directories here, archives, and what happens when memory runs
 * out; the rest in test_files.c.
 *
 * Directories are compared with the simplest model of them, over many random
 * steps.  Nothing here needs a root directory or a process.
 */
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "ktest.h"
#include "string.h"
#include "test_mm.h"

#define NAMES 3000
#define STEPS 4000

/* ---- directories ---- */

static size_t number_name(char *buf, size_t size, unsigned int number)
{
	return snprintf(buf, size, "name-%u", number);
}

static int add_number(struct inode *dir, unsigned int number)
{
	struct inode *file = inode_create(S_IFREG);
	char name[16];
	int error = -ENOSPC;

	if (!file)
		return error;
	error = dir_add(dir, name, number_name(name, sizeof(name), number),
			file);
	inode_put(file);
	return error;
}

static struct inode *find_number(struct inode *dir, unsigned int number)
{
	char name[16];

	return dir_find(dir, name, number_name(name, sizeof(name), number));
}

static void remove_number(struct inode *dir, unsigned int number)
{
	char name[16];

	inode_put(
		dir_remove(dir, name, number_name(name, sizeof(name), number)));
}

/* A directory like the root: its own parent. */
static struct inode *directory_create(void)
{
	struct inode *dir = inode_create(S_IFDIR);

	if (dir)
		dir->dir.parent = dir;
	return dir;
}

static void directory_put(struct inode *dir)
{
	dir->dir.parent = NULL;
	inode_put(dir);
}

/* Everything below it goes first. */
static void directory_clear(struct inode *dir)
{
	struct dir_name n;
	char name[NAME_MAX + 1];

	while (dir_next(dir, 0, &n)) {
		size_t len = n.len;

		if (inode_is(n.inode, S_IFDIR))
			directory_clear(n.inode);
		memcpy(name, n.name, len);
		inode_put(dir_remove(dir, name, len));
	}
}

static unsigned int count_names(struct inode *dir)
{
	struct dir_name n = {.slot = 0};
	unsigned int count = 0;

	for (uint64_t from = 0; dir_next(dir, from, &n); from = n.slot + 1ul)
		count++;
	return count;
}

/* Names come and go at random; each is found exactly while it is there. */
static void test_directory_random(struct ktest *t)
{
	static bool there[NAMES];
	struct random r = random_seeded(t->seed);
	struct inode *dir = directory_create();
	unsigned int count = 0;

	ASSERT(t, dir);
	memset(there, 0, sizeof(there));
	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int number = random_below(&r, NAMES);

		EXPECT_EQ(t, find_number(dir, number) != NULL, there[number]);
		if (there[number])
			remove_number(dir, number);
		else
			EXPECT_EQ(t, add_number(dir, number), 0);
		there[number] = !there[number];
		count += there[number] ? 1 : -1;
	}
	EXPECT_EQ(t, count_names(dir), count);
	EXPECT_EQ(t, dir->dir.count, count);
	directory_clear(dir);
	EXPECT_EQ(t, dir->nlink, 1);
	directory_put(dir);
}
KTEST(fs, directory_random);

/* A reader that goes on from slot to slot sees each old name exactly once, also
 * when half of them, and new ones, come and go meanwhile. */
static void test_directory_reading(struct ktest *t)
{
	struct inode *dir = directory_create();
	struct dir_name n;
	unsigned int old = 0;

	ASSERT(t, dir);
	for (unsigned int i = 0; i < 100; i++)
		ASSERT(t, add_number(dir, i) == 0);
	for (uint64_t from = 0; dir_next(dir, from, &n); from = n.slot + 1ul) {
		unsigned int number = from % 50 + 50;

		if (n.len == strlen("name-1") && n.slot < 10)
			old++;
		if (find_number(dir, number))
			remove_number(dir, number);
		if (!find_number(dir, 1000 + number))
			add_number(dir, 1000 + number);
	}
	EXPECT_EQ(t, old, 10);
	directory_clear(dir);
	directory_put(dir);
}
KTEST(fs, directory_reading);

/* Links and references of a directory in a directory. */
static void test_directory_links(struct ktest *t)
{
	struct inode *top = directory_create(), *sub = inode_create(S_IFDIR);

	ASSERT(t, top && sub);
	ASSERT(t, dir_add(top, "sub", 3, sub) == 0);
	EXPECT_EQ(t, sub->nlink, 2);
	EXPECT_EQ(t, top->nlink, 2);
	EXPECT(t, sub->dir.parent == top);
	EXPECT_EQ(t, add_number(sub, 1), 0);
	EXPECT_EQ(t, find_number(sub, 1)->nlink, 1);
	EXPECT_EQ(t, dir_add(top, "other", 5, find_number(sub, 1)), 0);
	EXPECT_EQ(t, find_number(sub, 1)->nlink, 2);
	remove_number(sub, 1);
	inode_put(dir_remove(top, "sub", 3));
	EXPECT_EQ(t, top->nlink, 1);
	EXPECT(t, sub->dir.parent == top); /* while somebody is inside */
	inode_put(sub);
	directory_clear(top);
	directory_put(top);
}
KTEST(fs, directory_links);

/* Removed directories, each inside the next, a thousand deep: no recursion. */
static void test_directory_deep(struct ktest *t)
{
	struct inode *top = directory_create(), *dir = top;

	ASSERT(t, top);
	for (unsigned int i = 0; i < 1000; i++) {
		struct inode *sub = inode_create(S_IFDIR);

		ASSERT(t, sub && dir_add(dir, "d", 1, sub) == 0);
		inode_put(sub);
		dir = sub;
	}
	inode_get(dir);
	for (struct inode *at = dir->dir.parent;; at = at->dir.parent) {
		inode_put(dir_remove(at, "d", 1));
		if (at == top)
			break;
	}
	inode_put(dir);
	directory_put(top);
}
KTEST(fs, directory_deep);

/* ---- the archive ---- */

/* A directory, a file with two names, a symbolic link. */
static size_t archive_make(char *buf, size_t size)
{
	static const struct {
		const char *name, *data;
		unsigned int ino, mode, nlink;
	} members[] = {
		{".", "", 1, 040755, 2},
		{"bin", "", 2, 040700, 2},
		{"bin/one", "", 3, 0100755, 2},
		{"bin/two", "some bytes", 3, 0100755, 2},
		{"a/b/deep", "x", 4, 0100644, 1},
		{"link", "bin/one", 5, 0120777, 1},
		{"TRAILER!!!", "", 0, 0, 1},
	};
	size_t at = 0;

	memset(buf, 0, size);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		unsigned int length = strlen(members[i].data);

		at += snprintf(buf + at, size - at,
			       "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
			       "%08X%08X%08X%s",
			       members[i].ino, members[i].mode, 0, 0,
			       members[i].nlink, 0, length, 0, 0, 0, 0,
			       (unsigned int)strlen(members[i].name) + 1, 0,
			       members[i].name);
		at = ALIGN_UP(at + 1, 4ul);
		memcpy(buf + at, members[i].data, length);
		at = ALIGN_UP(at + length, 4ul);
	}
	return at;
}

static void test_archive(struct ktest *t)
{
	static char archive[2048];
	size_t len = archive_make(archive, sizeof(archive));
	struct inode *root = directory_create(), *bin;
	struct cpio_result r;

	ASSERT(t, root);
	r = cpio_unpack(root, archive, len);
	EXPECT(t, r.error == NULL);
	EXPECT_EQ(t, r.files, 6);
	bin = dir_find(root, "bin", 3);
	ASSERT(t, bin);
	EXPECT_EQ(t, bin->mode, S_IFDIR | 0700);
	EXPECT(t, dir_find(bin, "one", 3) == dir_find(bin, "two", 3));
	EXPECT_EQ(t, dir_find(bin, "one", 3)->nlink, 2);
	EXPECT_EQ(t, dir_find(bin, "one", 3)->file.size, 10);
	EXPECT(t,
	       strcmp(dir_find(root, "link", 4)->link.target, "bin/one") == 0);
	directory_clear(root);
	directory_put(root);
}
KTEST(fs, archive);

/* Cut at any byte, or with any byte changed, it is never worse than an error
 * with words. */
static void test_archive_malformed(struct ktest *t)
{
	static char archive[2048], copy[2048];
	size_t len = archive_make(archive, sizeof(archive));
	struct random random = random_seeded(t->seed);
	struct inode *root = directory_create();

	ASSERT(t, root);
	for (size_t cut = 0; cut < len; cut++) {
		struct cpio_result r = cpio_unpack(root, archive, cut);

		EXPECT(t, r.error != NULL);
		directory_clear(root);
	}
	for (unsigned int i = 0; i < 2000; i++) {
		memcpy(copy, archive, len);
		copy[random_below(&random, len)] = random_below(&random, 256);
		cpio_unpack(root, copy, len);
		directory_clear(root);
	}
	directory_put(root);
}
KTEST(fs, archive_malformed);

/* ---- memory runs out ---- */

/* Each step fails in words of errno, and leaves all as it was. */
static void test_exhaustion(struct ktest *t)
{
	struct list_head blocks = LIST_INIT(blocks);
	struct inode *dir = directory_create(), *file = inode_create(S_IFREG);
	struct fdtable *table = fdtable_create();
	struct file *f = file_create(&dir_ops, 0);
	unsigned int added = 0;
	long written, installed = 0;

	ASSERT(t, dir && file && table && f);
	memory_take_all(&blocks);
	while (added < NAMES && add_number(dir, added) == 0)
		added++;
	written = ram_file_write_kernel(file, zeros, PAGE_SIZE, 0);
	while (installed >= 0)
		installed =
			fdtable_install(table, file_get(f), 0, FD_MAX, false);
	memory_give_back(&blocks);

	EXPECT(t, added < NAMES);
	EXPECT_EQ(t, count_names(dir), added);
	EXPECT_EQ(t, written, -ENOSPC);
	EXPECT_EQ(t, file->file.size, 0);
	EXPECT_EQ(t, installed, -ENOMEM);
	fdtable_put(table);
	file_put(f); /* the reference that was not installed */
	EXPECT_EQ(t, f->refs, 1);
	file_put(f);
	directory_clear(dir);
	directory_put(dir);
	inode_put(file);
}
KTEST(fs, exhaustion);
