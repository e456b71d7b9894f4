/*
 * test_files.c - the file system from the inside: what lies in files, and
 * tables of descriptors.
 *
 * Page trees and descriptor tables are compared with the simplest model of
 * them, over many random steps.
 */
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "ktest.h"
#include "page.h"
#include "string.h"
#include "test_mm.h"

#define STEPS 4000

/* ---- files ---- */

/* Numbers of a few magnitudes, so that trees of all heights occur. */
static uint64_t random_index(struct random *r)
{
	return random_below(r, 1ul << (1 + random_below(r, 50)));
}

static size_t count_by_next(const struct page_tree *tree)
{
	size_t count = 0;

	for (uint64_t at = 0; page_tree_next(tree, &at); at++)
		count++;
	return count;
}

static void test_page_tree(struct ktest *t)
{
	struct random r = random_seeded(t->seed);
	struct page_tree tree = {.root = NULL};
	uint64_t indices[200], last = 0;
	size_t count = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(indices); i++) {
		struct page *page;

		indices[i] = random_index(&r);
		last = MAX(last, indices[i]);
		if (page_tree_find(&tree, indices[i]))
			continue;
		page = page_alloc(0);
		ASSERT(t, page);
		page->owner = (void *)indices[i];
		EXPECT_EQ(t, page_tree_insert(&tree, indices[i], page), 0);
		count++;
	}
	EXPECT_EQ(t, tree.pages, count);
	while (tree.pages > 0) {
		uint64_t from = random_below(&r, last + 1);

		page_tree_cut(&tree, from, UINT64_MAX);
		for (unsigned int i = 0; i < ARRAY_SIZE(indices); i++) {
			struct page *page = page_tree_find(&tree, indices[i]);

			EXPECT_EQ(t, page != NULL, indices[i] < from);
			if (page)
				EXPECT_EQ(t, page->owner, indices[i]);
		}
		EXPECT_EQ(t, count_by_next(&tree), tree.pages);
		last = from;
	}
	page_tree_cut(&tree, 0, UINT64_MAX);
	EXPECT(t, tree.root == NULL);
}
KTEST(fs, page_tree);

/* Holes that are made one by one leave no nodes behind. */
static void test_page_tree_holes(struct ktest *t)
{
	struct page_tree tree = {.root = NULL};

	for (unsigned int shift = 0; shift < 50; shift += 5) {
		struct page *page = page_alloc(0);

		ASSERT(t, page);
		EXPECT_EQ(t, page_tree_insert(&tree, 1ul << shift, page), 0);
	}
	for (unsigned int shift = 0; shift < 50; shift += 5)
		page_tree_cut(&tree, 1ul << shift, (1ul << shift) + 1);
	EXPECT_EQ(t, tree.pages, 0);
	EXPECT(t, tree.root == NULL);
	page_tree_cut(&tree, 0, UINT64_MAX);
}
KTEST(fs, page_tree_holes);

/* A file of one terabyte in two pages; holes, and what was cut, are zeros. */
static void test_file_sparse(struct ktest *t)
{
	static const char text[] = "end";
	struct inode *inode = inode_create(S_IFREG);
	struct file f = {.inode = inode};
	char buf[16];
	uint64_t end = 1ul << 40;

	ASSERT(t, inode);
	EXPECT_EQ(t, ram_file_write_kernel(inode, text, 3, end - 2), 3);
	EXPECT_EQ(t, inode->file.size, end + 1);
	EXPECT_EQ(t, inode->file.tree.pages, 2);
	EXPECT_EQ(t, ram_file_ops.read_kernel(&f, buf, 16, end - 4), 5);
	EXPECT_EQ(t, memcmp(buf, "\0\0end", 5), 0);
	EXPECT_EQ(t, ram_file_truncate(inode, end - 1), 0);
	EXPECT_EQ(t, ram_file_truncate(inode, end), 0);
	EXPECT_EQ(t, inode->file.tree.pages, 1);
	EXPECT_EQ(t, ram_file_ops.read_kernel(&f, buf, 16, end - 3), 3);
	EXPECT_EQ(t, memcmp(buf, "\0e\0", 3), 0);
	EXPECT_EQ(t, ram_file_truncate(inode, FILE_SIZE_MAX + 1), -EFBIG);
	inode_put(inode);
}
KTEST(fs, file_sparse);

/* ---- descriptors ---- */

#define FDS 300

static unsigned int lowest_free(struct file *const model[FDS])
{
	unsigned int fd = 0;

	while (fd < FDS && model[fd])
		fd++;
	return fd;
}

/* Against an array that is searched from its beginning. */
static void test_descriptors_random(struct ktest *t)
{
	static struct file *model[FDS];
	struct random r = random_seeded(t->seed);
	struct fdtable *table = fdtable_create(), *copy;
	struct file *f = file_create(&dir_ops, 0);
	unsigned int open = 0;

	ASSERT(t, table && f);
	memset(model, 0, sizeof(model));
	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int want = lowest_free(model);
		int fd = random_below(&r, FDS);

		if (random_below(&r, 5) < 3 && want < FDS) {
			EXPECT_EQ(t,
				  fdtable_install(table, file_get(f), 0, FDS,
						  false),
				  want);
			model[want] = f;
			open++;
		} else {
			EXPECT_EQ(t, fdtable_close(table, fd),
				  model[fd] ? 0 : -EBADF);
			open -= model[fd] != NULL;
			model[fd] = NULL;
		}
	}
	EXPECT_EQ(t, f->refs, open + 1);
	copy = fdtable_copy(table);
	ASSERT(t, copy);
	EXPECT_EQ(t, f->refs, 2 * open + 1);
	fdtable_put(table);
	for (unsigned int fd = 0; fd < FDS; fd++)
		EXPECT_EQ(t, fdtable_get_cloexec(copy, fd),
			  model[fd] ? 0 : -EBADF);
	fdtable_put(copy);
	EXPECT_EQ(t, f->refs, 1);
	file_put(f);
}
KTEST(fs, descriptors_random);

static void test_descriptors_limit(struct ktest *t)
{
	struct fdtable *table = fdtable_create();
	struct file *f = file_create(&dir_ops, 0);

	ASSERT(t, table && f);
	for (unsigned int fd = 0; fd < FD_MAX; fd++)
		EXPECT_EQ(
			t,
			fdtable_install(table, file_get(f), 0, FD_MAX, fd % 2),
			fd);
	EXPECT_EQ(t, fdtable_install(table, f, 0, FD_MAX, false), -EMFILE);
	fdtable_close_on_exec(table);
	EXPECT_EQ(t, f->refs, FD_MAX / 2 + 1);
	EXPECT_EQ(t, fdtable_install(table, file_get(f), 100, FD_MAX, false),
		  101);
	EXPECT_EQ(t, fdtable_replace(table, file_get(f), 101, true), 101);
	EXPECT_EQ(t, fdtable_get_cloexec(table, 101), 1);
	EXPECT_EQ(t, fdtable_next(table, FD_MAX - 1), -1);
	fdtable_put(table);
	EXPECT_EQ(t, f->refs, 1);
	file_put(f);
}
KTEST(fs, descriptors_limit);
