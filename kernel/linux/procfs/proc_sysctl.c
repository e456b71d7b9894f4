/*
 * proc_sysctl.c - /proc/sys: a file a value.
 *
 * Those that can be written are root's; a number out of its range is -EINVAL,
 * and nothing changes.
 */
#include "sysctl.h"

#include "errno.h"
#include "page.h"
#include "procfs.h"
#include "random.h"
#include "string.h"

struct sysctl sysctl_msgmax = {8192, 1, INT32_MAX};
struct sysctl sysctl_msgmnb = {16384, 1, INT32_MAX};
struct sysctl sysctl_msgmni = {32000, 0, 32768};
struct sysctl sysctl_shmmax = {UINT64_MAX - (1ul << 24), 1, UINT64_MAX};
struct sysctl sysctl_shmall = {UINT64_MAX - (1ul << 24), 1, UINT64_MAX};
struct sysctl sysctl_shmmni = {4096, 0, 32768};
struct sysctl sysctl_sem[4] = {
	{32000, 1, 65536},
	{1024000000, 1, INT32_MAX},
	{500, 1, INT32_MAX},
	{32000, 0, 32768},
};

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
	uint64_t numbers[ARRAY_SIZE(sysctl_sem)];

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

#define NUMBER(which) \
	static int show_##which(const struct proc_node *node, \
				struct text *text) \
	{ \
		text_printf(text, "%lu\n", sysctl_##which.value); \
		return 0; \
	} \
	static int store_##which(const struct proc_node *node, \
				 const char *value) \
	{ \
		return store_numbers(&sysctl_##which, 1, value); \
	}

NUMBER(msgmax)
NUMBER(msgmnb)
NUMBER(msgmni)
NUMBER(shmmax)
NUMBER(shmall)
NUMBER(shmmni)

static int show_sem(const struct proc_node *node, struct text *text)
{
	text_printf(text, "%lu\t%lu\t%lu\t%lu\n", sysctl_sem[0].value,
		    sysctl_sem[1].value, sysctl_sem[2].value,
		    sysctl_sem[3].value);
	return 0;
}

static int store_sem(const struct proc_node *node, const char *value)
{
	return store_numbers(sysctl_sem, ARRAY_SIZE(sysctl_sem), value);
}

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

/* ---- the tables ---- */

#define WRITABLE(which) \
	{ \
		.name = #which, .mode = S_IFREG | 0644, .show = show_##which, \
		.store = store_##which \
	}

static const struct proc_entry random_names[] = {
	PROC_FILE("uuid", show_uuid),
	{0},
};

const struct proc_entry proc_sysctl_kernel[] = {
	WRITABLE(hostname),
	WRITABLE(domainname),
	PROC_FILE("ostype", show_ostype),
	PROC_FILE("osrelease", show_osrelease),
	PROC_FILE("version", show_version),
	PROC_FILE("pid_max", show_pid_max),
	PROC_FILE("cap_last_cap", show_cap_last_cap),
	WRITABLE(msgmax),
	WRITABLE(msgmnb),
	WRITABLE(msgmni),
	WRITABLE(shmmax),
	WRITABLE(shmall),
	WRITABLE(shmmni),
	WRITABLE(sem),
	{.name = "random", .mode = S_IFDIR | 0555, .names = random_names},
	{0},
};

const struct proc_entry proc_sysctl_vm[] = {
	PROC_FILE("overcommit_memory", show_overcommit),
	{0},
};

const struct proc_entry proc_sysctl_fs[] = {
	PROC_FILE("file-max", show_file_max),
	{0},
};
