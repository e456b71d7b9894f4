/*
 * cmdline.c - the kernel's command line.
 *
 * The boot loader hands over one line of text.  cmdline_init() copies it, as
 * the loader's memory is soon given to the page allocator, and splits it into
 * words at the spaces; a part between double quotes keeps its spaces.  After
 * that everything is read-only: no lock is needed.
 *
 * The options that exist are the table below, which the monitor's command
 * `cmdline` prints; what is not in it is reported, with the nearest name that
 * is, since a mistyped test= would else silently run nothing.
 *
 * When an option is given twice, the last one counts, so that a script can add
 * to a line what overrides it.
 */
#include "cmdline.h"

#include "printk.h"
#include "string.h"

#define LINE_SIZE 4096
#define MAX_WORDS 32

static const struct {
	const char *name, *value, *help;
} options[] = {
	{"test", "SUITE[/NAME],...", "run these tests, or all, and power off"},
	{"args", "WORDS", "arguments for the program that test= runs"},
	{"token", "TEXT", "mark the lines that a grader reads with this"},
	{"seeds", "N", "perturbed runs of each test that asks for some"},
	{"seed", "N", "the seed of sched=; for tests, the only one"},
	{"sched", "STRATEGY",
	 "fair (default), random, pct:DEPTH, jitter or explore"},
	{"lockorder", "0|1",
	 "tell when locks are taken in both orders (1 with test=)"},
	{"cpus", "N", "use at most N CPUs"},
	{"console", "DEVICES", "serial, vga or serial,vga (default)"},
	{"panic", "halt|exit", "after a panic: stay (default), or power off"},
	{"trace", "0|1", "record trace points from the start"},
	{"init", "PATH",
	 "run this program, /sbin/init for a shell; none: the monitor"},
	{"monitor", "", "the monitor, whatever init= says"},
	{"machine", "TEXT", "what runs the kernel: shown in the log"},
};

static char line[LINE_SIZE];    /* as given, for cmdline_text() */
static char storage[LINE_SIZE]; /* cut into words */
static const char *words[MAX_WORDS];
static unsigned int word_count;
static bool too_long;

/*
 * Takes the next word off *text, in place, without its quotes; NULL at the
 * end.  GRUB quotes a whole word, "machine=a b"; people write machine="a b".
 */
static const char *word_take(char **text)
{
	char *from = *text;
	bool quoted = false;

	while (*from == ' ')
		from++;
	if (*from == '\0')
		return NULL;

	char *word = from, *to = from;
	for (; *from != '\0' && (quoted || *from != ' '); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*text = *from == '\0' ? from : from + 1;
	*to = '\0';
	return word;
}

static bool is_file_name(const char *word)
{
	return strchr(word, '/') && !strchr(word, '=');
}

void cmdline_init(const char *text)
{
	char *rest = storage;
	const char *word;

	too_long = strlcpy(line, text, sizeof(line)) >= sizeof(line);
	strlcpy(storage, text, sizeof(storage));
	word_count = 0;
	while ((word = word_take(&rest)) != NULL) {
		bool first = word_count == 0 && word == storage;

		if (first && is_file_name(word))
			continue;
		if (word_count == MAX_WORDS) {
			too_long = true;
			break;
		}
		words[word_count++] = word;
	}
}

static size_t name_length(const char *word)
{
	const char *equals = strchr(word, '=');

	return equals ? (size_t)(equals - word) : strlen(word);
}

const char *cmdline_get(const char *name)
{
	size_t len = strlen(name);

	for (unsigned int i = word_count; i-- > 0;) {
		const char *word = words[i];

		if (name_length(word) == len && strncmp(word, name, len) == 0)
			return word[len] == '=' ? word + len + 1 : word + len;
	}
	return NULL;
}

uint64_t cmdline_u64(const char *name, uint64_t fallback)
{
	const char *text = cmdline_get(name);
	uint64_t value;

	if (!text)
		return fallback;
	if (parse_u64(text, &value) < 0) {
		printk("cmdline: %s=%s is not a number; using %llu\n", name,
		       text, (unsigned long long)fallback);
		return fallback;
	}
	return value;
}

const char *cmdline_text(void)
{
	return line;
}

void cmdline_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		char usage[32];

		snprintf(usage, sizeof(usage), "%s%s%s", options[i].name,
			 *options[i].value ? "=" : "", options[i].value);
		printk("  %-20s %s\n", usage, options[i].help);
	}
}

/*
 * How many letters must be added, removed or changed to turn one name into
 * the other (Levenshtein's distance).  row[j] is the distance between the
 * part of `a` seen so far and the first j letters of `b`.
 */
static unsigned int edit_distance(const char *a, size_t a_len, const char *b)
{
	unsigned int row[16];
	size_t b_len = MIN(strlen(b), ARRAY_SIZE(row) - 1);

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; i < a_len; i++) {
		unsigned int diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			unsigned int change = diagonal + (a[i] != b[j]);
			unsigned int add_or_remove =
				MIN(row[j], row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = MIN(change, add_or_remove);
		}
	}
	return row[b_len];
}

static void word_check(const char *word)
{
	size_t len = name_length(word);
	const char *nearest = NULL;
	unsigned int least = 3; /* further away is no help */

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		unsigned int d = edit_distance(word, len, options[i].name);

		if (d == 0)
			return;
		if (d < least) {
			least = d;
			nearest = options[i].name;
		}
	}
	if (nearest)
		printk("cmdline: unknown option %s: did you mean %s=?\n", word,
		       nearest);
	else
		printk("cmdline: unknown option %s: `cmdline` at the prompt "
		       "lists what exists\n",
		       word);
}

void cmdline_report(void)
{
	printk("command line: %s\n", line);
	if (too_long)
		printk("cmdline: too long: only the first %u words of at most "
		       "%u bytes count\n",
		       MAX_WORDS, LINE_SIZE - 1);
	for (unsigned int i = 0; i < word_count; i++)
		word_check(words[i]);
}
