/*
 * vars.c - the shell's variables.  Those that are exported make up the
 * environment of the programs that it starts.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct var {
	struct var *next;
	char *value; /* NULL: exported, but not set yet */
	bool exported;
	char name[];
};

static struct var *vars;

static void out_of_memory(void)
{
	complain("out of memory");
	_exit(2);
}

static struct var *var_find(const char *name, size_t len)
{
	for (struct var *v = vars; v; v = v->next)
		if (strncmp(v->name, name, len) == 0 && !v->name[len])
			return v;
	return NULL;
}

static struct var *var_make(const char *name, size_t len)
{
	struct var *v = var_find(name, len), **end = &vars;

	if (v)
		return v;
	v = calloc(1, sizeof(*v) + len + 1);
	if (!v)
		out_of_memory();
	memcpy(v->name, name, len);
	while (*end)
		end = &(*end)->next;
	return *end = v;
}

static void var_put(struct var *v, const char *value)
{
	free(v->value);
	v->value = strdup(value);
	if (!v->value)
		out_of_memory();
}

const char *var_get(const char *name)
{
	struct var *v = var_find(name, strlen(name));

	return v ? v->value : NULL;
}

void var_set(const char *name, const char *value)
{
	var_put(var_make(name, strlen(name)), value);
}

void var_export(const char *name)
{
	var_make(name, strlen(name))->exported = true;
}

void var_unset(const char *name)
{
	for (struct var **at = &vars; *at; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0) {
			struct var *v = *at;

			*at = v->next;
			free(v->value);
			free(v);
			return;
		}
}

void var_print(bool exported_only)
{
	for (struct var *v = vars; v; v = v->next)
		if (v->value && (v->exported || !exported_only))
			dprintf(STDOUT_FILENO, "%s%s='%s'\n",
				exported_only ? "export " : "", v->name,
				v->value);
}

void vars_import(char **environment)
{
	for (; *environment; environment++) {
		size_t len = var_name_length(*environment);
		struct var *v;

		if (!len || (*environment)[len] != '=')
			continue;
		v = var_make(*environment, len);
		var_put(v, *environment + len + 1);
		v->exported = true;
	}
}

char **vars_environment(void)
{
	struct strings list = {0};

	for (struct var *v = vars; v; v = v->next)
		if (v->exported && v->value) {
			size_t size = strlen(v->name) + strlen(v->value) + 2;
			char *text = sh_alloc(size);

			snprintf(text, size, "%s=%s", v->name, v->value);
			strings_add(&list, text);
		}
	if (!list.items)
		return sh_alloc(sizeof(char *));
	return list.items;
}

static bool is_name_character(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

size_t var_name_length(const char *text)
{
	size_t len = 0;

	if (*text >= '0' && *text <= '9')
		return 0;
	while (is_name_character(text[len]))
		len++;
	return len;
}
