/*
 * test_vm.c - tests of the kernel's page tables: W^X over everything that is
 * mapped, vm_map and vm_unmap, looking, TLB flushes.
 */
#include "boot.h"
#include "cpu.h"
#include "errno.h"
#include "ktest.h"
#include "page.h"
#include "test_mm.h"
#include "thread.h"
#include "vm.h"

/* ---- every mapping there is ---- */

#define TABLE_ENTRIES 512

struct mapping {
	paddr_t phys;
	size_t size;
	bool writable, executable, user;
};

struct survey {
	struct ktest *t;
	size_t mappings, bytes_executable;
	unsigned int wrong; /* reported, at most a few */
};

static bool overlaps(const struct mapping *m, const char *start,
		     const char *end)
{
	return m->phys < virt_to_phys(end) &&
	       virt_to_phys(start) < m->phys + m->size;
}

static const char *mapping_fault(const struct mapping *m)
{
	if (m->user)
		return "is open to user programs";
	if (m->writable && m->executable)
		return "is writable and executable";
	if (m->executable && !overlaps(m, text_start, text_end))
		return "is executable, and not text";
	if (m->writable && overlaps(m, text_start, text_end))
		return "is a writable mapping of text";
	if (m->writable && overlaps(m, rodata_start, rodata_end))
		return "is a writable mapping of read-only data";
	return NULL;
}

static void survey_mapping(struct survey *s, uintptr_t addr,
			   const struct mapping *m)
{
	const char *fault = mapping_fault(m);

	s->mappings++;
	if (m->executable)
		s->bytes_executable += m->size;
	if (fault && s->wrong++ < 5)
		ktest_fail(s->t, __FILE__, __LINE__, "0x%lx (page 0x%lx) %s",
			   addr, m->phys, fault);
}

/* A right holds only if every level grants it (SDM 3A, 4.6). */
static void survey_table(struct survey *s, paddr_t phys, unsigned int level,
			 uintptr_t base, struct mapping rights)
{
	const uint64_t *table = phys_to_virt(phys);
	size_t span = (size_t)PAGE_SIZE << 9 * (level - 1);

	for (size_t i = 0; i < TABLE_ENTRIES; i++) {
		uint64_t entry = table[i];
		uintptr_t addr = base + i * span;

		if (!(entry & PTE_PRESENT))
			continue;
		if (level == 4 && i >= TABLE_ENTRIES / 2)
			addr |= 0xffff000000000000;
		struct mapping m = {
			.phys = entry & PTE_ADDRESS & ~PTE_LARGE,
			.size = span,
			.writable = rights.writable && (entry & PTE_WRITE),
			.executable = rights.executable && !(entry & PTE_NX),
			.user = rights.user && (entry & PTE_USER),
		};
		if (level == 1 || (entry & PTE_LARGE))
			survey_mapping(s, addr, &m);
		else
			survey_table(s, entry & PTE_ADDRESS, level - 1, addr,
				     m);
	}
}

static void test_vm_wx(struct ktest *t)
{
	struct survey s = {.t = t};
	struct mapping all = {
		.writable = true,
		.executable = true,
		.user = true,
	};

	survey_table(&s, vm_root, 4, 0, all);
	EXPECT_EQ(t, s.wrong, 0);
	EXPECT_EQ(t, s.bytes_executable, text_end - text_start);
	EXPECT(t, s.mappings > 100);

	/* Read-only and NX mean nothing to a CPU that was not told so. */
	EXPECT(t, read_cr0() & CR0_WP);
	EXPECT(t, rdmsr(MSR_EFER) & EFER_NXE);
}
KTEST(mm, vm_wx);

/* The boot page tables' identity map is gone. */
static void test_vm_no_user_half(struct ktest *t)
{
	const uint64_t *root = phys_to_virt(vm_root);
	size_t present = 0;

	for (size_t i = 0; i < TABLE_ENTRIES / 2; i++)
		present += root[i] & PTE_PRESENT;
	EXPECT_EQ(t, present, 0);
	EXPECT_EQ(t, read_cr3() & PTE_ADDRESS, vm_root);
}
KTEST(mm, vm_no_user_half);

/* ---- vm_map ---- */

/* No area lies there: the window never grows so far. */
#define TEST_ADDR (VM_AREA + VM_AREA_SIZE - 64 * PAGE_SIZE)
#define TEST_ADDR_NO_TABLE (VM_AREA + VM_AREA_SIZE / 2)

/* Memory for the page, but not for the table. */
static void test_vm_no_table(struct ktest *t)
{
	struct list_head blocks = LIST_INIT(blocks);
	struct page *page = page_alloc(0);
	size_t used = memory_used();

	ASSERT(t, page);
	memory_take_all(&blocks);
	page_put(page);
	int populated = vm_populate(TEST_ADDR_NO_TABLE, 1, NULL);
	size_t left = page_free_count();
	page = page_alloc(0);
	int mapped = vm_map(TEST_ADDR_NO_TABLE, 0, 1, VM_READ);
	memory_give_back(&blocks);

	EXPECT_EQ(t, populated, -ENOMEM);
	EXPECT_EQ(t, left, 1);
	ASSERT(t, page);
	EXPECT_EQ(t, mapped, -ENOMEM);
	EXPECT(t, !vm_readable(TEST_ADDR_NO_TABLE, 1));
	EXPECT_EQ(t, memory_used(), used);
	page_put(page);
}
KTEST(mm, vm_no_table);

