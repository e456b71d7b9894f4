/*
 * vm.c - the kernel's page tables.
 *
 * Four levels, as the Intel SDM calls them (3A, 4.5): PML4, page directory
 * pointer table (PDPT), page directory, page table.  Each is a page of 512
 * entries, and nine bits of the address choose the entry at each level.  An
 * entry of a page directory may map 2 MiB at once (PTE_LARGE).
 *
 * vm_init() builds what layout.h describes, and no more:
 *
 *	the direct map	RAM, to the next 2 MiB boundary, where the firmware
 *			leaves its tables; in large pages, but in small ones
 *			where the image lies
 *	the image	text: read and execute; data: read and write; the
 *			rest: read
 *	empty PDPTs	for the other areas, so that the PML4 never changes
 *			afterwards: each process will have a copy of it
 *
 * W^X: no page can be written and executed, nor be written through one address
 * and executed through another.  So text and read-only data are read-only in
 * the direct map too, which is never executable.
 *
 * The lock `vm` guards the tables.  They are never freed: a CPU may cache the
 * entries that lead to a table, and would look for later mappings in the page
 * that it was.  vm_unmap() flushes other CPUs after it has dropped the lock,
 * because they may be waiting for it with interrupts off; the caller must not
 * use the addresses again before it returns.
 */
#include "vm.h"

#include "apic.h"
#include "boot.h"
#include "errno.h"
#include "levels.h"
#include "lock.h"
#include "page.h"
#include "panic.h"
#include "sanitize.h"
#include "string.h"
#include "x86.h"

static struct core_lock vm_lock = CORE_LOCK_INIT("vm", RANK_VM);

paddr_t vm_root;

/* Needs vm_lock. */
static size_t table_count;

/* ---- tables and entries ---- */

static uint64_t *entry_table(uint64_t entry)
{
	return phys_to_virt(entry & PTE_ADDRESS);
}

static uint64_t entry_bits(unsigned int prot)
{
	uint64_t bits = PTE_PRESENT | PTE_GLOBAL;

	if ((prot & VM_WRITE) && (prot & VM_EXEC))
		panic("vm: a mapping that can be written and executed (prot "
		      "0x%x) was asked for",
		      prot);
	if (prot & VM_WRITE)
		bits |= PTE_WRITE;
	if (!(prot & VM_EXEC))
		bits |= PTE_NX;
	if (prot & VM_UNCACHED)
		bits |= PTE_CACHE_DISABLE | PTE_WRITE_THROUGH;
	return bits;
}

/* A new table for entry: false when there is no memory.  The bits of upper
 * levels permit everything; the last one decides. */
static bool table_create(uint64_t *entry)
{
	struct page *page = page_alloc_zeroed(0);

	if (!page)
		return false;
	page_reserve(page);
	*entry = page_phys(page) | PTE_PRESENT | PTE_WRITE;
	table_count++;
	return true;
}

/*
 * The entry for addr at a level of the kernel's tables; NULL when a table on
 * the way to it is missing, and create is false or memory exhausted.
 */
static uint64_t *entry_find(uintptr_t addr, unsigned int to, bool create)
{
	uint64_t *table = entry_table(vm_root);

	for (unsigned int level = LEVELS; level > to; level--) {
		uint64_t *entry = &table[table_index(addr, level)];

		if (!(*entry & PTE_PRESENT)) {
			if (level == LEVELS)
				panic("vm: 0x%lx is in no area of layout.h",
				      addr);
			if (!create || !table_create(entry))
				return NULL;
		}
		if (entry_is_leaf(*entry, level))
			panic("vm: 0x%lx lies in a large page, which cannot "
			      "be changed",
			      addr);
		table = entry_table(*entry);
	}
	return &table[table_index(addr, to)];
}

size_t vm_table_count(void)
{
	return __atomic_load_n(&table_count, __ATOMIC_RELAXED);
}

/* ---- map and unmap ---- */

/* Creates all tables that the pages need.  -ENOMEM, -EEXIST. */
static int tables_prepare(uintptr_t addr, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t *entry =
			entry_find(addr + i * PAGE_SIZE, LEVEL_PAGE, true);

		if (!entry)
			return -ENOMEM;
		if (*entry & PTE_PRESENT)
			return -EEXIST;
	}
	return 0;
}

int vm_map(uintptr_t addr, paddr_t phys, size_t count, unsigned int prot)
{
	uint64_t bits = entry_bits(prot);
	int err;

	assert(addr % PAGE_SIZE == 0 && phys % PAGE_SIZE == 0);
	core_lock(&vm_lock);
	err = tables_prepare(addr, count);
	for (size_t i = 0; !err && i < count; i++) {
		size_t offset = i * PAGE_SIZE;

		*entry_find(addr + offset, LEVEL_PAGE, false) =
			(phys + offset) | bits;
	}
	core_unlock(&vm_lock);
	return err;
}

/* Count single pages, on a list.  -ENOMEM: the list is empty. */
static int pages_alloc(struct list_head *pages, size_t count, void *owner)
{
	while (count-- > 0) {
		struct page *page = page_alloc(0);

		if (!page) {
			vm_put_pages(pages);
			return -ENOMEM;
		}
		page->owner = owner;
		list_push_back(pages, &page->link);
	}
	return 0;
}

/*
 * Everything that can fail comes before the first page is mapped: to unmap it
 * again would take a flush, and so interrupts that are on.
 */
