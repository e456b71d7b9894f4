/*
 * access.c - each memory access of a student's code is a schedule point.
 *
 * A race on a variable that no lock guards is only found when the switch comes
 * between its load and its store.  So the files of a lab are compiled with
 * GCC's -fsanitize=thread, which calls a function before every access to
 * memory that others could see.  Elsewhere those functions look for races;
 * here they are places where the perturbed scheduler may switch.  The names
 * and signatures are GCC's (gcc/sanitizer.def).
 *
 * With that option atomic operations become calls too; they are done here by
 * the same operations, which this file, being given code, is compiled with.
 */
#include "perturb.h"
#include "types.h"

/* GCC generates the calls: there is no header to declare these. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define ACCESS(name) \
	void __tsan_##name(void *addr) \
	{ \
		sched_point(POINT_MEMORY, addr); \
	}

#define ACCESSES(size) \
	ACCESS(read##size) \
	ACCESS(write##size) \
	ACCESS(unaligned_read##size) \
	ACCESS(unaligned_write##size) \
	ACCESS(volatile_read##size) \
	ACCESS(volatile_write##size) \
	ACCESS(unaligned_volatile_read##size) \
	ACCESS(unaligned_volatile_write##size)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *addr, size_t size)
{
	sched_point(POINT_MEMORY, addr);
}

void __tsan_write_range(void *addr, size_t size)
{
	sched_point(POINT_MEMORY, addr);
}

/* ---- atomic operations: memory orders are all made the strongest ---- */

#define SEQ __ATOMIC_SEQ_CST

#define ATOMIC_UPDATE(bits, type, name) \
	type __tsan_atomic##bits##_fetch_##name(volatile type *addr, \
						type value, int order) \
	{ \
		sched_point(POINT_MEMORY, (const void *)addr); \
		return __atomic_fetch_##name(addr, value, SEQ); \
	}

#define ATOMIC_COMPARE(bits, type, strength) \
	int __tsan_atomic##bits##_compare_exchange_##strength( \
		volatile type *addr, type *expected, type value, int order, \
		int failure_order) \
	{ \
		sched_point(POINT_MEMORY, (const void *)addr); \
		return __atomic_compare_exchange_n(addr, expected, value, \
						   false, SEQ, SEQ); \
	}

#define ATOMICS(bits, type) \
	type __tsan_atomic##bits##_load(const volatile type *addr, int order) \
	{ \
		sched_point(POINT_MEMORY, (const void *)addr); \
		return __atomic_load_n(addr, SEQ); \
	} \
	void __tsan_atomic##bits##_store(volatile type *addr, type value, \
					 int order) \
	{ \
		sched_point(POINT_MEMORY, (const void *)addr); \
		__atomic_store_n(addr, value, SEQ); \
	} \
	type __tsan_atomic##bits##_exchange(volatile type *addr, type value, \
					    int order) \
	{ \
		sched_point(POINT_MEMORY, (const void *)addr); \
		return __atomic_exchange_n(addr, value, SEQ); \
	} \
	ATOMIC_UPDATE(bits, type, add) \
	ATOMIC_UPDATE(bits, type, sub) \
	ATOMIC_UPDATE(bits, type, and) \
	ATOMIC_UPDATE(bits, type, or) \
	ATOMIC_UPDATE(bits, type, xor) \
	ATOMIC_UPDATE(bits, type, nand) \
	ATOMIC_COMPARE(bits, type, strong) \
	ATOMIC_COMPARE(bits, type, weak)

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order)
{
	__atomic_thread_fence(SEQ);
}

void __tsan_atomic_signal_fence(int order)
{
	__atomic_signal_fence(SEQ);
}

/* Called from a constructor, which kernel.ld leaves out of the image. */
void __tsan_init(void)
{
}
