/*
 * monitor.c - the prompt.
 *
 * A thread reads a line, splits it into words at the spaces, finds the first
 * word in the table of commands (monitor_commands.c), checks how many words
 * follow, and runs it; for ever.  Commands run in this thread: they may sleep,
 * and should look at monitor_interrupted() when they take long.
 *
 * The state belongs to the monitor's thread: no lock.
 */
#include "monitor.h"

#include "monitor_commands.h"
#include "panic.h"
#include "printk.h"
#include "string.h"
#include "thread.h"

#define PROMPT "signalbox> "
#define LINE_SIZE 2048
#define MAX_ARGS 8

static bool interrupted;

bool monitor_interrupted(void)
{
	if (!interrupted && line_interrupted()) {
		interrupted = true;
		printk("^C\n");
	}
	return interrupted;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < monitor_command_count; i++)
		if (strcmp(monitor_commands[i].name, name) == 0)
			return &monitor_commands[i];
	return NULL;
}

static const char *command_name(unsigned int index)
{
	return index < monitor_command_count ? monitor_commands[index].name
					     : NULL;
}

/* Cuts the line into words, in place.  Returns how many there are, of which
 * the first `max` are in argv. */
static int line_split(char *line, char **argv, int max)
{
	int argc = 0;

	for (;;) {
		while (*line == ' ')
			*line++ = '\0';
		if (*line == '\0')
			return argc;
		if (argc < max)
			argv[argc] = line;
		argc++;
		while (*line != ' ' && *line != '\0')
			line++;
	}
}

static void line_run(char *line)
{
	char *argv[MAX_ARGS];
	int argc = line_split(line, argv, MAX_ARGS);

	if (argc == 0)
		return;

	const struct command *c = command_find(argv[0]);
	if (!c) {
		printk("%s: unknown command; `help` lists them\n", argv[0]);
		return;
	}
	if (argc - 1 < c->min_args || argc - 1 > c->max_args) {
		printk("usage: %s %s\n", c->name, c->args);
		return;
	}
	interrupted = false;
	c->run(argc, argv);
}

static void monitor_thread(void *arg)
{
	static char line[LINE_SIZE];

	line_set_names(command_name);
	printk("Type help for the commands.\n");
	for (;;)
		if (line_read(PROMPT, line, sizeof(line)))
			line_run(line);
}

void monitor_start(void)
{
	struct thread *t;

	if (thread_spawn(&t, "monitor", monitor_thread, NULL) < 0)
		panic("monitor_start: no memory for the thread");
	thread_detach(t);
}