static void test_vm_map_twice(struct ktest *t)
{
	struct page *page = page_alloc(1);
	size_t used = memory_used();

	ASSERT(t, page);
	paddr_t phys = page_phys(page);

	EXPECT_EQ(t, vm_map(TEST_ADDR + PAGE_SIZE, phys, 1, VM_READ), 0);
	EXPECT_EQ(t, vm_map(TEST_ADDR, phys, 2, VM_WRITE), -EEXIST);
	EXPECT(t, !vm_readable(TEST_ADDR, 1));
	EXPECT(t, vm_readable(TEST_ADDR + PAGE_SIZE, PAGE_SIZE));
	vm_unmap(TEST_ADDR, 2);
	EXPECT(t, !vm_readable(TEST_ADDR + PAGE_SIZE, 1));
	EXPECT_EQ(t, vm_map(TEST_ADDR, phys, 2, VM_WRITE), 0);
	vm_unmap(TEST_ADDR, 2);
	EXPECT_EQ(t, memory_used(), used);
	page_put(page);
}
KTEST(mm, vm_map_twice);

static void test_vm_walk(struct ktest *t)
{
	struct vm_walk_step steps[4];
	uintptr_t text = (uintptr_t)text_start;

	ASSERT(t, vm_walk(vm_root, text, steps) == 4);
	EXPECT_EQ(t, steps[0].level, 4);
	EXPECT_EQ(t, steps[3].level, 1);
	EXPECT_EQ(t, steps[3].entry & PTE_ADDRESS, virt_to_phys(text_start));
	EXPECT_EQ(t, steps[3].entry & (PTE_WRITE | PTE_NX | PTE_USER), 0);

	/* Low memory beside the image, and nothing. */
	EXPECT_EQ(t, vm_walk(vm_root, DIRECT_MAP, steps), 4);
	EXPECT(t, steps[3].entry & PTE_NX);
	EXPECT_EQ(t, vm_walk(vm_root, 0, steps), 1);
	EXPECT(t, !(steps[0].entry & PTE_PRESENT));
	EXPECT_EQ(t, vm_walk(vm_root, USER_TOP, steps), 0);
}
KTEST(mm, vm_walk);

static void test_vm_readable(struct ktest *t)
{
	uintptr_t text = (uintptr_t)text_start;
	uintptr_t direct = (uintptr_t)phys_to_virt(virt_to_phys(kernel_start));

	EXPECT(t, vm_readable(text, text_end - text_start));
	EXPECT(t, vm_readable(direct, 4 * LARGE_PAGE_SIZE));
	EXPECT(t, vm_readable((uintptr_t)phys_to_virt(0xa0000), 0x60000));
	EXPECT(t, vm_readable(0, 0));
	EXPECT(t, !vm_readable(0, 1));
	EXPECT(t, !vm_readable(USER_TOP, 1));
	EXPECT(t, !vm_readable(DIRECT_MAP - 1, 2));
	EXPECT(t, !vm_readable(UINTPTR_MAX, 1));
	EXPECT(t, !vm_readable(UINTPTR_MAX, 2));
	EXPECT(t, !vm_readable(text, SIZE_MAX));
	EXPECT(t, !vm_readable((uintptr_t)phys_to_virt(page_limit()), 1));
}
KTEST(mm, vm_readable);

/* ---- TLB flushes on other CPUs ---- */

struct reader {
	struct ktest *t;
	struct gate go, done;
	volatile bool stop;
	uint64_t seen;
};

/* Reads what is mapped at TEST_ADDR each time it is told to: so its CPU has
 * the translation in its TLB. */
static void reader_run(void *arg)
{
	struct reader *reader = arg;

	while (gate_wait(reader->t, &reader->go) && !reader->stop) {
		reader->seen = *(volatile uint64_t *)TEST_ADDR;
		gate_open(&reader->done);
	}
}

static void test_vm_shootdown(struct ktest *t)
{
	struct reader reader = {.t = t};
	struct page *page[2] = {page_alloc(0), page_alloc(0)};
	struct thread *thread;

	ASSERT(t, page[0] && page[1]);
	ASSERT(t, thread_spawn_on(cpu_count - 1, &thread, "reader", reader_run,
				  &reader) == 0);
	for (uint64_t i = 0; i < 20; i++) {
		struct page *now = page[i % 2];

		*(uint64_t *)page_virt(now) = i + 100;
		EXPECT_EQ(t, vm_map(TEST_ADDR, page_phys(now), 1, VM_READ), 0);
		gate_open(&reader.go);
		EXPECT(t, gate_wait(t, &reader.done));
		EXPECT_EQ(t, reader.seen, i + 100);
		vm_unmap(TEST_ADDR, 1);
	}
	reader.stop = true;
	gate_open(&reader.go);
	thread_join(thread);
	page_put(page[0]);
	page_put(page[1]);
}
KTEST(mm, vm_shootdown, .min_cpus = 2);

/* ---- a mistake, which ends in a panic that names it ---- */

static void test_vm_write_exec(struct ktest *t)
{
	vm_map(TEST_ADDR, 0, 1, VM_WRITE | VM_EXEC);
}
KTEST(mm, vm_write_exec, .manual = true);
