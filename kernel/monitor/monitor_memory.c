/*
 * monitor_memory.c - the monitor's commands that look at memory: pages, the
 * heap, page tables, symbols and bytes.  None of them changes anything, and
 * none faults: what is not mapped is said to be so.
 *
 * Source for the page tables: SDM 3A, 4.5.4 and tables 4-15 to 4-20.
 */
#include "monitor_commands.h"

#include "backtrace.h"
#include "heap.h"
#include "monitor.h"
#include "page.h"
#include "printk.h"
#include "string.h"
#include "vm.h"
#include "x86.h"

void command_mem(int argc, char **argv)
{
	size_t free = page_free_count(), total = page_total_count();

	printk("pages: %'zu of %'zu free (%zu of %zu MiB)\n", free, total,
	       free * PAGE_SIZE / MIB, total * PAGE_SIZE / MIB);
	printk("pages in a block");
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		printk(" %4u", 1u << order);
	printk("\nfree blocks     ");
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		printk(" %4zu", page_free_blocks(order));
	printk("\nheap: %'zu objects\n", heap_object_count());
	heap_print();
}

/* ---- page tables ---- */

static const char *const level_names[] = {
	[4] = "PML4",
	[3] = "PDPT",
	[2] = "PD",
	[1] = "PT",
};

/* How much memory one entry of a level covers. */
static uint64_t level_size(unsigned int level)
{
	return 1ull << (PAGE_SHIFT + 9 * (level - 1));
}

/* Does the entry map memory, rather than point to the next table? */
static bool entry_is_leaf(const struct vm_walk_step *step)
{
	return step->level == 1 || (step->entry & PTE_LARGE);
}

static void entry_print(const struct vm_walk_step *step)
{
	uint64_t e = step->entry;

	printk("%-5s[%3u] 0x%016llx", level_names[step->level], step->index,
	       (unsigned long long)e);
	if (!(e & PTE_PRESENT)) {
		printk(" not present\n");
		return;
	}
	printk(" %s %s %s%s%s%s%s%s\n", e & PTE_USER ? "user" : "kernel",
	       e & PTE_WRITE ? "write" : "read-only",
	       e & PTE_NX ? "no-execute" : "execute",
	       e & PTE_ACCESSED ? " accessed" : "",
	       e & PTE_CACHE_DISABLE ? " uncached" : "",
	       e & PTE_WRITE_THROUGH ? " write-through" : "",
	       !entry_is_leaf(step) ? ""
	       : e & PTE_DIRTY      ? " dirty"
				    : " clean",
	       entry_is_leaf(step) && (e & PTE_GLOBAL) ? " global" : "");
}

/* Bits 63 to 48 must repeat bit 47 (SDM 1, 3.3.7.1). */
static bool is_canonical(uintptr_t addr)
{
	return (uintptr_t)((intptr_t)(addr << 16) >> 16) == addr;
}

void command_walk(int argc, char **argv)
{
	struct vm_walk_step steps[4];
	uintptr_t addr;

	if (!arg_address("walk", argv[1], &addr))
		return;
	if (!is_canonical(addr)) {
		printk("walk: %#lx is not canonical: no page table can map "
		       "it\n",
		       addr);
		return;
	}
	unsigned int count = vm_walk(vm_root, addr, steps);
	for (unsigned int i = 0; i < count; i++)
		entry_print(&steps[i]);

	const struct vm_walk_step *last = &steps[count - 1];
	uint64_t size = level_size(last->level);
	if (!(last->entry & PTE_PRESENT))
		printk("%#lx is not mapped\n", addr);
	else
		printk("%#lx is at physical %#llx, in a page of %llu KiB\n",
		       addr,
		       (unsigned long long)((last->entry & PTE_ADDRESS &
					     ~(size - 1)) |
					    (addr & (size - 1))),
		       (unsigned long long)(size / KIB));
}

void command_sym(int argc, char **argv)
{
	char text[SYMBOL_TEXT_SIZE];
	uintptr_t addr;

	if (arg_address("sym", argv[1], &addr))
		printk("%#lx is %s\n", addr,
		       symbol_format(addr, text, sizeof(text)));
}

/* ---- bytes ---- */

#define BYTES_PER_LINE 16

static void bytes_print(uintptr_t addr, size_t count)
{
	const uint8_t *bytes = (const uint8_t *)addr;
	char hex[BYTES_PER_LINE * 5 / 2 + 1] = "", ascii[BYTES_PER_LINE + 1];
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = bytes[i];

		len += snprintf(hex + len, sizeof(hex) - len, "%02x%s", c,
				i % 2 == 0 ? "" : " ");
		ascii[i] = c >= ' ' && c < 0x7f ? c : '.';
	}
	ascii[count] = '\0';
	printk("%016lx  %-*s %s\n", addr, (int)sizeof(hex) - 1, hex, ascii);
}

void command_x(int argc, char **argv)
{
	uintptr_t addr;
	uint64_t left = 4 * BYTES_PER_LINE;

	if (!arg_address("x", argv[1], &addr) ||
	    (argc == 3 && !arg_number("x", argv[2], &left)))
		return;
	while (left > 0 && !monitor_interrupted()) {
		size_t count = MIN(left, (uint64_t)BYTES_PER_LINE);

		if (!vm_readable(addr, count)) {
			printk("%016lx  not mapped\n", addr);
			return;
		}
		bytes_print(addr, count);
		addr += count;
		left -= count;
	}
}
