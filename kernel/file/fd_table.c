/*
 * fd_table.c - tables of descriptors.
 *
 * A table maps small numbers to files.  POSIX wants the lowest free number each
 * time, so a bit in `open` says which are in use, and a bit in `full` which
 * words of `open` have no zero left: two bit scans find the number, however
 * many are open.  The bits of `cloexec` say what execve(2) closes.
 *
 *	full     ...0001
 *	open     ...0111   ...1111        word 0 is full, 3 bits of word 1 set
 *	files    64, 65, 66 in use        the lowest free number is 67
 *
 * The first 64 descriptors lie in the table itself; when they are used up, the
 * arrays move to a larger block, and again at each doubling.
 *
 * The lock guards everything but refs.  Most processes have one thread, and a
 * table of their own: then nobody else changes it, and its owner looks at it
 * without the lock (fd_table_is_private).  To change it takes the lock always,
 * for by way of /proc others look at it.  Files are put after the lock is
 * released, since a file's release may sleep.
 */
#include "fd_table.h"
#include "errno.h"
#include "file.h"
#include "fs.h"
#include "heap.h"
#include "process.h"
#include "string.h"

_Static_assert(FD_MAX <= FD_WORD * FD_WORD, "one word `full` is enough");

/* A descriptor that was of this table has gone: so do the locks that the
 * process has on the file (fcntl(2)); an O_PATH one is none of the file. */
static void file_closed(const struct fdtable *t, struct file *f)
{
	const struct file_hook *hook;

	if (unlikely(f->inode && f->inode->locks) && !(f->flags & O_PATH))
		table_for_each (hook, file_hooks)
			if (hook->descriptor_closed)
				hook->descriptor_closed(f, t);
	file_put(f);
}

/* ---- one table ---- */

struct fdtable *fdtable_create(void)
{
	struct fdtable *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->refs = 1;
	t->capacity = FD_WORD;
	t->files = t->first_files;
	t->open = &t->first_bits[0];
	t->cloexec = &t->first_bits[1];
	spin_init(&t->lock, "descriptors");
	return t;
}

/* The arrays in one block: files, then open, then cloexec. */
static int table_grow(struct fdtable *t, unsigned int capacity)
{
	unsigned int words = capacity / FD_WORD;
	unsigned int old_words = t->capacity / FD_WORD;
	struct file **files = kzalloc(capacity * sizeof(*files) +
				      2 * words * sizeof(uint64_t));
	uint64_t *open = (uint64_t *)(files + capacity);

	if (!files)
		return -ENOMEM;
	memcpy(files, t->files, t->capacity * sizeof(*files));
	memcpy(open, t->open, old_words * sizeof(*open));
	memcpy(open + words, t->cloexec, old_words * sizeof(*open));
	if (t->files != t->first_files)
		kfree(t->files);
	t->files = files;
	t->open = open;
	t->cloexec = open + words;
	t->capacity = capacity;
	return 0;
}

static int table_reserve(struct fdtable *t, unsigned int fd)
{
	unsigned int capacity = t->capacity;

	while (capacity <= fd)
		capacity *= 2;
	return capacity == t->capacity ? 0 : table_grow(t, capacity);
}

/* The lowest free number from `from` on; may lie beyond the capacity. */
static unsigned int lowest_free(const struct fdtable *t, unsigned int from)
{
	unsigned int word = from / FD_WORD, words = t->capacity / FD_WORD;
	uint64_t candidates;

	if (word >= words)
		return from;
	candidates = ~t->open[word] & (UINT64_MAX << from % FD_WORD);
	if (!candidates) {
		uint64_t not_full = ~t->full & (UINT64_MAX << word);

		not_full &= ~(1ul << word);
		if (!not_full)
			return words * FD_WORD;
		word = __builtin_ctzl(not_full);
		if (word >= words)
			return words * FD_WORD;
		candidates = ~t->open[word];
	}
	return word * FD_WORD + __builtin_ctzl(candidates);
}

static void slot_set(struct fdtable *t, unsigned int fd, struct file *f,
		     bool cloexec)
{
	unsigned int word = fd / FD_WORD;
	uint64_t bit = 1ul << fd % FD_WORD;

	t->files[fd] = f;
	t->open[word] |= bit;
	if (t->open[word] == UINT64_MAX)
		t->full |= 1ul << word;
	if (cloexec)
		t->cloexec[word] |= bit;
	else
		t->cloexec[word] &= ~bit;
}

static struct file *slot_clear(struct fdtable *t, unsigned int fd)
{
	unsigned int word = fd / FD_WORD;
	uint64_t bit = 1ul << fd % FD_WORD;
	struct file *f = t->files[fd];

	t->files[fd] = NULL;
	t->open[word] &= ~bit;
	t->cloexec[word] &= ~bit;
	t->full &= ~(1ul << word);
	return f;
}

/* To look at it; whether it had to be locked. */
static bool table_lock(struct fdtable *t)
{
	bool locked = !fd_table_is_private(t);

	if (locked)
		spin_lock(&t->lock);
	return locked;
}

static void table_unlock(struct fdtable *t, bool locked)
{
	if (locked)
		spin_unlock(&t->lock);
}

