/*
 * stack.c - what a program finds on its stack.
 *
 *	high	the strings: path, arguments, variables; platform, random bytes
 *		(to a multiple of 16)
 *		auxiliary vector	pairs of a type and a value, to AT_NULL
 *		0
 *		pointers to the variables
 *		0
 *		pointers to the arguments
 *	rsp ->	how many arguments
 *	low	the stack grows down from here
 *
 * Source: AMD64 supplement of the System V ABI, 3.4.1 and 3.4.3; getauxval(3).
 *
 * The stack is a mapping that grows when the program reaches its lower end.
 * The program does not run yet: its pages are filled from outside, through the
 * kernel's own mapping of them.
 */
#include "errno.h"
#include "heap.h"
#include "page.h"
#include "process_parts.h"
#include "random.h"
#include "string.h"
#include "x86.h"

#define STACK_FIRST_SIZE (128 * KIB) /* beyond the arguments; then it grows */

enum {
	AT_NULL,
	AT_PHDR = 3,
	AT_PHENT,
	AT_PHNUM,
	AT_PAGESZ,
	AT_BASE,
	AT_FLAGS,
	AT_ENTRY,
	AT_UID = 11,
	AT_EUID,
	AT_GID,
	AT_EGID,
	AT_PLATFORM,
	AT_HWCAP,
	AT_CLKTCK,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_EXECFN = 31,
};

#define AUXILIARY_PAIRS 18
#define CLOCK_TICKS 100

/* After the program's own strings. */
struct extra {
	char platform[8];
	char random[16];
};

/* Addresses in the new program. */
struct stack_layout {
	uintptr_t strings, args, variables, platform, random;
};

/* ---- writing to a program that does not run yet ---- */

static int stack_write(struct aspace *as, uintptr_t addr, const void *data,
		       size_t length)
{
	const char *from = data;

	while (length > 0) {
		size_t offset = addr % PAGE_SIZE;
		size_t part = MIN(length, PAGE_SIZE - offset);
		struct page *page = aspace_page(as, addr, true);

		if (!page)
			return -ENOMEM;
		memcpy((char *)page_virt(page) + offset, from, part);
		page_put(page);
		addr += part;
		from += part;
		length -= part;
	}
	return 0;
}

/* ---- what is written ---- */

static void extra_fill(struct extra *extra)
{
	*extra = (struct extra){.platform = "x86_64"};
	/* For the C library's stack guards. */
	random_bytes(extra->random, sizeof(extra->random));
}

static uint64_t *pair(uint64_t *at, uint64_t type, uint64_t value)
{
	*at++ = type;
	*at++ = value;
	return at;
}

static uint64_t *auxiliary_fill(uint64_t *at, const struct elf_image *image,
				const struct credentials *cred,
				const struct stack_layout *layout)
{
	bool secure = cred->uid != cred->euid || cred->gid != cred->egid;

	at = pair(at, AT_HWCAP, cpuid(1, 0).edx);
	at = pair(at, AT_PAGESZ, PAGE_SIZE);
	at = pair(at, AT_CLKTCK, CLOCK_TICKS);
	at = pair(at, AT_PHDR, image->headers);
	at = pair(at, AT_PHENT, ELF_PROGRAM_HEADER_SIZE);
	at = pair(at, AT_PHNUM, image->header_count);
	at = pair(at, AT_BASE, 0);
	at = pair(at, AT_FLAGS, 0);
	at = pair(at, AT_ENTRY, image->entry);
	at = pair(at, AT_UID, cred->uid);
	at = pair(at, AT_EUID, cred->euid);
	at = pair(at, AT_GID, cred->gid);
	at = pair(at, AT_EGID, cred->egid);
	at = pair(at, AT_SECURE, secure);
	at = pair(at, AT_RANDOM, layout->random);
	at = pair(at, AT_EXECFN, layout->strings);
	at = pair(at, AT_PLATFORM, layout->platform);
	return pair(at, AT_NULL, 0);
}

/* Pointers to count strings, and 0; *string moves on behind them. */
static uint64_t *pointers_fill(uint64_t *at, unsigned int count,
			       const char **string, uintptr_t *addr)
{
	while (count-- > 0) {
		const char *next = args_next(*string);

		*at++ = *addr;
		*addr += next - *string;
		*string = next;
	}
	*at++ = 0;
	return at;
}

static void vectors_fill(uint64_t *at, const struct exec_args *args,
			 const struct elf_image *image,
			 const struct credentials *cred,
			 struct stack_layout *layout)
{
	const char *string = args_next(args->text);
	uintptr_t addr = layout->strings + (string - args->text);

	layout->args = addr;
	*at++ = args->argc;
	at = pointers_fill(at, args->argc, &string, &addr);
	layout->variables = addr;
	at = pointers_fill(at, args->envc, &string, &addr);
	auxiliary_fill(at, image, cred, layout);
}

/* ---- the stack ---- */

static size_t vectors_size(const struct exec_args *args)
{
	/* The count, and a 0 after each of the two lists. */
	return (args->argc + args->envc + 3 + 2 * AUXILIARY_PAIRS) *
	       sizeof(uint64_t);
}

static int stack_map(struct aspace *as, const struct elf_image *image,
		     size_t contents)
{
	size_t size = ALIGN_UP(contents + STACK_FIRST_SIZE, PAGE_SIZE);
	unsigned int prot = PROT_READ | PROT_WRITE;
	long start;

	if (image->executable_stack)
		prot |= PROT_EXEC;
	start = aspace_map(as, USER_MAX - size, size, prot,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				   MAP_GROWSDOWN | MAP_NORESERVE,
			   NULL, 0);
	return start < 0 ? start : 0;
}

int exec_stack_build(struct aspace *as, const struct exec_args *args,
		     const struct elf_image *image,
		     const struct credentials *cred, uintptr_t *rsp)
{
	uintptr_t extra_at = USER_MAX - sizeof(struct extra);
	struct stack_layout layout = {
		.strings = extra_at - args->length,
		.platform = extra_at + offsetof(struct extra, platform),
		.random = extra_at + offsetof(struct extra, random),
	};
	size_t size = vectors_size(args);
	uint64_t *vectors = kmalloc(size);
	struct extra extra;
	int error;

	if (!vectors)
		return -ENOMEM;
	*rsp = ALIGN_DOWN(layout.strings - size, 16ul);
	extra_fill(&extra);
	vectors_fill(vectors, args, image, cred, &layout);
	as->program.args = layout.args;
	as->program.variables = layout.variables;
	as->program.strings_end = extra_at;
	error = stack_map(as, image, USER_MAX - *rsp);
	if (!error)
		error = stack_write(as, extra_at, &extra, sizeof(extra));
	if (!error)
		error = stack_write(as, layout.strings, args->text,
				    args->length);
	if (!error)
		error = stack_write(as, *rsp, vectors, size);
	kfree(vectors);
	return error;
}
