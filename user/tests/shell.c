/*
 * shell - what scripts mean: each is run, and what it printed is compared.
 *
 * The shell is that of TEST_SHELL in the environment, or else /bin/sbsh, which is
 * ours; where there is none, on Linux, the system's, which tests the tests.
 */
#include "tap.h"

/* The output of the script, errors apart; its exit status goes to *status. */
static const char *output_of(const char *script, int *status)
{
	static char text[4096];
	const char *shell = getenv("TEST_SHELL");
	int fd = open("output", O_CREAT | O_TRUNC | O_RDWR, 0600);
	pid_t pid = tap_fork();
	ssize_t len;

	if (pid == 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(open("errors", O_CREAT | O_TRUNC | O_WRONLY, 0600),
		     STDERR_FILENO);
		execl(shell ? shell : "/bin/sbsh", "sh", "-c", script, "name",
		      "one", "two words", NULL);
		execl("/bin/sh", "sh", "-c", script, "name", "one", "two words",
		      NULL);
		_exit(127);
	}
	ASSERT(waitpid(pid, status, 0) == pid);
	*status = WEXITSTATUS(*status);
	len = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

struct script {
	const char *text, *output;
	int status;
};

static void run_all(const struct script *scripts)
{
	for (; scripts->text; scripts++) {
		int status;
		const char *output = output_of(scripts->text, &status);

		if (strcmp(output, scripts->output) == 0 &&
		    status == scripts->status)
			continue;
		TAP_FAIL("%s: expected \"%s\" and status %d, got \"%s\" and %d",
			 scripts->text, scripts->output, scripts->status,
			 output, status);
	}
}

TEST(words_and_quotes)
{
	static const struct script scripts[] = {
		{"echo one  two", "one two\n", 0},
		{"echo 'one  two' \"three  four\"", "one  two three  four\n",
		 0},
		{"echo a'b'\"c\"d", "abcd\n", 0},
		{"echo a\\ \\ b \\'", "a  b '\n", 0},
		{"echo '$x' \"\\$x\" \\$x", "$x $x $x\n", 0},
		{"echo one # two", "one\n", 0},
		{"echo one#two", "one#two\n", 0},
		{"echo one \\\n two", "one two\n", 0},
		{"echo 'a\nb'", "a\nb\n", 0},
		{"for i in '' \"\"; do echo x; done",
		 "x\nx\n", 0},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}

TEST(variables)
{
	static const struct script scripts[] = {
		{"x=5; echo $x ${x} \"$x\" '$x' ${x}y", "5 5 5 $x 5y\n", 0},
		{"x='a  b'; echo $x; echo \"$x\"", "a b\na  b\n", 0},
		{"x=a; y=$x$x; echo $y", "aa\n", 0},
		{"echo ${none:-word} \"${none}\"", "word \n", 0},
		{"x=1; unset x; echo [$x]", "[]\n", 0},
		{"x=1; export x; /bin/sh -c 'echo $x'", "1\n", 0},
		{"x=1; /bin/sh -c 'echo [$x]'", "[]\n", 0},
		{"x=2 /bin/sh -c 'echo $x'; echo [$x]", "2\n[]\n", 0},
		{"export y=3; /bin/sh -c 'echo $y'", "3\n", 0},
		{"echo $0 $# $1 $2 \"$3\"", "name 2 one two words \n", 0},
		{"for a in \"$@\"; do echo [$a]; done", "[one]\n[two words]\n",
		 0},
		{"for a in $@; do echo [$a]; done", "[one]\n[two]\n[words]\n",
		 0},
		{"for a in \"$*\"; do echo [$a]; done", "[one two words]\n", 0},
		{"set -- 1 2 3; shift; echo $# $1", "2 2\n", 0},
		{"false; echo $?; true; echo $?", "1\n0\n", 0},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}

TEST(patterns)
{
	static const struct script scripts[] = {
		{"echo x > b1; echo x > b2; echo x > c1; echo b* *1",
		 "b1 b2 b1 c1\n", 0},
		{"echo '*' \"*\" \\* no*match b[2-9] ?1",
		 "* * * no*match b2 b1 c1\n", 0},
		{"x='b*'; echo $x \"$x\"", "b1 b2 b*\n", 0},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}

TEST(redirections)
{
	static const struct script scripts[] = {
		{"echo a > f; echo b >> f; cat f; cat < f", "a\nb\na\nb\n", 0},
		{"echo a > f; echo b > f; cat f", "b\n", 0},
		{"> empty; cat empty; echo $?", "0\n", 0},
		{"cat nothing 2> err; echo $?; test -s err; echo $?", "1\n0\n",
		 0},
		{"{ echo out; echo err >&2; } > f 2>&1; cat f", "out\nerr\n",
		 0},
		{"echo x > no/such/file || echo no", "no\n", 0},
		{"(echo a; echo b) > f; cat f", "a\nb\n", 0},
		{"exec > f; echo a; cat f >&2; exec 1>&2", "", 0},
		{"read a b < f; echo $b-$a", "-a\n", 0},
		{"for i in 1 2; do echo $i; done > f; cat f", "1\n2\n", 0},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}

TEST(exit_statuses)
{
	static const struct script scripts[] = {
		{"exit 3", "", 3},
		{"true; exit", "", 0},
		{"false", "", 1},
		{"(exit 4); echo $?", "4\n", 0},
		{"no-such-program; echo $?", "127\n", 0},
		{"./data; echo $?", "127\n", 0},
		{"> data; ./data; echo $?", "126\n", 0},
		{"! true; echo $?; ! false; echo $?", "1\n0\n", 0},
		{"false || echo or; true && echo and; true || echo no",
		 "or\nand\n", 0},
		{"false && echo no || echo yes", "yes\n", 0},
		{"set -e; false; echo no", "", 1},
		{"set -e; false || true; if false; then :; fi; echo yes",
		 "yes\n", 0},
		{"exec /bin/sh -c 'exit 9'; echo no", "", 9},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}

TEST(conditions_and_loops)
{
	static const struct script scripts[] = {
		{"if true; then echo a; else echo b; fi", "a\n", 0},
		{"if false; then echo a\nelif true\nthen echo b; fi", "b\n",
		 0},
		{"if false; then echo a; fi; echo $?", "0\n", 0},
		{"for i in 1 2 3; do if [ $i = 2 ]; then continue; fi;"
		 " echo $i; done",
		 "1\n3\n", 0},
		{"for i in 1 2; do for j in a b; do echo $i$j; break 2; done;"
		 " done",
		 "1a\n", 0},
		{"x=; while [ \"$x\" != xxx ]; do x=x$x; done; echo $x",
		 "xxx\n", 0},
		{"until [ -e g ]; do echo > g; echo once; done", "once\n", 0},
		{"if [ 1 -lt 2 ] && [ ! 2 -lt 1 ]; then echo yes; fi", "yes\n",
		 0},
		{"[ -d . ] && [ -f g ] && [ -n x ] && [ -z '' ]; echo $?",
		 "0\n", 0},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}

TEST(processes)
{
	static const struct script scripts[] = {
		{"(cd /; x=1); echo [$x]; pwd > p; test -s p", "[]\n", 0},
		{"{ cd /; }; pwd", "/\n", 0},
		{"/bin/sh -c 'exit 5' & wait $!; echo $?", "5\n", 0},
		{"echo a > f & wait; cat f", "a\n", 0},
		{"echo 'echo script $1' > s; /bin/sh s x; . ./s",
		 "script x\nscript one\n", 0},
		{"umask 027; umask; (umask 0); umask", "0027\n0027\n", 0},
		{NULL, NULL, 0},
	};

	run_all(scripts);
}
