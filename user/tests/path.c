/*
 * path - from a path to a file: symbolic links, trailing slashes, directory
 * descriptors, and all that can be wrong with a path.
 *
 * Needs kernel/linux: calls that begin at an open directory.
 */
#include "tap.h"
#include <sys/syscall.h>

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0666);

	ASSERT(fd >= 0);
	close(fd);
}

static ino_t ino_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

TEST(dots_and_slashes)
{
	ino_t here = ino_of(".");

	ASSERT(mkdir("d", 0777) == 0);
	make_file("f");
	EXPECT_EQ(ino_of("d/.."), here);
	EXPECT_EQ(ino_of("././/d///.././"), here);
	EXPECT_EQ(ino_of("/.."), ino_of("/"));
	EXPECT_EQ(ino_of("/../../.."), ino_of("/"));
	EXPECT_EQ(ino_of("///"), ino_of("/"));
	EXPECT_EQ(ino_of("d/../f"), ino_of("f"));
	EXPECT_EQ(ino_of("d/"), ino_of("d"));
}

TEST(errors)
{
	char name[300], longer[5000];
	struct stat st;

	make_file("f");
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	make_file(name);
	name[255] = 'n';
	name[256] = '\0';
	EXPECT_ERRNO(stat(name, &st), ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(longer); i += 2)
		memcpy(longer + i, "./", 2);
	longer[4095] = '\0';
	EXPECT_EQ(stat(longer, &st), 0);
	longer[4095] = '/';
	longer[4096] = '\0';
	EXPECT_ERRNO(stat(longer, &st), ENAMETOOLONG);
	EXPECT_ERRNO(stat("", &st), ENOENT);
	EXPECT_ERRNO(stat("missing/f", &st), ENOENT);
	EXPECT_ERRNO(stat("f/x", &st), ENOTDIR);
	EXPECT_ERRNO(stat("f/", &st), ENOTDIR);
	EXPECT_ERRNO(stat("f/.", &st), ENOTDIR);
	EXPECT_ERRNO(open("f/", O_RDONLY), ENOTDIR);
	EXPECT_ERRNO(open("new/", O_CREAT | O_WRONLY, 0666), EISDIR);
	EXPECT_ERRNO(stat((char *)8, &st), EFAULT);
	EXPECT_ERRNO(stat((char *)-8l, &st), EFAULT);
}

TEST(symbolic_links)
{
	struct stat st;
	char target[20];

	ASSERT(mkdir("d", 0777) == 0);
	make_file("d/f");
	EXPECT_EQ(symlink("d/f", "to_file"), 0);
	EXPECT_EQ(symlink("d", "to_dir"), 0);
	EXPECT_EQ(symlink("../to_dir", "d/up"), 0);
	EXPECT_EQ(symlink("d/", "with_slash"), 0);
	EXPECT_EQ(symlink("d/f/", "to_file_slash"), 0);
	EXPECT_EQ(ino_of("to_file"), ino_of("d/f"));
	EXPECT_EQ(ino_of("to_dir/f"), ino_of("d/f"));
	EXPECT_EQ(ino_of("to_dir/up/up//up/f"), ino_of("d/f"));
	EXPECT_EQ(ino_of("with_slash/f"), ino_of("d/f"));
	EXPECT_EQ(ino_of("to_dir/"), ino_of("d"));
	EXPECT_ERRNO(stat("to_file/", &st), ENOTDIR);
	EXPECT_ERRNO(stat("to_file_slash", &st), ENOTDIR);
	EXPECT_EQ(lstat("to_dir", &st), 0);
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(st.st_size, 1);
	EXPECT_EQ(lstat("to_dir/", &st), 0);
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_EQ(readlink("to_file", target, sizeof(target)), 3);
	EXPECT_EQ(memcmp(target, "d/f", 3), 0);
	EXPECT_EQ(readlink("to_file", target, 2), 2);
	EXPECT_ERRNO(readlink("d", target, 20), EINVAL);
	EXPECT_ERRNO(syscall(SYS_readlink, "to_file", target, 0), EINVAL);
	EXPECT_ERRNO(symlink("", "empty"), ENOENT);
	EXPECT_ERRNO(symlink("x", "d"), EEXIST);
}

