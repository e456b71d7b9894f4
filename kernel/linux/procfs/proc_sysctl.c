/*
 * proc_sysctl.c - /proc/sys: a file a value.
 *
 * Those that can be written are root's; a number out of its range is -EINVAL,
 * and nothing changes.
 */
#include "errno.h"
#include "page.h"
#include "procfs.h"
#include "random.h"
#include "string.h"
#include "uts.h"

#define MAX_VALUES 4 /* of one file */

/* ---- numbers ---- */

/* Moves on behind the number; -EINVAL: there is none, or it is too large. */
static int take_number(const char **text, uint64_t *number)
{
	const char *at = *text;

	while (*at == ' ' || *at == '\t')
		at++;
	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (*number = 0; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *at - '0', number))
			return -EINVAL;
	*text = at;
	return 0;
}

/* Takes all of them, or changes nothing. */
static int store_numbers(struct sysctl *values, unsigned int count,
			 const char *text)
{
	uint64_t numbers[MAX_VALUES];

	for (unsigned int i = 0; i < count; i++)
		if (take_number(&text, &numbers[i]) ||
		    numbers[i] < values[i].min || numbers[i] > values[i].max)
			return -EINVAL;
	if (*text != '\0')
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++)
		values[i].value = numbers[i];
	return 0;
}

int proc_store_values(const struct proc_entry *entry, const char *value)
{
	return store_numbers(entry->values, entry->value_count, value);
}

void proc_show_values(const struct proc_entry *entry, struct text *text)
{
	for (unsigned int i = 0; i < entry->value_count; i++)
		text_printf(text, "%s%lu", i > 0 ? "\t" : "",
			    entry->values[i].value);
	text_printf(text, "\n");
}

/* Messages, semaphores and shared memory of System V; of semaphores how many in
 * an array, in all, operations in a call, arrays. */
static struct sysctl msgmax = {8192, 1, INT32_MAX};
static struct sysctl msgmnb = {16384, 1, INT32_MAX};
static struct sysctl msgmni = {32000, 0, 32768};
static struct sysctl shmmax = {UINT64_MAX - (1ul << 24), 1, UINT64_MAX};
static struct sysctl shmall = {UINT64_MAX - (1ul << 24), 1, UINT64_MAX};
static struct sysctl shmmni = {4096, 0, 32768};
static struct sysctl sem[4] = {
	{32000, 1, 65536},
	{1024000000, 1, INT32_MAX},
	{500, 1, INT32_MAX},
	{32000, 0, 32768},
};

SYSCTL("sys/kernel", "msgmax", msgmax);
SYSCTL("sys/kernel", "msgmnb", msgmnb);
SYSCTL("sys/kernel", "msgmni", msgmni);
SYSCTL("sys/kernel", "shmmax", shmmax);
SYSCTL("sys/kernel", "shmall", shmall);
SYSCTL("sys/kernel", "shmmni", shmmni);
SYSCTLS("sys/kernel", "sem", sem, ARRAY_SIZE(sem));

/* ---- names ---- */

#define NAME(which, field) \
	static int show_##which(const struct proc_node *node, \
				struct text *text) \
	{ \
		struct utsname names; \
\
		uts_copy(&names); \
		text_printf(text, "%s\n", names.field); \
		return 0; \
	}

NAME(hostname, nodename)
NAME(domainname, domainname)
NAME(ostype, sysname)
NAME(osrelease, release)
NAME(version, version)

static int store_hostname(const struct proc_node *node, const char *value)
{
	return uts_set_nodename(value);
}

static int store_domainname(const struct proc_node *node, const char *value)
{
	return uts_set_domainname(value);
}

/* ---- constants ---- */

static int show_pid_max(const struct proc_node *node, struct text *text)
{
	text_printf(text, "%d\n", PID_MAX);
	return 0;
}

static int show_cap_last_cap(const struct proc_node *node, struct text *text)
{
	text_printf(text, "40\n");
	return 0;
}

static int show_overcommit(const struct proc_node *node, struct text *text)
{
	text_printf(text, "1\n"); /* a page is found when it is touched */
	return 0;
}

static int show_file_max(const struct proc_node *node, struct text *text)
{
	text_printf(text, "%d\n", FD_MAX);
	return 0;
}

/* A number that nobody else has, made anew at each read (RFC 4122, 4.4). */
static int show_uuid(const struct proc_node *node, struct text *text)
{
	uint8_t r[16];

	random_bytes(r, sizeof(r));
	r[6] = (r[6] & 0x0f) | 0x40;
	r[8] = (r[8] & 0x3f) | 0x80;
	for (unsigned int i = 0; i < sizeof(r); i++)
		text_printf(text,
			    i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x"
								  : "%02x",
			    r[i]);
	text_printf(text, "\n");
	return 0;
}

/* ---- the rows ---- */

PROC_DIRECTORY("", "sys", "sys");
PROC_DIRECTORY("sys", "kernel", "sys/kernel");
PROC_DIRECTORY("sys", "vm", "sys/vm");
PROC_DIRECTORY("sys", "fs", "sys/fs");
PROC_DIRECTORY("sys/kernel", "random", "sys/kernel/random");

PROC_FILE_WRITABLE("sys/kernel", "hostname", show_hostname, store_hostname);
PROC_FILE_WRITABLE("sys/kernel", "domainname", show_domainname,
		   store_domainname);
PROC_FILE("sys/kernel", "ostype", show_ostype);
PROC_FILE("sys/kernel", "osrelease", show_osrelease);
PROC_FILE("sys/kernel", "version", show_version);
PROC_FILE("sys/kernel", "pid_max", show_pid_max);
PROC_FILE("sys/kernel", "cap_last_cap", show_cap_last_cap);
PROC_FILE("sys/kernel/random", "uuid", show_uuid);
PROC_FILE("sys/vm", "overcommit_memory", show_overcommit);
PROC_FILE("sys/fs", "file-max", show_file_max);
