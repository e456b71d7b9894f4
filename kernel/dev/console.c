/*
 * console.c - COM1, and the screen with the keyboard, as one console.
 *
 * Output goes to every enabled device, input comes from whichever has some.
 * Both devices are polled: the monitor and the test harness must work even
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

static bool use_serial = true, use_vga = true;

void console_init(void)
{
	serial_init();
	screen_init();
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
	if (!names)
		return;
	bool serial = list_has(names, "serial"), vga = list_has(names, "vga");

	/* A machine without any console could not even say so. */
	if (!serial && !vga) {
		printk("console=%s: expected serial, vga or serial,vga\n",
		       names);
		return;
	}
	use_serial = serial;
	use_vga = vga;
}

void console_send(unsigned int devices, const char *bytes, size_t len)
{
	if (use_serial && (devices & CONSOLE_SERIAL))
		serial_write(bytes, len);
	if (use_vga && (devices & CONSOLE_SCREEN))
		screen_write(bytes, len);
}

/* A device takes a newline for what it says: down, in the same column. */
void console_write(const char *text, size_t len)
{
	unsigned int both = CONSOLE_SERIAL | CONSOLE_SCREEN;

	screen_cut_sequence();
	while (len > 0) {
		size_t line = 0;

		while (line < len && text[line] != '\n')
			line++;
		console_send(both, text, line);
		if (line < len) {
			console_send(both, "\r\n", 2);
			line++;
		}
		text += line;
		len -= line;
	}
}

int console_poll_device(unsigned int device)
{
	if (device == CONSOLE_SERIAL)
		return use_serial ? serial_poll() : -1;
	return use_vga ? keyboard_poll() : -1;
}

int console_poll(void)
{
	int c = console_poll_device(CONSOLE_SERIAL);

	return c < 0 ? console_poll_device(CONSOLE_SCREEN) : c;
}

bool console_listen(void (*ready)(void))
{
	bool serial = !use_serial || serial_listen(ready);
	bool keyboard = !use_vga || keyboard_listen(ready);

	return serial && keyboard;
}

void console_flush(void)
{
	if (use_serial)
		serial_flush();
}
