/*
 * args.c - the arguments of execve(2), on their way from one program to the
 * next.
 *
 * The old program's memory will be gone when the new one's stack is built, so
 * all strings are copied into one buffer in between, which doubles when it is
 * full.  What the program may pass is limited, text and pointers together, by
 * ARG_MAX.
 */
#include "errno.h"
#include "heap.h"
#include "process_parts.h"
#include "string.h"
#include "uaccess.h"

#define FIRST_CAPACITY PAGE_SIZE

/* ---- the buffer ---- */

static size_t pointer_size(const struct exec_args *args)
{
	return (args->argc + args->envc) * sizeof(uint64_t);
}

static int args_grow(struct exec_args *args)
{
	size_t capacity = args->capacity * 2;
	char *text;

	if (capacity > ARG_MAX)
		return -E2BIG;
	text = kmalloc(capacity);
	if (!text)
		return -ENOMEM;
	memcpy(text, args->text, args->length);
	kfree(args->text);
	args->text = text;
	args->capacity = capacity;
	return 0;
}

/* One more string; the caller counts what it is. */
static int args_append(struct exec_args *args, const char *string)
{
	size_t size = strlen(string) + 1;

	while (args->capacity - args->length < size) {
		int error = args_grow(args);

		if (error)
			return error;
	}
	memcpy(args->text + args->length, string, size);
	args->length += size;
	return 0;
}

int args_init(struct exec_args *args, const char *path)
{
	*args = (struct exec_args){
		.text = kmalloc(FIRST_CAPACITY),
		.capacity = FIRST_CAPACITY,
	};
	if (!args->text)
		return -ENOMEM;
	return args_append(args, path);
}

void args_free(struct exec_args *args)
{
	kfree(args->text);
	args->text = NULL;
}

int args_add(struct exec_args *args, const char *argument)
{
	int error = args_append(args, argument);

	if (!error)
		args->argc++;
	return error;
}

int args_add_variable(struct exec_args *args, const char *variable)
{
	int error = args_append(args, variable);

	if (!error)
		args->envc++;
	return error;
}

/* ---- from the program ---- */

/* A string that does not fit is copied again, from its beginning. */
static int append_user(struct exec_args *args, uintptr_t addr)
{
	for (;;) {
		long length =
			copy_string_from_user(args->text + args->length, addr,
					      args->capacity - args->length);
		int error;

		if (length >= 0) {
			args->length += length + 1;
			return 0;
		}
		error = length == -ENAMETOOLONG ? args_grow(args) : (int)length;
		if (error)
			return error;
	}
}

/* Appends what an array of pointers points at, up to its NULL.  No array is an
 * empty one, as on Linux. */
static int vector_copy(struct exec_args *args, uintptr_t vector,
		       unsigned int *count)
{
	if (!vector)
		return 0;
	for (;; vector += sizeof(uint64_t)) {
		uintptr_t string;
		int error;

		if (get_user(string, vector))
			return -EFAULT;
		if (!string)
			return 0;
		error = append_user(args, string);
		if (error)
			return error;
		++*count;
		if (args->length + pointer_size(args) > ARG_MAX)
			return -E2BIG;
	}
}

/* A program without a first argument gets an empty one: many would take the
 * first variable for it (Linux 5.18). */
int args_copy_vectors(struct exec_args *args, uintptr_t argv, uintptr_t envp)
{
	int error = vector_copy(args, argv, &args->argc);

	if (!error && args->argc == 0)
		error = args_add(args, "");
	if (!error)
		error = vector_copy(args, envp, &args->envc);
	return error;
}

/* ---- scripts ---- */

/* The path stays; what comes after the first argument is moved behind the new
 * ones. */
int args_put_script(struct exec_args *args, const char *interpreter,
		    const char *option, const char *script)
{
	const char *rest = args_next(args_next(args->text));
	size_t rest_length = args->text + args->length - rest;
	struct exec_args changed;
	int error = args_init(&changed, args->text);

	if (!error)
		error = args_add(&changed, interpreter);
	if (!error && option)
		error = args_add(&changed, option);
	if (!error)
		error = args_add(&changed, script);
	while (!error && changed.capacity - changed.length < rest_length)
		error = args_grow(&changed);
	if (error) {
		args_free(&changed);
		return error;
	}
	memcpy(changed.text + changed.length, rest, rest_length);
	changed.length += rest_length;
	changed.argc += args->argc - 1;
	changed.envc = args->envc;
	args_free(args);
	*args = changed;
	return 0;
}
