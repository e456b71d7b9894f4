/*
 * levels.h - how page tables are built, the kernel's and those of programs
 * (SDM 3A, 4.5): four levels of tables, counted from the bottom, each a page of
 * 512 entries.
 */
#ifndef LEVELS_H
#define LEVELS_H

#include "layout.h"
#include "types.h"
#include "x86.h"

#define TABLE_ENTRIES 512
#define LEVELS 4      /* the PML4 */
#define LEVEL_LARGE 2 /* a page directory: its entries may map 2 MiB each */
#define LEVEL_PAGE 1

/* Which entry of a table of this level is the one for addr. */
static inline unsigned int table_index(uintptr_t addr, unsigned int level)
{
	return addr >> (PAGE_SHIFT + 9 * (level - 1)) & (TABLE_ENTRIES - 1);
}

/* Does it map memory?  Else it leads to the table below.  It is present. */
static inline bool entry_is_leaf(uint64_t entry, unsigned int level)
{
	return level == LEVEL_PAGE || (entry & PTE_LARGE);
}

/* vm_walk.c: how many bytes from addr on are mapped because addr is: up to the
 * end of its page, small or large.  0 when addr is not mapped. */
size_t vm_mapped_run(paddr_t root, uintptr_t addr);

#endif
