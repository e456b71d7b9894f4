/*
 * names - directories and the names in them: made, removed, moved and listed.
 *
 * Needs kernel/linux: linkat(2), renameat2(2).
 */
#include "tap.h"
#include <dirent.h>
#include <sys/syscall.h>

static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0666);

	ASSERT(fd >= 0);
	EXPECT_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static const char *text_of(const char *path)
{
	static char text[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	close(fd);
	return text;
}

static int links_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : (int)st.st_nlink;
}

TEST(make_and_remove_directories)
{
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_EQ(mkdir("d/e/", 0777), 0);
	EXPECT_ERRNO(mkdir("d", 0777), EEXIST);
	EXPECT_ERRNO(mkdir(".", 0777), EEXIST);
	EXPECT_ERRNO(mkdir("/", 0777), EEXIST);
	EXPECT_ERRNO(mkdir("x/y", 0777), ENOENT);
	EXPECT_ERRNO(rmdir("d"), ENOTEMPTY);
	EXPECT_ERRNO(rmdir("d/."), EINVAL);
	EXPECT_ERRNO(rmdir("d/e/.."), ENOTEMPTY);
	EXPECT_ERRNO(unlink("d"), EISDIR);
	EXPECT_EQ(rmdir("d/e"), 0);
	EXPECT_EQ(rmdir("d/"), 0);
	EXPECT_ERRNO(rmdir("d"), ENOENT);
	make_file("f", "");
	EXPECT_ERRNO(rmdir("f"), ENOTDIR);
	EXPECT_ERRNO(unlink("f/"), ENOTDIR);
	EXPECT_EQ(unlink("f"), 0);
	EXPECT_ERRNO(unlink("f"), ENOENT);
	EXPECT_ERRNO(unlink(""), ENOENT);
}

TEST(hard_links)
{
	make_file("a", "one");
	EXPECT_EQ(link("a", "b"), 0);
	EXPECT_EQ(links_of("a"), 2);
	make_file("b", "two");
	EXPECT_STR(text_of("a"), "two");
	EXPECT_EQ(unlink("a"), 0);
	EXPECT_EQ(links_of("b"), 1);
	EXPECT_STR(text_of("b"), "two");
	EXPECT_ERRNO(link("missing", "c"), ENOENT);
	EXPECT_ERRNO(link(".", "c"), EPERM);
	make_file("c", "");
	EXPECT_ERRNO(link("b", "c"), EEXIST);
	EXPECT_EQ(symlink("b", "s"), 0);
	EXPECT_EQ(linkat(AT_FDCWD, "s", AT_FDCWD, "d", AT_SYMLINK_FOLLOW), 0);
	EXPECT_EQ(links_of("b"), 2);
}

TEST(rename_a_file)
{
	make_file("a", "a");
	make_file("b", "b");
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_EQ(rename("a", "c"), 0);
	EXPECT(!exists("a"));
	EXPECT_EQ(rename("c", "b"), 0);
	EXPECT_STR(text_of("b"), "a");
	EXPECT_EQ(rename("b", "d/b"), 0);
	EXPECT_STR(text_of("d/b"), "a");
	EXPECT_EQ(rename("d/b", "d/b"), 0);
	EXPECT_EQ(link("d/b", "same"), 0);
	EXPECT_EQ(rename("same", "d/b"), 0);
	EXPECT(exists("same"));
	EXPECT_ERRNO(rename("missing", "x"), ENOENT);
	EXPECT_ERRNO(rename("same", "d"), EISDIR);
	EXPECT_ERRNO(rename("same", "x/"), ENOTDIR);
	EXPECT_ERRNO(rename("same", "."), EBUSY);
}

TEST(rename_a_directory)
{
	EXPECT_EQ(mkdir("a", 0777), 0);
	EXPECT_EQ(mkdir("a/b", 0777), 0);
	EXPECT_EQ(mkdir("c", 0777), 0);
	make_file("f", "");
	EXPECT_ERRNO(rename("a", "a/b/x"), EINVAL);
	EXPECT_ERRNO(rename("a", "a/x"), EINVAL);
	EXPECT_ERRNO(rename("c", "a"), ENOTEMPTY);
	EXPECT_ERRNO(rename("a/b", "a"), ENOTEMPTY);
	EXPECT_ERRNO(rename("a", "f"), ENOTDIR);
	EXPECT_EQ(rename("a", "c"), 0);
	EXPECT(exists("c/b"));
	EXPECT_EQ(mkdir("e", 0777), 0);
	EXPECT_EQ(rename("c/b", "e/b"), 0);
	EXPECT_EQ(links_of("c"), 2);
	EXPECT_EQ(links_of("e"), 3);
	EXPECT_EQ(chdir("e/b"), 0);
	EXPECT(exists("../../f"));
	EXPECT(exists("../b"));
}

