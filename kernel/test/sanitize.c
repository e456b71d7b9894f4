/*
 * sanitize.c - SANITIZE=1: the address and the undefined behaviour sanitizer.
 *
 * GCC's -fsanitize=kernel-address puts a call before every access to memory
 * that C code makes: __asan_load8_noabort(address) and its like.  They look at
 * the shadow, which has a byte for each eight bytes of the direct map:
 *
 *	0		all eight may be touched
 *	1 to 7		the first so many may
 *	0xfb		a heap object that was freed
 *	0xfc		beyond the end of a heap object, or not given out yet
 *	0xff		a page that was freed
 *
 * (Serebryany and others, AddressSanitizer: A Fast Address Sanity Checker,
 * USENIX 2012.)  Kernel stacks and the kernel's own variables have no shadow:
 * an access there always passes.  The page allocator and the heap keep the
 * shadow true (sanitize.h); these two files touch memory that is not given out,
 * so they are compiled without the calls, and so is this one.
 *
 * The last bytes of a heap object's slot are not the user's.  They hold a
 * struct record: who allocated the object, and who freed it.  And an object
 * that is freed waits in a ring until KEPT others have been freed after it, so
 * that a late access is seen to be one.
 *
 * -fsanitize=undefined puts a call of __ubsan_handle_...() where a calculation
 * has gone wrong in a way that C does not define: an overflow, a shift too
 * far, an index beyond an array.  The names and arguments of all of these are
 * GCC's (gcc/sanitizer.def, and the structures in gcc/ubsan.c).
 */
#include "sanitize.h"

#include "backtrace.h"
#include "cpu.h"
#include "heap.h"
#include "layout.h"
#include "lock.h"
#include "page.h"
#include "panic.h"
#include "printk.h"
#include "string.h"
#include "thread.h"
#include "vm.h"

/* GCC generates the calls: there is no header to declare these. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#ifdef SANITIZE

#define GRANULE 8

enum { SHADOW_FREED = 0xfb, SHADOW_BEYOND = 0xfc, SHADOW_PAGE_FREE = 0xff };

/* In the last bytes of an object's slot.  Sites are relative to KERNEL_BASE. */
struct record {
	uint32_t allocated_at, freed_at;
	uint32_t size;
	uint32_t thread; /* that freed it */
};

_Static_assert(sizeof(struct record) <= HEAP_REDZONE, "no room for a record");

/* How much of the direct map has a shadow; 0: no check is made yet, or any
 * more, since one has failed. */
static size_t covered;

#define KEPT 1024

static struct core_lock ring_lock = CORE_LOCK_INIT("kept objects", RANK_HEAP);

/* Needs ring_lock. */
static void *ring[KEPT];
static unsigned int ring_next, ring_used;

static uint8_t *shadow_of(uintptr_t addr)
{
	return (uint8_t *)((addr >> 3) + KASAN_SHADOW_OFFSET);
}

static bool is_covered(uintptr_t addr)
{
	return addr - DIRECT_MAP < __atomic_load_n(&covered, __ATOMIC_RELAXED);
}

/* Size bytes of room may be touched, what is left of it may not. */
static void shadow_set(void *start, size_t size, size_t room, uint8_t rest)
{
	uint8_t *shadow = shadow_of((uintptr_t)start);
	size_t whole = size / GRANULE, count = ALIGN_UP(room, 8) / GRANULE;

	if (!is_covered((uintptr_t)start))
		return;
	memset(shadow, 0, whole);
	memset(shadow + whole, rest, count - whole);
	if (size % GRANULE)
		shadow[whole] = size % GRANULE;
}

/* ---- what the allocators tell ---- */

void sanitize_init(void)
{
	size_t pages = page_limit() / GRANULE / PAGE_SIZE;

	if (vm_populate(KASAN_SHADOW, pages, NULL))
		panic("sanitize_init: no memory for %zu pages of shadow; give "
		      "the machine more",
		      pages);
	memset((void *)KASAN_SHADOW, 0, pages * PAGE_SIZE);
	__atomic_store_n(&covered, page_limit(), __ATOMIC_RELEASE);
	for (size_t i = 0; i < page_limit() / PAGE_SIZE; i++) {
		struct page *page = &page_array[i];

		if (page->state == PAGE_FREE)
			sanitize_pages_free(page_virt(page),
					    PAGE_SIZE << page->order);
	}
	printk("sanitizer: each access is checked, %zu KiB of shadow\n",
	       pages * PAGE_SIZE / KIB);
}