TEST(links_that_lead_nowhere)
{
	struct stat st;

	EXPECT_EQ(symlink("b", "a"), 0);
	EXPECT_EQ(symlink("a", "b"), 0);
	EXPECT_ERRNO(stat("a", &st), ELOOP);
	EXPECT_ERRNO(open("a", O_RDONLY | O_CREAT, 0666), ELOOP);
	EXPECT_EQ(symlink("made", "dangling"), 0);
	EXPECT_ERRNO(stat("dangling", &st), ENOENT);
	EXPECT_ERRNO(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0666), EEXIST);
	EXPECT_ERRNO(open("dangling", O_NOFOLLOW), ELOOP);
	EXPECT_ERRNO(mkdir("dangling", 0777), EEXIST);
	EXPECT(open("dangling", O_CREAT | O_RDWR, 0666) >= 0);
	EXPECT_EQ(stat("made", &st), 0);
}

/* 40 links in a row may be followed, and no more. */
TEST(forty_links)
{
	char name[8], target[8];
	struct stat st;

	make_file("l0");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		ASSERT(symlink(target, name) == 0);
	}
	EXPECT_EQ(stat("l40", &st), 0);
	EXPECT_ERRNO(stat("l41", &st), ELOOP);
}

TEST(directory_descriptors)
{
	int dir, file;
	struct stat st;

	ASSERT(mkdir("d", 0777) == 0);
	make_file("d/f");
	dir = open("d", O_RDONLY | O_DIRECTORY);
	file = openat(dir, "f", O_RDONLY);
	EXPECT(file >= 0);
	EXPECT_EQ(mkdirat(dir, "sub", 0777), 0);
	EXPECT_EQ(fstatat(dir, "sub", &st, 0), 0);
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_EQ(ino_of("d/sub"), st.st_ino);
	EXPECT_EQ(fstatat(file, "", &st, AT_EMPTY_PATH), 0);
	EXPECT_EQ(ino_of("d/f"), st.st_ino);
	EXPECT_ERRNO(fstatat(file, "", &st, 0), ENOENT);
	EXPECT_ERRNO(fstatat(file, "x", &st, 0), ENOTDIR);
	EXPECT_ERRNO(fstatat(200, "x", &st, 0), EBADF);
	EXPECT_EQ(fstatat(200, "/", &st, 0), 0);
	EXPECT_EQ(faccessat(dir, "f", R_OK, 0), 0);
	EXPECT_ERRNO(unlinkat(dir, "sub", 0), EISDIR);
	EXPECT_EQ(unlinkat(dir, "sub", AT_REMOVEDIR), 0);
	EXPECT_EQ(symlinkat("f", dir, "link"), 0);
	EXPECT_EQ(fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(renameat(dir, "f", AT_FDCWD, "moved"), 0);
	EXPECT_EQ(ino_of("moved"), (fstat(file, &st), st.st_ino));
}

TEST(working_directory)
{
	char before[4096], after[4096];

	ASSERT(getcwd(before, sizeof(before)));
	ASSERT(mkdir("d", 0777) == 0);
	EXPECT_EQ(chdir("d"), 0);
	ASSERT(getcwd(after, sizeof(after)));
	EXPECT_STR(after, strcat(strdup(before), "/d"));
	EXPECT(getcwd(after, 3) == NULL && errno == ERANGE);
	EXPECT_EQ(rmdir("../d"), 0);
	EXPECT(getcwd(after, sizeof(after)) == NULL && errno == ENOENT);
	EXPECT_ERRNO(open("f", O_CREAT | O_WRONLY, 0666), ENOENT);
	EXPECT_ERRNO(mkdir("x", 0777), ENOENT);
	EXPECT_EQ(chdir(".."), 0);
	ASSERT(getcwd(after, sizeof(after)));
	EXPECT_STR(after, before);
	make_file("f");
	EXPECT_ERRNO(chdir("f"), ENOTDIR);
	EXPECT_ERRNO(chdir("missing"), ENOENT);
	EXPECT_ERRNO(fchdir(open("f", O_RDONLY)), ENOTDIR);
	EXPECT_EQ(fchdir(open("/", O_RDONLY)), 0);
	EXPECT_STR(getcwd(after, sizeof(after)), "/");
}
