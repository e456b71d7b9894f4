/*
 * uaccess.c - copying from and to user programs.  See uaccess.h.
 *
 * A user's address is a number that the program chose.  Each function here
 * first checks that all of the range lies in the user half: then whatever else
 * is wrong with it ends in a page fault at one of the instructions in
 * uaccess.asm, and these can fail in an orderly way.  Without the check a
 * program could have the kernel copy the kernel's own memory.
 */
#include "uaccess.h"

#include "cpu.h"
#include "errno.h"
#include "panic.h"
#include "sanitize.h"
#include "trap.h"
#include "x86.h"

/* In uaccess.asm. */
extern bool uaccess_smap;
size_t uaccess_copy(void *dst, const void *src, size_t len);
size_t uaccess_clear(void *dst, size_t len);
long uaccess_copy_string(char *dst, const char *src, size_t size);
int uaccess_load32(const uint32_t *addr, uint32_t *value);
int uaccess_exchange32(uint32_t *addr, uint32_t value, uint32_t *old);

struct uaccess_range {
	uintptr_t start, end, error_exit;
};

extern const struct uaccess_range uaccess_ranges[], uaccess_ranges_end[];

void uaccess_init(void)
{
	uaccess_smap = read_cr4() & CR4_SMAP;
}

int copy_from_user(void *dst, uintptr_t src, size_t len)
{
	sanitize_write(dst, len, CALL_SITE);
	if (!user_range_ok(src, len) ||
	    uaccess_copy(dst, (const void *)src, len))
		return -EFAULT;
	return 0;
}

int copy_to_user(uintptr_t dst, const void *src, size_t len)
{
	sanitize_read(src, len, CALL_SITE);
	if (!user_range_ok(dst, len) || uaccess_copy((void *)dst, src, len))
		return -EFAULT;
	return 0;
}

int clear_user(uintptr_t dst, size_t len)
{
	if (!user_range_ok(dst, len) || uaccess_clear((void *)dst, len))
		return -EFAULT;
	return 0;
}

/* How much of [addr, addr + len) is in the user half. */
static size_t user_part(uintptr_t addr, size_t len)
{
	return addr < USER_TOP ? MIN(len, USER_TOP - addr) : 0;
}

size_t copy_from_user_partial(void *dst, uintptr_t src, size_t len)
{
	size_t part = user_part(src, len);

	sanitize_write(dst, part, CALL_SITE);
	return part - uaccess_copy(dst, (const void *)src, part);
}

size_t copy_to_user_partial(uintptr_t dst, const void *src, size_t len)
{
	size_t part = user_part(dst, len);

	sanitize_read(src, part, CALL_SITE);
	return part - uaccess_copy((void *)dst, src, part);
}

long copy_string_from_user(char *dst, uintptr_t src, size_t size)
{
	size_t part = user_part(src, size);
	long len;

	if (size == 0)
		return -ENAMETOOLONG;
	if (part == 0)
		return -EFAULT;
	len = uaccess_copy_string(dst, (const char *)src, part);
	if (len < 0 || (size_t)len < part)
		return len;
	return part < size ? -EFAULT : -ENAMETOOLONG;
}

static int word_check(uintptr_t addr)
{
	if (unlikely(addr % sizeof(uint32_t)))
		return -EINVAL;
	return likely(user_range_ok(addr, sizeof(uint32_t))) ? 0 : -EFAULT;
}

int user_load32(uintptr_t addr, uint32_t *value)
{
	int error = word_check(addr);

	if (unlikely(error))
		return error;
	return uaccess_load32((const uint32_t *)addr, value);
}

/* The fault handler finds no page for code that has interrupts off. */
int user_load32_atomic(uintptr_t addr, uint32_t *value)
{
	assert(!intr_enabled());
	return user_load32(addr, value);
}

int user_exchange32(uintptr_t addr, uint32_t value, uint32_t *old)
{
	int error = word_check(addr);

	return error ? error : uaccess_exchange32((uint32_t *)addr, value, old);
}

bool uaccess_fixup(struct trap_frame *frame)
{
	if (frame->vector != VECTOR_PAGE_FAULT || trap_from_user(frame))
		return false;
	for (const struct uaccess_range *r = uaccess_ranges;
	     r < uaccess_ranges_end; r++) {
		if (frame->rip < r->start || frame->rip >= r->end)
			continue;
		frame->rip = r->error_exit;
		return true;
	}
	return false;
}