void sanitize_pages_alloc(void *block, size_t size)
{
	shadow_set(block, size, size, 0);
}

void sanitize_pages_free(void *block, size_t size)
{
	shadow_set(block, 0, size, SHADOW_PAGE_FREE);
}

static struct record *record_of(void *object, size_t slot)
{
	return (struct record *)((char *)object + slot) - 1;
}

void sanitize_alloc(void *object, size_t size, size_t slot, uintptr_t site)
{
	if (!object)
		return;
	shadow_set(object, size, slot, SHADOW_BEYOND);
	if (slot < PAGE_SIZE)
		*record_of(object, slot) = (struct record){
			.allocated_at = site - KERNEL_BASE,
			.size = size,
		};
}

static __attribute__((noreturn)) void freed_twice(void *object,
						  const struct record *r)
{
	char first[SYMBOL_TEXT_SIZE];

	panic("kfree: 0x%lx (%u bytes) was freed already, by thread %u at %s",
	      (uintptr_t)object, r->size, r->thread,
	      symbol_format_call(KERNEL_BASE + r->freed_at, first,
				 sizeof(first)));
}

void *sanitize_free(void *object, size_t slot, uintptr_t site)
{
	struct record *r = record_of(object, slot);
	void *oldest;

	if ((uintptr_t)object % PAGE_SIZE % slot ||
	    !is_covered((uintptr_t)object))
		return object; /* kfree() says what is wrong */
	if (*shadow_of((uintptr_t)object) == SHADOW_FREED)
		freed_twice(object, r);
	shadow_set(object, 0, slot, SHADOW_FREED);
	r->freed_at = site - KERNEL_BASE;
	r->thread = current ? current->id : 0;
	core_lock(&ring_lock);
	oldest = ring[ring_next];
	ring[ring_next] = object;
	ring_next = (ring_next + 1) % KEPT;
	ring_used += !oldest;
	core_unlock(&ring_lock);
	return oldest;
}

void *sanitize_release(void)
{
	void *object = NULL;

	core_lock(&ring_lock);
	for (; ring_used > 0 && !object; ring_next = (ring_next + 1) % KEPT) {
		object = ring[ring_next];
		ring[ring_next] = NULL;
	}
	ring_used -= object != NULL;
	core_unlock(&ring_lock);
	return object;
}

size_t sanitize_kept_objects(void)
{
	return __atomic_load_n(&ring_used, __ATOMIC_RELAXED);
}

/* ---- reports ---- */

/* What is at an address that must not be touched; in a heap object's slot, who
 * had it. */
static void describe(uintptr_t addr, char *words, size_t size)
{
	struct heap_slot slot;
	const struct record *r;
	char site[SYMBOL_TEXT_SIZE], freed[SYMBOL_TEXT_SIZE];
	uintptr_t offset;

	if (*shadow_of(addr) == SHADOW_PAGE_FREE) {
		strlcpy(words, "in a page that is free", size);
		return;
	}
	if (!heap_slot_find(addr, &slot)) {
		strlcpy(words, "beyond the end of a large object", size);
		return;
	}
	r = record_of((void *)slot.start, slot.size);
	offset = addr - slot.start;
	if (!r->allocated_at) {
		strlcpy(words, "in the heap, where no object is", size);
		return;
	}
	symbol_format_call(KERNEL_BASE + r->allocated_at, site, sizeof(site));
	symbol_format_call(KERNEL_BASE + r->freed_at, freed, sizeof(freed));
	if (r->freed_at)
		snprintf(words, size,
			 "%zu bytes into an object of %u bytes that was freed "
			 "by thread %u at %s, and allocated at %s",
			 offset, r->size, r->thread, freed, site);
	else
		snprintf(words, size,
			 "%zu bytes behind the end of an object of %u bytes "
			 "that was allocated at %s",
			 offset - r->size, r->size, site);
}

