/*
 * proc_memory.c - files of /proc/PID that tell of a program's memory: its
 * areas, its arguments, its variables.
 *
 * The address space is kept by a reference, so that the process may end
 * meanwhile.  Arguments and variables are read where execve(2) has put them, on
 * the program's stack, as they are now: a program may overwrite them, to be
 * seen by ps under another name.
 */
#include "aspace.h"
#include "errno.h"
#include "page.h"
#include "procfs.h"
#include "string.h"

#define STRINGS_MAX (128 * KIB) /* as many as execve(2) takes */

/* With a reference, or NULL. */
static struct aspace *aspace_of(const struct proc_node *node)
{
	struct aspace *as = NULL;
	struct process *p;

	spin_lock(&process_lock);
	p = proc_process(node);
	if (p && p->aspace) {
		as = p->aspace;
		aspace_get(as);
	}
	spin_unlock(&process_lock);
	return as;
}

/* ---- maps ---- */

static void print_area_name(const struct aspace *as, const struct area *area,
			    struct text *text)
{
	const struct file *file = backing_file(&area->backing);

	if (file && file->inode) {
		core_mutex_lock(&fs_lock);
		proc_print_path(text, file->inode);
		core_mutex_unlock(&fs_lock);
	} else if (area->start < as->brk && area->end > as->brk_start) {
		text_printf(text, "[heap]");
	} else if (area->flags & MAP_GROWSDOWN) {
		text_printf(text, "[stack]");
	}
}

static void print_area(const struct aspace *as, const struct area *area,
		       void *arg)
{
	const struct file *file = backing_file(&area->backing);
	const struct inode *inode = file ? file->inode : NULL;
	struct text *text = arg;
	size_t begin = text->len;

	text_printf(text, "%lx-%lx %c%c%c%c %08lx 00:%02x %lu", area->start,
		    area->end, area->prot & PROT_READ ? 'r' : '-',
		    area->prot & PROT_WRITE ? 'w' : '-',
		    area->prot & PROT_EXEC ? 'x' : '-',
		    area->flags & MAP_SHARED ? 's' : 'p', area->offset,
		    inode ? 1 : 0, inode ? inode->ino : 0);
	text_printf(text, "%*s", (int)MAX(1l, 73 - (long)(text->len - begin)),
		    "");
	print_area_name(as, area, text);
	text_printf(text, "\n");
}

int proc_show_maps(const struct proc_node *node, struct text *text)
{
	struct aspace *as = aspace_of(node);

	if (!as)
		return 0; /* a zombie has none */
	aspace_for_each_area(as, print_area, text);
	aspace_put(as);
	return 0;
}

/* ---- arguments and variables ---- */

/* Pages that are not there end the text. */
static void print_memory(struct aspace *as, uintptr_t addr, uintptr_t end,
			 struct text *text)
{
	end = MIN(end, addr + STRINGS_MAX);
	while (addr < end) {
		size_t offset = addr % PAGE_SIZE;
		size_t part = MIN(end - addr, PAGE_SIZE - offset);
		struct page *page = aspace_page(as, addr, false);

		if (!page)
			return;
		text_add(text, (char *)page_virt(page) + offset, part);
		page_put(page);
		addr += part;
	}
}

int proc_show_cmdline(const struct proc_node *node, struct text *text)
{
	struct aspace *as = aspace_of(node);

	if (!as)
		return 0;
	print_memory(as, as->program.args, as->program.variables, text);
	aspace_put(as);
	return 0;
}

int proc_show_environ(const struct proc_node *node, struct text *text)
{
	struct aspace *as = aspace_of(node);

	if (!as)
		return 0;
	print_memory(as, as->program.variables, as->program.strings_end, text);
	aspace_put(as);
	return 0;
}