long fdtable_install(struct fdtable *t, struct file *f, unsigned int from,
		     unsigned int limit, bool cloexec)
{
	long result = -EMFILE;
	unsigned int fd;

	spin_lock(&t->lock);
	fd = lowest_free(t, from);
	if (fd < limit)
		result = table_reserve(t, fd);
	if (result == 0) {
		slot_set(t, fd, f, cloexec);
		result = fd;
	}
	spin_unlock(&t->lock);
	return result;
}

long fdtable_replace(struct fdtable *t, struct file *f, unsigned int fd,
		     bool cloexec)
{
	struct file *old = NULL;
	int error;

	spin_lock(&t->lock);
	error = table_reserve(t, fd);
	if (!error) {
		old = fd_table_file(t, fd);
		slot_set(t, fd, f, cloexec);
	}
	spin_unlock(&t->lock);
	if (old)
		file_closed(t, old);
	return error ? error : (long)fd;
}

int fdtable_close(struct fdtable *t, int fd)
{
	struct file *f;

	spin_lock(&t->lock);
	f = fd_table_file(t, fd);
	if (f)
		slot_clear(t, fd);
	spin_unlock(&t->lock);
	if (!f)
		return -EBADF;
	file_closed(t, f);
	return 0;
}

/* ---- a process's table ---- */

struct fdtable *fdtable_get(struct fdtable *t)
{
	__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void fdtable_put(struct fdtable *t)
{
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (unsigned int word = 0; word < t->capacity / FD_WORD; word++)
		for (uint64_t bits = t->open[word]; bits; bits &= bits - 1)
			file_closed(t, t->files[word * FD_WORD +
						__builtin_ctzl(bits)]);
	if (t->files != t->first_files)
		kfree(t->files);
	kfree(t);
}

/* Only as many as are open, however large `from` is. */
struct fdtable *fdtable_copy(struct fdtable *from)
{
	struct fdtable *t = fdtable_create();

	if (!t)
		return NULL;
	bool locked = table_lock(from);
	unsigned int words = from->capacity / FD_WORD;
	while (words > 1 && !from->open[words - 1])
		words--;
	if (table_reserve(t, words * FD_WORD - 1)) {
		table_unlock(from, locked);
		fdtable_put(t);
		return NULL;
	}
	for (unsigned int word = 0; word < words; word++) {
		t->open[word] = from->open[word];
		t->cloexec[word] = from->cloexec[word];
		for (uint64_t bits = t->open[word]; bits; bits &= bits - 1) {
			unsigned int fd = word * FD_WORD + __builtin_ctzl(bits);
			t->files[fd] = file_get(from->files[fd]);
		}
	}
	t->full = from->full;
	table_unlock(from, locked);
	return t;
}

void fdtable_close_on_exec(struct fdtable *t)
{
	for (unsigned int word = 0; word < t->capacity / FD_WORD; word++)
		for (uint64_t bits = t->cloexec[word]; bits; bits &= bits - 1)
			fdtable_close(t, word * FD_WORD + __builtin_ctzl(bits));
}

int fdtable_get_cloexec(struct fdtable *t, int fd)
{
	int result = -EBADF;

	bool locked = table_lock(t);
	if (fd_table_file(t, fd))
		result = t->cloexec[fd / FD_WORD] >> fd % FD_WORD & 1;
	table_unlock(t, locked);
	return result;
}

int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec)
{
	struct file *f;

	spin_lock(&t->lock);
	f = fd_table_file(t, fd);
	if (f)
		slot_set(t, fd, f, cloexec);
	spin_unlock(&t->lock);
	return f ? 0 : -EBADF;
}

int fdtable_next(struct fdtable *t, unsigned int from)
{
	int fd = -1;

	bool locked = table_lock(t);
	for (unsigned int word = from / FD_WORD;
	     word < t->capacity / FD_WORD && fd < 0; word++) {
		uint64_t bits = t->open[word];

		if (word == from / FD_WORD)
			bits &= UINT64_MAX << from % FD_WORD;
		if (bits)
			fd = word * FD_WORD + __builtin_ctzl(bits);
	}
	table_unlock(t, locked);
	return fd;
}

bool fdtable_look(struct fdtable *t, int fd, struct fd_look *look)
{
	const struct file *f;

	bool locked = table_lock(t);
	f = fd_table_file(t, fd);
	if (f) {
		look->name = f;
		look->inode = f->inode ? inode_get(f->inode) : NULL;
	}
	table_unlock(t, locked);
	return f;
}

/* ---- of the current process ---- */

struct file *fd_get(int fd)
{
	return fdtable_file(current_process()->files, fd);
}

struct file *fdtable_file(struct fdtable *t, int fd)
{
	bool locked = table_lock(t);
	struct file *f = fd_table_file(t, fd);

	if (f)
		file_get(f);
	table_unlock(t, locked);
	return f;
}

unsigned int fd_limit(void)
{
	return MIN(current_process()->limits[RLIMIT_NOFILE].soft, FD_MAX);
}

long fd_install(struct file *f, int from, bool cloexec)
{
	return fdtable_install(current_process()->files, f, from, fd_limit(),
			       cloexec);
}

long fd_close(int fd)
{
	return fdtable_close(current_process()->files, fd);
}