static __attribute__((noreturn)) void report(uintptr_t addr, size_t size,
					     bool write, uintptr_t bad,
					     uintptr_t site)
{
	char words[512], where[SYMBOL_TEXT_SIZE];

	__atomic_store_n(&covered, 0, __ATOMIC_RELAXED);
	describe(bad, words, sizeof(words));
	panic("sanitizer: %s of %zu byte%s at 0x%lx, by %s: %s",
	      write ? "write" : "read", size, size == 1 ? "" : "s", addr,
	      symbol_format_call(site, where, sizeof(where)), words);
}

/* ---- the check ---- */

/* How many of the bytes of this granule may be touched. */
static inline unsigned int granule_allows(uintptr_t granule)
{
	uint8_t shadow = *shadow_of(granule);

	if (likely(shadow == 0))
		return GRANULE;
	return shadow < GRANULE ? shadow : 0;
}

static inline void check(uintptr_t addr, size_t size, bool write,
			 uintptr_t site)
{
	uintptr_t end = addr + size, granule = ALIGN_DOWN(addr, GRANULE);

	if (!is_covered(addr))
		return;
	for (; granule < end; granule += GRANULE) {
		uintptr_t good = granule + granule_allows(granule);

		if (unlikely(good < MIN(end, granule + GRANULE)))
			report(addr, size, write, MAX(good, addr), site);
	}
}

void sanitize_read(const void *start, size_t len, uintptr_t site)
{
	check((uintptr_t)start, len, false, site);
}

void sanitize_write(const void *start, size_t len, uintptr_t site)
{
	check((uintptr_t)start, len, true, site);
}

#define CHECKS(size) \
	void __asan_load##size##_noabort(uintptr_t addr) \
	{ \
		check(addr, size, false, CALL_SITE); \
	} \
\
	void __asan_store##size##_noabort(uintptr_t addr) \
	{ \
		check(addr, size, true, CALL_SITE); \
	}

CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(uintptr_t addr, size_t size)
{
	check(addr, size, false, CALL_SITE);
}

void __asan_storeN_noabort(uintptr_t addr, size_t size)
{
	check(addr, size, true, CALL_SITE);
}

/* Before a call that does not return: there is no shadow of stacks. */
void __asan_handle_no_return(void)
{
}

/* ---- undefined behaviour ---- */

/* What each handler's first argument begins with. */
struct place {
	const char *file;
	uint32_t line, column;
};

static __attribute__((noreturn)) void undefined(const struct place *at,
						const char *what)
{
	panic("sanitizer: %s:%u: %s", at->file, at->line, what);
}

#define HANDLER(name, what) \
	void __ubsan_handle_##name(const struct place *at) \
	{ \
		undefined(at, what); \
	}

HANDLER(add_overflow, "a sum overflows its signed type")
HANDLER(sub_overflow, "a difference overflows its signed type")
HANDLER(mul_overflow, "a product overflows its signed type")
HANDLER(negate_overflow, "the negative of this number does not fit")
HANDLER(divrem_overflow, "a division by zero, or of the lowest number by -1")
HANDLER(shift_out_of_bounds, "a shift by too much, by a negative number, or "
			     "of a negative one")
HANDLER(out_of_bounds, "an index is beyond the array")
HANDLER(type_mismatch_v1, "the pointer is NULL, or its object is too small")
HANDLER(pointer_overflow, "pointer arithmetic leaves the address space")
HANDLER(load_invalid_value, "this is no value of a bool or an enum")
HANDLER(builtin_unreachable, "code that cannot be reached is reached")
HANDLER(missing_return, "a function ends without its value")
HANDLER(vla_bound_not_positive, "an array of no length")
HANDLER(nonnull_arg, "an argument must not be NULL")
HANDLER(nonnull_return_v1, "the result must not be NULL")
HANDLER(invalid_builtin, "a builtin is called with a value it is not for")

#endif
