/*
 * aspace.c - the life of an address space: create, fork, load, end.
 *
 * The parts: aspace_areas.c keeps the list of areas; aspace_map.c has what
 * mmap() and its family ask for; aspace_fault.c finds pages; pagetable.c has
 * the page tables.  as->lock guards all of it.
 *
 * Which CPUs have it loaded
 *
 * A switch to a user thread loads its address space, if another was; a switch
 * to a kernel thread loads nothing, since every address space has the kernel's
 * half, and the same program often comes back.  So a CPU can have an address
 * space loaded that nobody on it runs in, even when the last thread of the
 * program has ended on another CPU.  struct cpu says what each has, and
 * as->cpus says the same the other way round.
 *
 * Its page tables may only be given back when no CPU has them loaded any more,
 * for the CPU would go on and read what is in those pages next.  So the last
 * aspace_put() makes this CPU leave, and if others are left in the mask, sends
 * them the interrupt of a TLB flush.  Its handler calls aspace_leave(), by
 * which a CPU goes back to the kernel's own tables if it needs no others.
 * Nobody can load the address space again meanwhile: there is no reference from
 * which to.
 *
 * A flush for any other reason makes idle CPUs leave too, and so they are not
 * disturbed by the next one.
 */
#include "aspace.h"

#include "apic.h"
#include "aspace_parts.h"
#include "cpu.h"
#include "heap.h"
#include "pagetable.h"
#include "panic.h"
#include "thread.h"
#include "uaccess.h"
#include "vm.h"

void aspace_init(void)
{
	uaccess_init();
}

void aspace_trim(void)
{
	pagetable_trim();
}

size_t aspace_kept_pages(void)
{
	return pagetable_kept_pages();
}

struct aspace *aspace_create(void)
{
	struct aspace *as = kzalloc(sizeof(*as));

	if (!as)
		return NULL;
	if (pagetable_create(as)) {
		kfree(as);
		return NULL;
	}
	as->refs = 1;
	core_mutex_init(&as->lock, "aspace");
	list_init(&as->areas);
	as->map_hint = MMAP_TOP;
	return as;
}

void aspace_get(struct aspace *as)
{
	__atomic_fetch_add(&as->refs, 1, __ATOMIC_RELAXED);
}

/* ---- fork ---- */

/* Needs both; the child is nobody else's yet. */
static int fork_areas(struct aspace *parent, struct aspace *child)
{
	struct area *area;

	list_for_each (area, &parent->areas, link) {
		struct area *copy = area_copy(child, area);

		if (!copy)
			return -1;
		list_push_back(&child->areas, &copy->link);
		child->area_count++;
		child->mapped_pages += (area->end - area->start) >> PAGE_SHIFT;
		if (pagetable_share(parent, child, area->start, area->end))
			return -1;
	}
	child->map_hint = parent->map_hint;
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	return 0;
}

struct aspace *aspace_fork(struct aspace *parent)
{
	struct aspace *child = aspace_create();
	int error;

	if (!child)
		return NULL;
	child->program = parent->program;
	backing_get(child->program.exe);
	core_mutex_lock(&parent->lock);
	error = fork_areas(parent, child);
	/* What the parent could write it now shares, even if we failed. */
	pagetable_flush(parent, 0, FLUSH_ALL);
	core_mutex_unlock(&parent->lock);
	if (error) {
		aspace_put(child);
		return NULL;
	}
	return child;
}

/* ---- which CPU has which ---- */

void aspace_activate(struct aspace *as)
{
	struct cpu *c = this_cpu();
	unsigned int bit = 1u << c->id;
	struct aspace *old = c->aspace;

	if (as == old)
		return;
	if (as)
		__atomic_fetch_or(&as->cpus, bit, __ATOMIC_SEQ_CST);
	c->aspace = as;
	write_cr3(as ? as->root : vm_root);
	/* From here on the old one may be gone. */
	if (old)
		__atomic_fetch_and(&old->cpus, ~bit, __ATOMIC_SEQ_CST);
}

void aspace_leave(void)
{
	struct aspace *as = this_cpu()->aspace;

	if (as && (!current->proc || as->refs == 0))
		aspace_activate(NULL);
}

/* ---- the end ---- */

static void unload_everywhere(struct aspace *as)
{
	intr_push();
	if (this_cpu()->aspace == as)
		aspace_activate(NULL);
	intr_pop();
	if (as->cpus)
		tlb_shootdown(0, 1); /* any page: it is aspace_leave() */
	assert(as->cpus == 0);
}

static void aspace_destroy(struct aspace *as)
{
	struct list_head *link;

	assert(intr_enabled());
	unload_everywhere(as);
	while ((link = list_pop_front(&as->areas))) {
		struct area *area = list_entry(link, struct area, link);

		pagetable_clear(as, area->start, area->end);
		area_free(area);
	}
	assert(as->resident_pages == 0);
	pagetable_destroy(as);
	backing_put(as->program.exe);
	kfree(as);
}

void aspace_put(struct aspace *as)
{
	if (__atomic_sub_fetch(&as->refs, 1, __ATOMIC_ACQ_REL) == 0)
		aspace_destroy(as);
}
