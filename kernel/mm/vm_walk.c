/*
 * vm_walk.c - looking at page tables: where a walk leads, what can be read.
 *
 * This serves the monitor, fault messages and backtraces: any context, also an
 * NMI or a panic, and any address, also one that makes no sense.  So nothing
 * here takes a lock, and only what is known to be memory is looked at.  That is
 * right without a lock, as entries are single words, and the kernel's tables
 * are never freed (vm.c).
 */
#include "levels.h"
#include "page.h"
#include "vm.h"

static bool address_is_canonical(uintptr_t addr)
{
	return addr < USER_TOP || addr >= DIRECT_MAP;
}

/* Before vm_init the direct map is that of the boot page tables. */
static bool table_exists(paddr_t table)
{
	return vm_root ? page_of_phys(table) != NULL : table < BOOT_MAP_SIZE;
}

unsigned int vm_walk(paddr_t root, uintptr_t addr, struct vm_walk_step steps[4])
{
	paddr_t table = root & PTE_ADDRESS;
	unsigned int count = 0;

	if (!address_is_canonical(addr))
		return 0;
	for (unsigned int level = LEVELS; level > 0; level--) {
		unsigned int index = table_index(addr, level);

		if (!table_exists(table))
			break;
		uint64_t entry = ((uint64_t *)phys_to_virt(table))[index];

		steps[count++] = (struct vm_walk_step){level, index, entry};
		if (!(entry & PTE_PRESENT) || entry_is_leaf(entry, level))
			break;
		table = entry & PTE_ADDRESS;
	}
	return count;
}

size_t vm_mapped_run(paddr_t root, uintptr_t addr)
{
	struct vm_walk_step steps[LEVELS];
	unsigned int count = vm_walk(root, addr, steps);

	if (count == 0)
		return 0;
	const struct vm_walk_step *last = &steps[count - 1];

	if (!(last->entry & PTE_PRESENT) ||
	    !entry_is_leaf(last->entry, last->level))
		return 0;
	size_t size = (size_t)PAGE_SIZE << 9 * (last->level - 1);

	return size - addr % size;
}

bool vm_readable(uintptr_t addr, size_t len)
{
	if (len == 0)
		return true;
	if (addr + len - 1 < addr)
		return false;
	/* SMAP: reading user memory faults, except in uaccess. */
	if (addr < USER_TOP && (read_cr4() & CR4_SMAP))
		return false;
	for (;;) {
		size_t run = vm_mapped_run(read_cr3(), addr);

		if (run == 0)
			return false;
		if (run >= len)
			return true;
		addr += run;
		len -= run;
	}
}
