/*
 * tables.c - the pages that user address spaces have their page tables in.
 *
 * An address space has a PML4 of its own.  Its upper half, the kernel's, is
 * copied from vm_root when the page is new and never changes again (vm.c); the
 * tables of the lower half are made when they are needed, and given back all
 * together when the address space ends.
 *
 * To make a table costs the clearing of a page, which is most of what an
 * address space of a small program costs.  So tables that are given back are
 * kept for the next ones: they are empty.  They become so without a search:
 *
 *	- who takes pages out goes by areas, and clears each entry on the way;
 *	- the tables themselves are on a list (as->tables, by page->link), and
 *	  each knows the one entry that points to it (page->owner).
 *
 * The lock `spare tables` guards the kept tables.
 */
#include "errno.h"
#include "levels.h"
#include "lock.h"
#include "pagetable.h"
#include "string.h"
#include "vm.h"

#define USER_ENTRIES (TABLE_ENTRIES / 2) /* of a PML4 */

#define SPARE_TABLES 64
#define SPARE_ROOTS 16

struct spare {
	struct list_head list; /* by page->link */
	unsigned int count;
};

static struct core_lock spare_lock = CORE_LOCK_INIT("spare tables", RANK_VM);

/* Needs spare_lock.  Their entries for user memory are all 0. */
static struct spare spare_tables = {LIST_INIT(spare_tables.list), 0};
static struct spare spare_roots = {LIST_INIT(spare_roots.list), 0};

/* ---- kept tables ---- */

/* Needs spare_lock. */
static void spare_push(struct spare *spare, struct page *page)
{
	list_push_front(&spare->list, &page->link);
	spare->count++;
}

static struct page *spare_take(struct spare *spare)
{
	struct list_head *link;

	core_lock(&spare_lock);
	link = list_pop_front(&spare->list);
	if (link)
		spare->count--;
	core_unlock(&spare_lock);
	return link ? list_entry(link, struct page, link) : NULL;
}

size_t pagetable_kept_pages(void)
{
	return __atomic_load_n(&spare_tables.count, __ATOMIC_RELAXED) +
	       __atomic_load_n(&spare_roots.count, __ATOMIC_RELAXED);
}

void pagetable_trim(void)
{
	struct page *page;

	while ((page = spare_take(&spare_tables)))
		page_put(page);
	while ((page = spare_take(&spare_roots)))
		page_put(page);
}

/* ---- the root ---- */

static struct page *root_create(void)
{
	struct page *page = page_alloc(0);
	uint64_t *table;

	if (!page)
		return NULL;
	table = page_virt(page);
	memset(table, 0, USER_ENTRIES * sizeof(*table));
	memcpy(table + USER_ENTRIES,
	       (uint64_t *)phys_to_virt(vm_root) + USER_ENTRIES,
	       (TABLE_ENTRIES - USER_ENTRIES) * sizeof(*table));
	return page;
}

int pagetable_create(struct aspace *as)
{
	struct page *page = spare_take(&spare_roots);

	if (!page)
		page = root_create();
	if (!page)
		return -ENOMEM;
	as->root = page_phys(page);
	list_init(&as->tables);
	return 0;
}

/* Takes the newest table off the list and empties the entry that leads to it.
 * NULL: no more.  The newest comes first, so that the parent is still ours. */
static struct page *table_unlink(struct aspace *as)
{
	struct list_head *link = list_pop_front(&as->tables);
	struct page *table;

	if (!link)
		return NULL;
	table = list_entry(link, struct page, link);
	*(uint64_t *)table->owner = 0;
	return table;
}

void pagetable_destroy(struct aspace *as)
{
	struct page *root = page_of_phys(as->root), *table;
	bool kept;

	core_lock(&spare_lock);
	while (spare_tables.count < SPARE_TABLES && (table = table_unlink(as)))
		spare_push(&spare_tables, table);
	core_unlock(&spare_lock);
	while ((table = table_unlink(as)))
		page_put(table);

	core_lock(&spare_lock);
	kept = spare_roots.count < SPARE_ROOTS;
	if (kept)
		spare_push(&spare_roots, root);
	core_unlock(&spare_lock);
	if (!kept)
		page_put(root);
}

/* ---- the others ---- */

/* The bits of upper levels permit everything; the last one decides. */
bool pagetable_add(struct aspace *as, uint64_t *entry)
{
	struct page *page = spare_take(&spare_tables);

	if (!page)
		page = page_alloc_zeroed(0);
	if (!page)
		return false;
	page->owner = entry;
	list_push_front(&as->tables, &page->link);
	*entry = page_phys(page) | PTE_PRESENT | PTE_WRITE | PTE_USER;
	return true;
}
