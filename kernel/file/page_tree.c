/*
 * page_tree.c - the pages of a file, by number.
 *
 * A file may be sparse: a page at its beginning, one a terabyte later, nothing
 * between.  So its pages hang on a tree of nodes with 64 slots, each of which
 * covers six bits of the page's number; and the tree is no higher than its
 * largest number needs.  A file of one page needs no node at all:
 *
 *	height 0	root = page 0
 *	height 1	root = node of pages 0 .. 63
 *	height 2	root = node of 64 such nodes: pages 0 .. 4095
 *
 * The file's lock guards its tree.
 */
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "page.h"

#define NODE_BITS 6
#define NODE_SLOTS (1u << NODE_BITS)

struct node {
	void *slots[NODE_SLOTS];
};

/* Which slot of a node at this height leads to the page? */
static unsigned int slot_of(uint64_t index, unsigned int height)
{
	return index >> NODE_BITS * (height - 1) & (NODE_SLOTS - 1);
}

/* How many pages hang below a slot that is so high. */
static uint64_t pages_below(unsigned int height)
{
	return 1ul << NODE_BITS * height;
}

static bool fits(const struct page_tree *tree, uint64_t index)
{
	return index >> NODE_BITS * tree->height == 0;
}

struct page *page_tree_find(const struct page_tree *tree, uint64_t index)
{
	void *at = fits(tree, index) ? tree->root : NULL;

	for (unsigned int h = tree->height; h > 0 && at; h--)
		at = ((struct node *)at)->slots[slot_of(index, h)];
	return at;
}

/* A root above the old one, until the number fits. */
static int tree_heighten(struct page_tree *tree, uint64_t index)
{
	for (; !fits(tree, index); tree->height++) {
		struct node *node;

		if (!tree->root)
			continue;
		node = kzalloc(sizeof(*node));
		if (!node)
			return -ENOMEM;
		node->slots[0] = tree->root;
		tree->root = node;
	}
	return 0;
}

/* Nodes that are made before memory runs out stay, empty, until the cut. */
int page_tree_insert(struct page_tree *tree, uint64_t index, struct page *page)
{
	int error = tree_heighten(tree, index);
	void **slot = &tree->root;

	if (error)
		return error;
	for (unsigned int h = tree->height; h > 0; h--) {
		if (!*slot)
			*slot = kzalloc(sizeof(struct node));
		if (!*slot)
			return -ENOMEM;
		slot = &((struct node *)*slot)->slots[slot_of(index, h)];
	}
	*slot = page;
	tree->pages++;
	return 0;
}

/* From a hole one jumps as far as the slot that is empty reaches. */
struct page *page_tree_next(const struct page_tree *tree, uint64_t *index)
{
	while (fits(tree, *index)) {
		unsigned int h = tree->height;
		void *at = tree->root;

		for (; h > 0 && at; h--)
			at = ((struct node *)at)->slots[slot_of(*index, h)];
		if (at)
			return at;
		*index = (*index | (pages_below(h) - 1)) + 1;
	}
	return NULL;
}

static bool node_is_empty(const struct node *node)
{
	for (unsigned int i = 0; i < NODE_SLOTS; i++)
		if (node->slots[i])
			return false;
	return true;
}

/*
 * Of what hangs in the slot: drops the pages with the numbers first to last,
 * counted from the first one below it.  A node of which nothing is left goes
 * too, or holes that are made one by one would leave nodes behind, which nobody
 * counts.  Recursive, but never deeper than the tree: nine.
 */
static void slot_cut(struct page_tree *tree, void **slot, unsigned int height,
		     uint64_t first, uint64_t last)
{
	struct node *node = *slot;

	if (height == 0) {
		page_put(*slot);
		tree->pages--;
		*slot = NULL;
		return;
	}
	uint64_t below = pages_below(height - 1) - 1;
	unsigned int from = slot_of(first, height), to = slot_of(last, height);

	for (unsigned int i = from; i <= to; i++)
		if (node->slots[i])
			slot_cut(tree, &node->slots[i], height - 1,
				 i == from ? first & below : 0,
				 i == to ? last & below : below);
	if (node_is_empty(node)) {
		kfree(node);
		*slot = NULL;
	}
}

void page_tree_cut(struct page_tree *tree, uint64_t first, uint64_t end)
{
	if (tree->root && fits(tree, first) && first < end)
		slot_cut(tree, &tree->root, tree->height, first,
			 MIN(end, pages_below(tree->height)) - 1);
	if (!tree->root)
		tree->height = 0;
}
