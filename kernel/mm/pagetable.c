/*
 * pagetable.c - the page tables of user address spaces.
 *
 * What is here finds entries and changes them; the tables that they lie in come
 * from tables.c.
 *
 * Ranges are walked a page table at a time: span_find() descends from the root
 * and finds the entries of up to 512 pages at once, or how much can be skipped
 * because there is no table at all.
 *
 * An entry that becomes less than it was may still be in a TLB.  as->cpus has
 * a bit for each CPU that has these tables loaded: the entry is written first,
 * and then the mask is read; a CPU that loads them sets its bit first, and then
 * begins to read entries.  So one of the two sees the other.  Nothing is
 * flushed when an entry gets more rights or its first page: a CPU that did not
 * notice faults, and the fault finds that all is well (SDM 3A, 4.10.4.3).
 * Pages are given back only after the flush; until then a batch keeps them.
 */
#include "pagetable.h"

#include "apic.h"
#include "cpu.h"
#include "errno.h"
#include "levels.h"

/* ---- finding entries ---- */

uint64_t *pagetable_entry(struct aspace *as, uintptr_t addr, bool create)
{
	uint64_t *table = phys_to_virt(as->root);

	for (unsigned int level = LEVELS; level > 1; level--) {
		uint64_t *entry = &table[table_index(addr, level)];

		if (!*entry && (!create || !pagetable_add(as, entry)))
			return NULL;
		table = phys_to_virt(*entry & PTE_ADDRESS);
	}
	return &table[table_index(addr, 1)];
}

/*
 * How many pages from addr on, up to end, have their entries side by side, and
 * where the first one is.  NULL: there are no tables for these pages.
 */
static size_t span_find(struct aspace *as, uintptr_t addr, uintptr_t end,
			uint64_t **first)
{
	uint64_t *table = phys_to_virt(as->root);
	unsigned int level = LEVELS;

	while (level > 1) {
		uint64_t entry = table[table_index(addr, level)];

		if (!entry)
			break;
		table = phys_to_virt(entry & PTE_ADDRESS);
		level--;
	}
	*first = level == 1 ? &table[table_index(addr, 1)] : NULL;

	/* An entry of this level's table, or the whole table of pages. */
	size_t size = (size_t)PAGE_SIZE << 9 * MAX(level - 1, 1u);
	uintptr_t border = ALIGN_DOWN(addr, size) + size;

	return (MIN(border, end) - addr) >> PAGE_SHIFT;
}

/* ---- flushing ---- */

/* Above this many pages, dropping everything is cheaper than page by page. */
#define FLUSH_ALL_ABOVE 16

static void flush_local(uintptr_t addr, size_t count)
{
	if (count > FLUSH_ALL_ABOVE) {
		write_cr3(read_cr3()); /* all but the kernel's global entries */
		return;
	}
	for (size_t i = 0; i < count; i++)
		invlpg(addr + i * PAGE_SIZE);
}