int vm_populate(uintptr_t addr, size_t count, void *owner)
{
	struct list_head pages = LIST_INIT(pages);
	uint64_t bits = entry_bits(VM_WRITE);
	int err = pages_alloc(&pages, count, owner);

	if (err)
		return err;
	core_lock(&vm_lock);
	err = tables_prepare(addr, count);
	for (size_t i = 0; !err && i < count; i++) {
		struct page *page =
			list_entry(list_pop_front(&pages), struct page, link);

		*entry_find(addr + i * PAGE_SIZE, LEVEL_PAGE, false) =
			page_phys(page) | bits;
	}
	core_unlock(&vm_lock);
	vm_put_pages(&pages);
	return err;
}

void vm_detach(uintptr_t addr, size_t count, struct list_head *pages)
{
	core_lock(&vm_lock);
	for (size_t i = 0; i < count; i++) {
		uint64_t *entry =
			entry_find(addr + i * PAGE_SIZE, LEVEL_PAGE, false);

		if (!entry || !(*entry & PTE_PRESENT))
			continue;
		if (pages) {
			struct page *page = page_of_phys(*entry & PTE_ADDRESS);

			list_push_back(pages, &page->link);
		}
		*entry = 0;
	}
	core_unlock(&vm_lock);
}

void vm_put_pages(struct list_head *pages)
{
	struct list_head *node;

	while ((node = list_pop_front(pages)))
		page_put(list_entry(node, struct page, link));
}

void vm_unmap(uintptr_t addr, size_t count)
{
	assert(addr % PAGE_SIZE == 0);
	vm_detach(addr, count, NULL);
	tlb_shootdown(addr, count);
}

/* ---- at boot ---- */

/* What may be done with the page of RAM at phys, by its address in the image
 * (text may run) or in the direct map (nothing may). */
static unsigned int image_prot(paddr_t phys)
{
	if (phys >= virt_to_phys(text_start) && phys < virt_to_phys(text_end))
		return VM_EXEC;
	if (phys >= virt_to_phys(data_start) && phys < virt_to_phys(data_end))
		return VM_WRITE;
	return VM_READ;
}

static bool page_in_image(paddr_t phys)
{
	return phys >= virt_to_phys(kernel_start) &&
	       phys < virt_to_phys(kernel_end);
}

static void map_boot_page(uintptr_t addr, paddr_t phys, unsigned int prot)
{
	uint64_t *entry = entry_find(addr, LEVEL_PAGE, true);

	if (!entry)
		panic("vm_init: no memory for page tables");
	*entry = phys | entry_bits(prot);
}

static void map_image(void)
{
	paddr_t end = virt_to_phys(kernel_end);

	for (paddr_t at = virt_to_phys(kernel_start); at < end; at += PAGE_SIZE)
		map_boot_page(KERNEL_BASE + at, at, image_prot(at));
}

/* Where the image lies, its pages need their own permissions. */
static void map_direct_small(paddr_t chunk)
{
	for (size_t offset = 0; offset < LARGE_PAGE_SIZE; offset += PAGE_SIZE) {
		paddr_t at = chunk + offset;
		unsigned int prot = VM_WRITE;

		if (page_in_image(at))
			prot = image_prot(at) & VM_WRITE;
		map_boot_page(DIRECT_MAP + at, at, prot);
	}
}

static void map_direct_large(paddr_t chunk)
{
	uint64_t *entry = entry_find(DIRECT_MAP + chunk, LEVEL_LARGE, true);

	if (!entry)
		panic("vm_init: no memory for page tables");
	*entry = chunk | PTE_LARGE | entry_bits(VM_WRITE);
}

static void map_direct(paddr_t start, paddr_t end)
{
	for (paddr_t at = ALIGN_DOWN(start, LARGE_PAGE_SIZE); at < end;
	     at += LARGE_PAGE_SIZE) {
		/* Two ranges may share a large page. */
		if (vm_mapped_run(vm_root, DIRECT_MAP + at))
			continue;
		if (at < ALIGN_UP(virt_to_phys(kernel_end), LARGE_PAGE_SIZE))
			map_direct_small(at);
		else
			map_direct_large(at);
	}
}

/* Gives an area its entries in the PML4. */
static void create_area(uintptr_t start, size_t size)
{
	uint64_t *table = entry_table(vm_root);
	unsigned int last = table_index(start + size - 1, LEVELS);

	for (unsigned int i = table_index(start, LEVELS); i <= last; i++)
		if (!(table[i] & PTE_PRESENT) && !table_create(&table[i]))
			panic("vm_init: no memory for page tables");
}

void vm_init(void)
{
	struct page *root = page_alloc_zeroed(0);

	if (!root)
		panic("vm_init: no memory for page tables");
	page_reserve(root);
	vm_root = page_phys(root);
	table_count = 1;
	create_area(DIRECT_MAP, page_limit());
	create_area(STACK_AREA, STACK_AREA_SIZE);
	create_area(VM_AREA, VM_AREA_SIZE);
	create_area(MMIO_AREA, MMIO_AREA_SIZE);
	if (SANITIZING)
		create_area(KASAN_SHADOW, page_limit() / 8);
	create_area(KERNEL_BASE, -KERNEL_BASE);
	map_image();
	map_direct(0, virt_to_phys(kernel_end));
	for (unsigned int i = 0; i < boot_info.range_count; i++)
		map_direct(boot_info.ram[i].start,
			   MIN(boot_info.ram[i].end, page_limit()));
	vm_init_cpu();
	page_init_high();
}

void vm_init_cpu(void)
{
	write_cr3(vm_root);
}
