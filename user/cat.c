/*
 * cat - copies files, or standard input, to standard output.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

/* A write may take less than it was given. */
static int write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0) {
			perror("cat: write");
			return 1;
		}
		data += n;
		len -= n;
	}
	return 0;
}

static int copy(int fd, const char *name)
{
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		if (write_all(buffer, n))
			return 1;
	if (n < 0) {
		fprintf(stderr, "cat: ");
		perror(name);
	}
	return n < 0;
}

static int copy_file(const char *name)
{
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);
	int failed;

	if (fd < 0) {
		fprintf(stderr, "cat: ");
		perror(name);
		return 1;
	}
	failed = copy(fd, name);
	if (fd != STDIN_FILENO)
		close(fd);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		return copy(STDIN_FILENO, "standard input");
	while (*++argv)
		failed |= copy_file(*argv);
	return failed;
}
