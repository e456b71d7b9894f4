/*
 * elf.c - from an ELF file to an address space.
 *
 * An executable says in its program headers which parts of the file lie where
 * in memory.  Nothing is read here but these headers: each PT_LOAD becomes a
 * private mapping of the file, whose pages come when they are touched, and
 * which shares them with every other process that runs the program.
 *
 *	file	  | ELF header | code | data |
 *	memory	  | ELF header | code | data | zeros (.bss) |  heap ...
 *	                              ^ p_filesz   ^ p_memsz
 *
 * The zeros begin in the last page of the data, which is therefore copied at
 * once; the pages after it are anonymous memory.
 *
 * An ET_EXEC program is linked for fixed addresses.  An ET_DYN one without an
 * interpreter (static-pie) may lie anywhere, and moves itself there; ours begin
 * where Linux puts them when it does not randomise.
 *
 * The file may be anybody's bytes, so every number from it is checked before it
 * is used.  Source: System V ABI, "Object Files" and "Program Loading"; AMD64
 * supplement, chapter 4.
 */
#include "errno.h"
#include "file.h"
#include "heap.h"
#include "page.h"
#include "process_parts.h"
#include "string.h"

#define PIE_BASE 0x555555554000

struct elf_header {
	uint8_t magic[4], class, data, version, padding[9];
	uint16_t type, machine;
	uint32_t version2;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct program_header) == ELF_PROGRAM_HEADER_SIZE,
	       "as the file has it");

enum { CLASS_64 = 2, DATA_LITTLE_ENDIAN = 1, MACHINE_X86_64 = 62 };
enum { ET_EXEC = 2, ET_DYN = 3 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551 };
enum { PF_EXEC = 1, PF_WRITE = 2, PF_READ = 4 };

#define MAX_HEADERS (PAGE_SIZE / ELF_PROGRAM_HEADER_SIZE)

/* ---- checks ---- */

static bool header_is_ours(const struct elf_header *h, size_t length)
{
	return length >= sizeof(*h) && memcmp(h->magic, "\177ELF", 4) == 0 &&
	       h->class == CLASS_64 && h->data == DATA_LITTLE_ENDIAN &&
	       h->machine == MACHINE_X86_64 &&
	       (h->type == ET_EXEC || h->type == ET_DYN) &&
	       h->phentsize == ELF_PROGRAM_HEADER_SIZE && h->phnum > 0 &&
	       h->phnum <= MAX_HEADERS;
}

/* A segment in the part of memory where programs lie, which can be mapped. */
static bool segment_is_valid(const struct program_header *ph, uintptr_t bias)
{
	uintptr_t start = ph->vaddr + bias;

	return ph->filesz <= ph->memsz && ph->memsz <= MMAP_TOP &&
	       start >= ph->vaddr && start >= USER_MIN &&
	       start <= MMAP_TOP - ph->memsz &&
	       (ph->filesz == 0 ||
		ph->vaddr % PAGE_SIZE == ph->offset % PAGE_SIZE) &&
	       ph->offset <= INT64_MAX - ph->filesz;
}

/* ---- one segment ---- */

static unsigned int segment_prot(const struct program_header *ph)
{
	return (ph->flags & PF_READ ? PROT_READ : 0) |
	       (ph->flags & PF_WRITE ? PROT_WRITE : 0) |
	       (ph->flags & PF_EXEC ? PROT_EXEC : 0);
}

/* Zeros from addr to the end of its page. */
static int page_clear_end(struct aspace *as, uintptr_t addr)
{
	size_t used = addr % PAGE_SIZE;
	struct page *page = aspace_page(as, addr, true);

	if (!page)
		return -ENOMEM;
	memset((char *)page_virt(page) + used, 0, PAGE_SIZE - used);
	page_put(page);
	return 0;
}

static int segment_map(struct aspace *as, struct file *file,
		       const struct program_header *ph, uintptr_t bias)
{
	uintptr_t start = ph->vaddr + bias, skip = start % PAGE_SIZE;
	uintptr_t data_end = start + ph->filesz, end = start + ph->memsz;
	uintptr_t zeros = ph->filesz ? ALIGN_UP(data_end, (uintptr_t)PAGE_SIZE)
				     : start - skip;
	unsigned int prot = segment_prot(ph);
	long error = 0;

	if (ph->filesz)
		error = aspace_map(as, start - skip, ph->filesz + skip, prot,
				   MAP_PRIVATE | MAP_FIXED, file,
				   ph->offset - skip);
	if (error >= 0 && end > zeros)
		error = aspace_map(as, zeros, end - zeros, prot,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				   NULL, 0);
	if (error < 0)
		return error;
	if (ph->filesz && end > data_end && data_end % PAGE_SIZE &&
	    (ph->flags & PF_WRITE))
		return page_clear_end(as, data_end);
	return 0;
}

/* ---- all of them ---- */

/* Where the program headers lie in memory: inside some segment. */
static bool holds_headers(const struct program_header *ph,
			  const struct elf_header *h)
{
	return h->phoff >= ph->offset && h->phoff - ph->offset < ph->filesz;
}

static int segments_map(struct aspace *as, struct file *file,
			const struct elf_header *h,
			const struct program_header *headers,
			struct elf_image *image)
{
	uintptr_t bias = h->type == ET_DYN ? PIE_BASE : 0, top = 0;

	for (const struct program_header *ph = headers; ph < headers + h->phnum;
	     ph++) {
		int error;

		if (ph->type == PT_INTERP)
			return -ENOENT; /* there are no shared libraries */
		if (ph->type == PT_GNU_STACK)
			image->executable_stack = ph->flags & PF_EXEC;
		if (ph->type != PT_LOAD || ph->memsz == 0)
			continue;
		if (!segment_is_valid(ph, bias))
			return -ENOEXEC;
		error = segment_map(as, file, ph, bias);
		if (error)
			return error;
		if (holds_headers(ph, h))
			image->headers =
				h->phoff - ph->offset + ph->vaddr + bias;
		top = MAX(top, ph->vaddr + bias + ph->memsz);
	}
	if (!top)
		return -ENOEXEC;
	image->entry = h->entry + bias;
	image->header_count = h->phnum;
	as->brk_start = as->brk = ALIGN_UP(top, (uintptr_t)PAGE_SIZE);
	return 0;
}

int elf_load(struct aspace *as, const struct exec_file *exec,
	     struct elf_image *image)
{
	const struct elf_header *h = (const struct elf_header *)exec->head;
	struct program_header *headers;
	size_t size;
	int error;

	*image = (struct elf_image){0};
	if (!header_is_ours(h, exec->length) || h->phoff > INT64_MAX)
		return -ENOEXEC;
	size = h->phnum * sizeof(*headers);
	headers = kmalloc(size);
	if (!headers)
		return -ENOMEM;
	if (exec->file->ops->read_kernel(exec->file, headers, size, h->phoff) !=
	    (long)size)
		error = -ENOEXEC;
	else
		error = segments_map(as, exec->file, h, headers, image);
	kfree(headers);
	return error;
}
