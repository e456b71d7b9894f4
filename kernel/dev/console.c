/*
 * console.c - the devices that people sit at, as one console.
 *
 * Output goes to every enabled device, input comes from whichever has some.
 * The devices are rows of a table (CONSOLE): COM1, and the screen with the
 * keyboard.  They are polled: the monitor and the test harness must work even
 * when a student's interrupt code does not.  console_listen() has them tell
 * when it is worth to poll.
 *
 * Locks: none here.  printk's lock keeps writers apart (a panic goes without,
 * once the other CPUs are stopped); input has one reader at a time, the
 * monitor or the running test.
 */
#include "console.h"

#include "printk.h"
#include "string.h"

static unsigned int enabled = CONSOLE_ALL;

void console_init(void)
{
	const struct console_device *d;

	table_for_each (d, consoles)
		d->init();
}

/* Is `name` one of the words of a list with commas? */
static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *word = list; word; word = strchr(word, ',')) {
		if (*word == ',')
			word++;
		if (strncmp(word, name, len) == 0 &&
		    (word[len] == ',' || word[len] == '\0'))
			return true;
	}
	return false;
}

void console_select(const char *names)
{
	const struct console_device *d;
	unsigned int wanted = 0;

	if (!names)
		return;
	table_for_each (d, consoles)
		if (list_has(names, d->name))
			wanted |= d->mask;
	/* A machine without any console could not even say so. */
	if (wanted)
		enabled = wanted;
	else
		printk("console=%s: expected serial, vga or serial,vga\n",
		       names);
}

void console_send(unsigned int devices, const char *bytes, size_t len)
{
	const struct console_device *d;

	table_for_each (d, consoles)
		if (d->mask & enabled & devices)
			d->write(bytes, len);
}

/* A device takes a newline for what it says: down, in the same column. */
void console_write(const char *text, size_t len)
{
	const struct console_device *d;

	table_for_each (d, consoles)
		if (d->begin_message)
			d->begin_message();
	while (len > 0) {
		size_t line = 0;

		while (line < len && text[line] != '\n')
			line++;
		console_send(CONSOLE_ALL, text, line);
		if (line < len) {
			console_send(CONSOLE_ALL, "\r\n", 2);
			line++;
		}
		text += line;
		len -= line;
	}
}

int console_poll_device(unsigned int devices)
{
	const struct console_device *d;
	int c = -1;

	table_for_each (d, consoles)
		if (c < 0 && (d->mask & enabled & devices))
			c = d->poll();
	return c;
}

int console_poll(void)
{
	return console_poll_device(CONSOLE_ALL);
}

bool console_listen(void (*ready)(void))
{
	const struct console_device *d;
	bool all = true;

	table_for_each (d, consoles)
		if ((d->mask & enabled) && !d->listen(ready))
			all = false;
	return all;
}

void console_flush(void)
{
	if (enabled & CONSOLE_SERIAL)
		serial_flush();
}
