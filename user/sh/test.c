/*
 * test.c - test and [: conditions for if and while.
 *
 *	-e -f -d -r -w -x FILE		it exists, is a file, a directory ...
 *	-s FILE				it is not empty
 *	-n -z STRING			it is not empty, it is empty
 *	A = B, A != B			strings
 *	A -eq B, -ne -lt -le -gt -ge	numbers
 *	! EXPRESSION
 *
 * Exit status 0: true, 1: false, 2: not understood.
 */
#include "sh.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRUE, FALSE, WRONG };

static int answer(bool value)
{
	return value ? TRUE : FALSE;
}

static int test_string(const char *op, const char *text)
{
	struct stat st;

	if (op[0] != '-' || !op[1] || op[2])
		return WRONG;
	switch (op[1]) {
	case 'n':
		return answer(*text);
	case 'z':
		return answer(!*text);
	case 'r':
		return answer(access(text, R_OK) == 0);
	case 'w':
		return answer(access(text, W_OK) == 0);
	case 'x':
		return answer(access(text, X_OK) == 0);
	case 'e':
		return answer(stat(text, &st) == 0);
	case 'f':
		return answer(stat(text, &st) == 0 && S_ISREG(st.st_mode));
	case 'd':
		return answer(stat(text, &st) == 0 && S_ISDIR(st.st_mode));
	case 's':
		return answer(stat(text, &st) == 0 && st.st_size > 0);
	default:
		return WRONG;
	}
}

static int test_pair(const char *left, const char *op, const char *right)
{
	static const char *const ops[] = {"-eq", "-ne", "-lt",
					  "-le", "-gt", "-ge"};
	long a = atol(left), b = atol(right);
	const bool results[] = {a == b, a != b, a<b, a <= b, a> b, a >= b};

	if (strcmp(op, "=") == 0)
		return answer(strcmp(left, right) == 0);
	if (strcmp(op, "!=") == 0)
		return answer(strcmp(left, right) != 0);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(op, ops[i]) == 0)
			return answer(results[i]);
	return WRONG;
}

static int evaluate(char **args, int count)
{
	int result;

	if (count == 3) {
		result = test_pair(args[0], args[1], args[2]);
		if (result != WRONG)
			return result;
	}
	if (count > 1 && strcmp(args[0], "!") == 0) {
		result = evaluate(args + 1, count - 1);
		return result == WRONG ? WRONG : !result;
	}
	switch (count) {
	case 0:
		return FALSE;
	case 1:
		return answer(*args[0]);
	case 2:
		return test_string(args[0], args[1]);
	default:
		return WRONG;
	}
}

int builtin_test(char **argv)
{
	int count = 0, result;

	while (argv[count + 1])
		count++;
	if (strcmp(argv[0], "[") == 0) {
		if (!count || strcmp(argv[count], "]") != 0) {
			complain("[: the ] is missing");
			return WRONG;
		}
		count--;
	}
	result = evaluate(argv + 1, count);
	if (result == WRONG)
		complain("%s: not understood", argv[0]);
	return result;
}
