/*
 * file_stress - many processes do random things with files, and each looks
 * whether they hold what they should: a model in memory is told the same.
 *
 * Each process has some files of its own in one directory, in which all make,
 * move, link and remove names; and all write to one file, each in the blocks
 * that are its own.  The seed is fixed, so each process does the same each
 * time; how their calls mix is the scheduler's choice.
 */
#include "tap.h"
#include <dirent.h>

enum { PROCESSES = 6, STEPS = 600, FILES = 4, SIZE = 20000, PIECE = 3000 };

/* What a file should hold. */
struct model {
	bool exists;
	char name[24];
	long size;
	char data[SIZE];
};

static struct model models[FILES];
static int self; /* which process */
static unsigned int names_made;
static char piece[SIZE];

static long below(long limit)
{
	return random() % limit;
}

static int open_model(const struct model *m, int flags)
{
	int fd = open(m->name, flags, 0666);

	ASSERT(fd >= 0);
	return fd;
}

static void new_name(char *name, size_t size)
{
	snprintf(name, size, "p%d.%u", self, names_made++);
}

static void make(struct model *m)
{
	new_name(m->name, sizeof(m->name));
	close(open_model(m, O_CREAT | O_EXCL | O_WRONLY));
	m->exists = true;
	m->size = 0;
	memset(m->data, 0, SIZE);
}

static void write_some(struct model *m)
{
	bool append = below(3) == 0;
	long len = 1 + below(PIECE);
	long at = append ? m->size : below(SIZE - PIECE);
	int fd = open_model(m, O_WRONLY | (append ? O_APPEND : 0));

	if (at + len > SIZE)
		len = SIZE - at;
	memset(piece, 1 + below(255), len);
	if (append)
		EXPECT_EQ(write(fd, piece, len), len);
	else
		EXPECT_EQ(pwrite(fd, piece, len, at), len);
	close(fd);
	memcpy(m->data + at, piece, len);
	if (len > 0 && at + len > m->size)
		m->size = at + len;
}

static void resize(struct model *m)
{
	long size = below(SIZE);

	EXPECT_EQ(truncate(m->name, size), 0);
	if (size < m->size)
		memset(m->data + size, 0, m->size - size);
	m->size = size;
}

static void punch(struct model *m)
{
	long at = below(SIZE), len = 1 + below(SIZE - at);
	int fd = open_model(m, O_WRONLY);

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
		      len) == 0)
		memset(m->data + at, 0, len);
	close(fd);
}

static void move(struct model *m)
{
	char name[sizeof(m->name)];

	new_name(name, sizeof(name));
	if (below(2)) {
		EXPECT_EQ(rename(m->name, name), 0);
	} else {
		EXPECT_EQ(link(m->name, name), 0);
		EXPECT_EQ(unlink(m->name), 0);
	}
	strcpy(m->name, name);
}

/* A file without a name keeps what it holds until it is closed. */
static void remove_open(struct model *m)
{
	int fd = open_model(m, O_RDONLY);

	EXPECT_EQ(unlink(m->name), 0);
	EXPECT_EQ(read(fd, piece, SIZE), m->size);
	EXPECT_EQ(memcmp(piece, m->data, m->size), 0);
	close(fd);
	m->exists = false;
}

static void check(const struct model *m)
{
	int fd = open_model(m, O_RDONLY);
	struct stat st;

	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_size, m->size);
	EXPECT_EQ(st.st_nlink, 1);
	EXPECT_EQ(read(fd, piece, SIZE), m->size);
	EXPECT_EQ(memcmp(piece, m->data, m->size), 0);
	close(fd);
}

/* Every name of one's own is in the directory once, and no other. */
static void check_names(void)
{
	DIR *dir = opendir(".");
	int seen = 0, expected = 0, owner;
	struct dirent *entry;

	ASSERT(dir);
	for (int i = 0; i < FILES; i++)
		expected += models[i].exists;
	while ((entry = readdir(dir)))
		seen += sscanf(entry->d_name, "p%d.", &owner) == 1 &&
			owner == self;
	closedir(dir);
	EXPECT_EQ(seen, expected);
}

static void step(struct model *m)
{
	static void (*const actions[])(struct model *) = {
		write_some, write_some, write_some, resize,
		punch,      move,       remove_open};

	if (!m->exists)
		make(m);
	else
		actions[below(sizeof(actions) / sizeof(*actions))](m);
	if (m->exists)
		check(m);
}

/* Each process has every PROCESSES-th byte range of the shared file. */
static void write_shared(int fd, int round)
{
	long at = ((long)round * PROCESSES + self) * 100;

	memset(piece, 'A' + self, 100);
	EXPECT_EQ(pwrite(fd, piece, 100, at), 100);
}

static void run(int number)
{
	int shared = open("shared", O_RDWR);

	self = number;
	srandom(1 + number);
	for (int i = 0; i < STEPS; i++) {
		step(&models[below(FILES)]);
		write_shared(shared, i);
		if (i % 50 == 0)
			check_names();
	}
	for (int i = 0; i < FILES; i++)
		if (models[i].exists)
			EXPECT_EQ(unlink(models[i].name), 0);
	tap_exit();
}

TEST(random_operations_by_many)
{
	pid_t pids[PROCESSES];
	int fd = open("shared", O_RDWR | O_CREAT, 0666), wrong = 0;
	char byte[100];

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			run(i);
	}
	for (int i = 0; i < PROCESSES; i++)
		EXPECT_EXIT(pids[i], 0);
	for (int i = 0; i < STEPS * PROCESSES; i++) {
		EXPECT_EQ(read(fd, byte, 100), 100);
		for (int j = 0; j < 100; j++)
			wrong += byte[j] != 'A' + i % PROCESSES;
	}
	EXPECT_EQ(wrong, 0);
}
