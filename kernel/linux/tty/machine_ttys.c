/*
 * machine_ttys.c - the machine's own terminals: its console, its serial line,
 * its screen with the keyboard.
 *
 *	/dev/console	both, as the kernel's messages: what is written shows on
 *			both, and either may type
 *	/dev/ttyS0	the serial line
 *	/dev/tty1	the screen
 *
 * A device has one terminal at a time.  While /dev/ttyS0 or /dev/tty1 is open,
 * the device is that terminal's, and the console has the other one; so two
 * shells do not read the same keys.
 *
 * Input comes from the devices one byte at a time: a kernel thread takes it,
 * and hands each byte to the terminal (tty.c).  It sleeps until a program
 * reads, or polls, for the first time: until then the monitor may have the
 * keys.
 *
 * From lab 3 on the thread then waits for the devices' interrupts, and costs
 * nothing while nobody types.  Before that a wait is a loop that takes all the
 * CPU, so the thread had rather look from time to time; and so it does when a
 * device cannot interrupt.
 */
#include "boot.h"
#include "console.h"
#include "device.h"
#include "fs.h"
#include "init.h"
#include "panic.h"
#include "printk.h"
#include "screen.h"
#include "stat.h"
#include "thread.h"
#include "time.h"
#include "tty.h"
#include "waitfor.h"
#include "waitq.h"

#define FIRST_LAB_THAT_BLOCKS 3

#define POLL_FIRST (1 * NSEC_PER_MSEC)
#define POLL_SLOWEST (20 * NSEC_PER_MSEC)

static struct tty console, serial, screen_tty;

static struct thread *input;
static volatile bool wanted; /* somebody has asked for input */

static struct spinlock ready_lock = SPINLOCK_INIT("console input");
static struct waitq ready_waitq; /* needs ready_lock, as the next */
static bool ready;               /* a device has called since the last look */

/* Who typed on the console last: there a question is answered. */
static volatile unsigned int last_typed = CONSOLE_SERIAL;

/* ---- who has which device ---- */

static struct tty *terminal_at(unsigned int device)
{
	struct tty *own = device == CONSOLE_SERIAL ? &serial : &screen_tty;

	return __atomic_load_n(&own->files, __ATOMIC_RELAXED) ? own : &console;
}

static unsigned int devices_of(const struct tty *tty)
{
	unsigned int devices = 0;

	if (terminal_at(CONSOLE_SERIAL) == tty)
		devices |= CONSOLE_SERIAL;
	if (terminal_at(CONSOLE_SCREEN) == tty)
		devices |= CONSOLE_SCREEN;
	return devices;
}

/* ---- input ---- */

/* Also in the interrupt handler of a device. */
static void device_ready(void)
{
	spin_lock(&ready_lock);
	ready = true;
	waitq_wake(&ready_waitq, 1);
	spin_unlock(&ready_lock);
}

/* Not inlined: CALL_SITE is then in input_thread(). */
static __attribute__((noinline)) void wait_for_device(void)
{
	struct wait_record outer =
		wait_begin(WAIT_WORK, &console, "console", CALL_SITE);

	spin_lock(&ready_lock);
	while (!ready)
		waitq_sleep_until(&ready_waitq, &ready_lock, WAIT_FOREVER, 0);
	ready = false;
	spin_unlock(&ready_lock);
	wait_end(outer);
}

static bool take_typed(unsigned int device)
{
	int c = console_poll_device(device);

	if (c < 0)
		return false;
	last_typed = device;
	tty_input(terminal_at(device), c);
	return true;
}

/* What the screen answers to a program's question.  A console on both devices
 * is answered by the one that is typed at, which for the serial line is the
 * terminal at its other end. */
static bool take_answer(void)
{
	struct tty *tty = terminal_at(CONSOLE_SCREEN);
	int c = screen_answer();

	if (c < 0)
		return false;
	if (tty == &screen_tty || last_typed == CONSOLE_SCREEN)
		tty_input(tty, c);
	return true;
}

static bool take_input(void)
{
	bool serial_typed = take_typed(CONSOLE_SERIAL);
	bool screen_typed = take_typed(CONSOLE_SCREEN);

	return take_answer() || serial_typed || screen_typed;
}

/* Polls less often the longer nothing was typed; or not at all. */
static void input_thread(void *arg)
{
	uint64_t pause = POLL_FIRST;
	struct wait_record outer;
	bool interrupts;

	outer = wait_begin(WAIT_WORK, &console, "console", CALL_SITE);
	while (!wanted)
		thread_block();
	wait_end(outer);
	interrupts = stage_lab() >= FIRST_LAB_THAT_BLOCKS &&
		     console_listen(device_ready);
	for (;;) {
		if (take_input()) {
			pause = POLL_FIRST;
		} else if (interrupts) {
			wait_for_device();
		} else {
			thread_sleep_until(time_ns() + pause);
			pause = MIN(pause + POLL_FIRST, POLL_SLOWEST);
		}
	}
}

static void want_input(struct tty *tty)
{
	if (wanted)
		return;
	wanted = true;
	thread_unblock(input);
}

/* ---- output ---- */

static void device_send(struct tty *tty, const char *bytes, size_t len)
{
	printk_send(devices_of(tty), bytes, len);
	if (screen_has_answer())
		device_ready();
}

/* ---- the terminals ---- */

static const struct tty_device device = {
	.send = device_send,
	.want_input = want_input,
};

static int terminal_open(struct file *f, struct tty *tty, bool acquire)
{
	tty_count_file(tty);
	tty_attach(f, tty);
	if (acquire)
		tty_acquire(tty);
	return 0;
}

/* Nobody gets the console without asking for it: it is for messages. */
static int console_tty_open(struct file *f, unsigned int minor, bool acquire)
{
	return terminal_open(f, &console, false);
}

static int serial_open(struct file *f, unsigned int minor, bool acquire)
{
	return terminal_open(f, &serial, acquire);
}

static int screen_open(struct file *f, unsigned int minor, bool acquire)
{
	return terminal_open(f, &screen_tty, acquire);
}

/* They are root's; /dev/tty is everybody's own. */
DEVICE(.name = "tty1", .number = DEVICE_NUMBER(4, 1), .mode = 0600,
       .open = screen_open);
DEVICE(.name = "ttyS0", .number = DEVICE_NUMBER(4, 64), .mode = 0600,
       .open = serial_open);
DEVICE(.name = "console", .number = DEVICE_NUMBER(5, 1), .mode = 0600,
       .open = console_tty_open);

/* A serial terminal has 24 rows, as the VT100 had; so has what shows on both.
 */
static void machine_ttys_init(void)
{
	tty_init(&console, "console", DEVICE_NUMBER(5, 1), &device);
	tty_init(&serial, "ttyS0", DEVICE_NUMBER(4, 64), &device);
	tty_init(&screen_tty, "tty1", DEVICE_NUMBER(4, 1), &device);
	console.termios.iflag |= IUTF8;
	serial.termios.iflag |= IUTF8;
	screen_tty.termios.iflag |= IUTF8;
	console.size = serial.size = (struct winsize){24, 80, 0, 0};
	screen_tty.size = (struct winsize){SCREEN_ROWS, SCREEN_COLUMNS, 0, 0};
	waitq_init(&ready_waitq, "console input");
	if (thread_spawn(&input, "console", input_thread, NULL))
		panic("machine_ttys_init: no memory for the thread");
	thread_detach(input);
}

INIT(INIT_FILES, machine_ttys_init);