TEST(rename_flags)
{
	make_file("a", "a");
	make_file("b", "b");
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1),
		     EEXIST);
	EXPECT_EQ(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2), 0);
	EXPECT_STR(text_of("a"), "b");
	EXPECT_STR(text_of("b"), "a");
	EXPECT_EQ(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d", 2), 0);
	EXPECT_STR(text_of("d"), "b");
	EXPECT_EQ(links_of("a"), 2);
	EXPECT_EQ(rmdir("a"), 0);
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3),
		     EINVAL);
}

#define MANY 10000

TEST(ten_thousand_names)
{
	static bool seen[MANY];
	char name[16];
	struct dirent *entry;
	DIR *dir;
	int count = 0, number;

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0666));
	}
	dir = opendir(".");
	ASSERT(dir);
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "n%d", &number) != 1)
			continue;
		EXPECT(!seen[number]);
		EXPECT_EQ(entry->d_type, DT_REG);
		seen[number] = true;
		count++;
	}
	EXPECT_EQ(count, MANY);
	closedir(dir);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		EXPECT_EQ(unlink(name), 0);
	}
}

/* Removing what was read, while reading, loses nothing: as rm -r does it. */
TEST(list_while_removing)
{
	char name[300];
	struct dirent *entry;
	int removed = 0;
	DIR *dir;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "a_rather_long_name_%d", i);
		make_file(name, "");
	}
	dir = opendir(".");
	ASSERT(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != 'a')
			continue;
		EXPECT_EQ(unlink(entry->d_name), 0);
		removed++;
	}
	EXPECT_EQ(removed, 300);
	rewinddir(dir);
	while ((entry = readdir(dir)))
		EXPECT(entry->d_name[0] == '.');
	closedir(dir);
}

TEST(getdents_errors)
{
	char buf[512];
	int dir = open(".", O_RDONLY);

	make_file("f", "");
	EXPECT_ERRNO(read(dir, buf, 10), EISDIR);
	EXPECT_ERRNO(syscall(SYS_getdents64, dir, buf, 10), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getdents64, open("f", O_RDONLY), buf, 512),
		     ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_getdents64, dir, 8, 512), EFAULT);
	EXPECT(syscall(SYS_getdents64, dir, buf, 512) > 0);
}

TEST(nodes)
{
	struct stat st;

	EXPECT_EQ(mkfifo("fifo", 0666), 0);
	EXPECT_EQ(stat("fifo", &st), 0);
	EXPECT(S_ISFIFO(st.st_mode));
	EXPECT_ERRNO(mkfifo("fifo", 0666), EEXIST);
	EXPECT_EQ(mknod("file", S_IFREG | 0600, 0), 0);
	EXPECT_EQ(stat("file", &st), 0);
	EXPECT(S_ISREG(st.st_mode));
	EXPECT_ERRNO(mknod("dir", S_IFDIR | 0600, 0), EPERM);
}

/* A slash behind a symbolic link: calls that make, move or remove a name mean
 * the link itself, and that is no directory. */
TEST(a_slash_behind_a_link)
{
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_EQ(mkdir("e", 0777), 0);
	EXPECT_EQ(symlink("d", "l"), 0);
	EXPECT_EQ(symlink("nowhere", "dangling"), 0);
	EXPECT_ERRNO(rmdir("l/"), ENOTDIR);
	EXPECT_ERRNO(unlink("l/"), ENOTDIR);
	EXPECT_ERRNO(rename("l/", "x"), ENOTDIR);
	EXPECT_ERRNO(rename("e", "l/"), ENOTDIR);
	EXPECT_ERRNO(mkdir("dangling/", 0777), EEXIST);
	EXPECT_ERRNO(mkdir("l/", 0777), EEXIST);
	EXPECT(!exists("nowhere") && exists("d") && exists("e"));
	/* What only looks follows it. */
	EXPECT(exists("l/"));
	EXPECT_EQ(mkdir("l/sub", 0777), 0);
	EXPECT(exists("d/sub"));
}

TEST(a_removed_directory_has_no_names)
{
	char buf[256];

	EXPECT_EQ(mkdir("d", 0777), 0);
	int fd = open("d", O_RDONLY | O_DIRECTORY);

	EXPECT(syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
	EXPECT_EQ(rmdir("d"), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_ERRNO(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT);
	close(fd);
}
