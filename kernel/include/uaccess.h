/*
 * uaccess.h - the only way to touch the memory of a user program.
 *
 * The program's pointers may be wrong in every way, and another thread of it
 * may unmap the page in the middle of a copy: a fault here ends the copy with
 * -EFAULT and never harms the kernel.  Copy a structure once, and then work on
 * the copy: what the program changes meanwhile must not matter.
 *
 * All functions but one may sleep (a page may have to be found), so no spinlock
 * or core lock may be held.
 */
#ifndef UACCESS_H
#define UACCESS_H

#include "layout.h"
#include "types.h"

/* Does [addr, addr + len) lie in the user half, without wrapping around? */
static inline bool user_range_ok(uintptr_t addr, size_t len)
{
	return len <= USER_TOP && addr <= USER_TOP - len;
}

/* 0 or -EFAULT; then an unknown part has been copied. */
int copy_from_user(void *dst, uintptr_t src, size_t len);
int copy_to_user(uintptr_t dst, const void *src, size_t len);
int clear_user(uintptr_t dst, size_t len);

/* How many bytes were copied before a fault: for read and write. */
size_t copy_from_user_partial(void *dst, uintptr_t src, size_t len);
size_t copy_to_user_partial(uintptr_t dst, const void *src, size_t len);

/* The string's length without its terminator; -EFAULT; -ENAMETOOLONG when it
 * does not fit size bytes with its terminator. */
long copy_string_from_user(char *dst, uintptr_t src, size_t size);

#define get_user(var, addr) copy_from_user(&(var), addr, sizeof(var))
#define put_user(var, addr) copy_to_user(addr, &(var), sizeof(var))

/* Reads a 32-bit word, or writes one and has what was there in *old, in one
 * access, for futexes: 0, or -EFAULT, -EINVAL when not aligned to 4. */
int user_load32(uintptr_t addr, uint32_t *value);
int user_exchange32(uintptr_t addr, uint32_t value, uint32_t *old);

/*
 * As user_load32(), but never sleeps, and so may be called with a spinlock
 * held; interrupts must be off.  -EFAULT also when the page is only not in
 * memory yet: user_load32() would bring it in.
 */
int user_load32_atomic(uintptr_t addr, uint32_t *value);

/* For the page fault handler: was this copy code?  Then execution goes on at
 * its error exit. */
struct trap_frame;
bool uaccess_fixup(struct trap_frame *frame);

/* Looks whether this machine has SMAP; after cpu_enable_features(). */
void uaccess_init(void);

#endif