void pagetable_flush(struct aspace *as, uintptr_t addr, size_t count)
{
	unsigned int here, loaded;

	/* The entries are written before the mask is read. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	here = 1u << intr_push()->id;
	loaded = as->cpus;
	if (loaded & here)
		flush_local(addr, count);
	intr_pop();
	if (loaded & ~here)
		tlb_shootdown(addr, count);
}

/* ---- single entries ---- */

static uint64_t entry_rights(unsigned int prot)
{
	uint64_t bits = PTE_USER;

	bits |= prot == PROT_NONE ? PTE_NO_ACCESS : PTE_PRESENT;
	if (!(prot & PROT_EXEC))
		bits |= PTE_NX;
	return bits;
}

void pagetable_install(struct aspace *as, uint64_t *entry, struct page *page,
		       unsigned int prot, bool writable)
{
	uint64_t bits = entry_rights(prot);

	if (writable && (prot & PROT_WRITE))
		bits |= PTE_WRITE;
	*entry = page_phys(page) | bits;
	as->resident_pages++;
	as->max_resident = MAX(as->max_resident, as->resident_pages);
}

void pagetable_replace(struct aspace *as, uint64_t *entry, uintptr_t addr,
		       struct page *page)
{
	struct page *old = entry_page(*entry);

	*entry = (*entry & ~PTE_ADDRESS) | page_phys(page) | PTE_WRITE;
	pagetable_flush(as, addr, 1);
	page_put(old);
}

/* ---- ranges ---- */

#define BATCH_PAGES 64

/* Pages that were taken out of [start, end), and not flushed yet. */
struct batch {
	uintptr_t start, end;
	unsigned int count;
	struct page *pages[BATCH_PAGES];
};

static void batch_finish(struct aspace *as, struct batch *b)
{
	if (b->count == 0)
		return;
	pagetable_flush(as, b->start, (b->end - b->start) >> PAGE_SHIFT);
	for (unsigned int i = 0; i < b->count; i++)
		page_put(b->pages[i]);
	as->resident_pages -= b->count;
	b->count = 0;
}

static void batch_add(struct aspace *as, struct batch *b, uintptr_t addr,
		      struct page *page)
{
	if (b->count == BATCH_PAGES)
		batch_finish(as, b);
	if (b->count == 0)
		b->start = addr;
	b->end = addr + PAGE_SIZE;
	b->pages[b->count++] = page;
}

void pagetable_clear(struct aspace *as, uintptr_t start, uintptr_t end)
{
	struct batch batch;
	size_t count;

	batch.count = 0;
	for (uintptr_t at = start; at < end; at += count * PAGE_SIZE) {
		uint64_t *entries;

		count = span_find(as, at, end, &entries);
		if (!entries)
			continue;
		for (size_t i = 0; i < count; i++) {
			uint64_t entry = entries[i];

			if (!entry)
				continue;
			entries[i] = 0;
			batch_add(as, &batch, at + i * PAGE_SIZE,
				  entry_page(entry));
		}
	}
	batch_finish(as, &batch);
}

void pagetable_protect(struct aspace *as, uintptr_t start, uintptr_t end,
		       unsigned int prot)
{
	uint64_t rights = entry_rights(prot), keep = PTE_ADDRESS;
	bool changed = false;
	size_t count;

	if (prot & PROT_WRITE)
		keep |= PTE_WRITE;
	for (uintptr_t at = start; at < end; at += count * PAGE_SIZE) {
		uint64_t *entries;

		count = span_find(as, at, end, &entries);
		if (!entries)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (!entries[i])
				continue;
			entries[i] = (entries[i] & keep) | rights;
			changed = true;
		}
	}
	if (changed)
		pagetable_flush(as, start, (end - start) >> PAGE_SHIFT);
}

/* The pages whose entries are side by side; how many there were. */
static size_t span_share(uint64_t *from, uint64_t *to, size_t count)
{
	size_t shared = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t entry = from[i];

		if (!entry)
			continue;
		__atomic_fetch_add(&entry_page(entry)->refs, 1,
				   __ATOMIC_RELAXED);
		if (entry & PTE_WRITE)
			from[i] = entry &= ~PTE_WRITE;
		to[i] = entry;
		shared++;
	}
	return shared;
}

int pagetable_share(struct aspace *parent, struct aspace *child,
		    uintptr_t start, uintptr_t end)
{
	size_t count;

	for (uintptr_t at = start; at < end; at += count * PAGE_SIZE) {
		uint64_t *from, *to;

		count = span_find(parent, at, end, &from);
		if (!from)
			continue;
		to = pagetable_entry(child, at, true);
		if (!to)
			return -ENOMEM;
		child->resident_pages += span_share(from, to, count);
	}
	child->max_resident = child->resident_pages;
	return 0;
}

/* Makes the tables for all pages of a range at its new place. */
static int tables_prepare(struct aspace *as, uintptr_t start, uintptr_t end,
			  uintptr_t to)
{
	uint64_t *entries;
	size_t count;

	for (uintptr_t at = start; at < end; at += count * PAGE_SIZE) {
		count = span_find(as, at, end, &entries);
		for (size_t i = 0; entries && i < count; i++) {
			uintptr_t new = to + (at - start) + i *PAGE_SIZE;

			if (entries[i] && !pagetable_entry(as, new, true))
				return -ENOMEM;
		}
	}
	return 0;
}

int pagetable_move(struct aspace *as, uintptr_t start, uintptr_t end,
		   uintptr_t to)
{
	int error = tables_prepare(as, start, end, to);
	uint64_t *entries;
	size_t count;

	for (uintptr_t at = start; !error && at < end;
	     at += count * PAGE_SIZE) {
		count = span_find(as, at, end, &entries);
		for (size_t i = 0; entries && i < count; i++) {
			uintptr_t new = to + (at - start) + i *PAGE_SIZE;

			if (!entries[i])
				continue;
			*pagetable_entry(as, new, false) = entries[i];
			entries[i] = 0;
		}
	}
	if (!error)
		pagetable_flush(as, start, (end - start) >> PAGE_SHIFT);
	return error;
}
