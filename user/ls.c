/*
 * ls - lists directories, a name a line, sorted.
 *
 *	ls [-al] [PATH...]
 *
 *	-a	names that begin with a dot, too
 *	-l	before the name: type and permissions, links, owner, group, size
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool show_all, show_long;

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '-';
	}
}

static int show(int dir, const char *name)
{
	char bits[] = "rwxrwxrwx", target[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (!show_long)
		return puts(name) < 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		fprintf(stderr, "ls: %s: %s\n", name, strerror(errno));
		return 1;
	}
	for (int i = 0; i < 9; i++)
		if (!(st.st_mode & (0400 >> i)))
			bits[i] = '-';
	printf("%c%s %3lu %5u %5u %9lld %s", type_letter(st.st_mode), bits,
	       (unsigned long)st.st_nlink, st.st_uid, st.st_gid,
	       (long long)st.st_size, name);
	len = S_ISLNK(st.st_mode)
		      ? readlinkat(dir, name, target, sizeof(target))
		      : 0;
	if (len > 0)
		printf(" -> %.*s", (int)len, target);
	return putchar('\n') < 0;
}

static int is_shown(const struct dirent *entry)
{
	return show_all || entry->d_name[0] != '.';
}

static int list_directory(const char *path)
{
	struct dirent **entries;
	int failed = 0, count = scandir(path, &entries, is_shown, alphasort);
	int dir = count < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY);

	if (dir < 0) {
		fprintf(stderr, "ls: %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		failed |= show(dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	close(dir);
	return failed;
}

static int list(const char *path, bool with_title)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		if (lstat(path, &st) == 0)
			return show(AT_FDCWD, path);
		fprintf(stderr, "ls: %s: %s\n", path, strerror(errno));
		return 1;
	}
	if (with_title)
		printf("%s:\n", path);
	return list_directory(path);
}

int main(int argc, char **argv)
{
	int option, failed = 0;

	while ((option = getopt(argc, argv, "al")) != -1) {
		if (option == '?')
			return 2;
		show_all |= option == 'a';
		show_long |= option == 'l';
	}
	if (optind == argc)
		return list(".", false);
	for (int i = optind; i < argc; i++)
		failed |= list(argv[i], argc - optind > 1);
	return failed;
}
