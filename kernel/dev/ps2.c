/*
 * ps2.c - the 8042, the controller of keyboard and mouse.
 *
 *	keyboard --+
 *	           +--> one byte at DATA_PORT, and in the status: is there one,
 *	mouse -----+	and is it from the mouse
 *
 * A byte written to STATUS_PORT is a command for the controller; one written to
 * DATA_PORT is the command's operand, or goes to the keyboard, or, behind the
 * command WRITE_MOUSE, to the mouse.  A device acknowledges each byte.
 *
 * Setting up: stop both, ask the controller and each port how they are, then
 * say hello to each device.  Whatever does not answer within ANSWER_NS counts
 * as absent, and we do without.  A machine without a controller reads 0xff from
 * its ports.
 *
 * The keyboard sends set 2, which the controller translates to the codes of the
 * first PC, set 1.
 *
 * The lock keeps the look at the status and the read of the byte together, and
 * everybody away while answers are waited for.
 *
 * Sources: IBM PS/2 hardware interface technical reference, "Keyboard and
 * auxiliary device controller", "Keyboard", "Mouse".
 */
#include "ps2.h"
#include "errno.h"
#include "lock.h"
#include "panic.h"
#include "string.h"
#include "time.h"
#include "x86.h"

#define DATA_PORT 0x60
#define STATUS_PORT 0x64 /* read: status; write: commands */

#define STATUS_OUTPUT_FULL 0x01 /* a byte for us is at DATA_PORT */
#define STATUS_INPUT_FULL 0x02  /* the last one is not yet taken */
#define STATUS_FROM_MOUSE 0x20
#define STATUS_ABSENT 0xff

enum {
	COMMAND_READ_CONFIG = 0x20,
	COMMAND_WRITE_CONFIG = 0x60,
	COMMAND_DISABLE_MOUSE = 0xa7,
	COMMAND_ENABLE_MOUSE = 0xa8,
	COMMAND_TEST_MOUSE = 0xa9,
	COMMAND_TEST = 0xaa,
	COMMAND_TEST_KEYBOARD = 0xab,
	COMMAND_DISABLE_KEYBOARD = 0xad,
	COMMAND_ENABLE_KEYBOARD = 0xae,
	COMMAND_RECEIVE_KEYBOARD = 0xd2, /* a byte, as if it came from there */
	COMMAND_RECEIVE_MOUSE = 0xd3,
	COMMAND_WRITE_MOUSE = 0xd4,
};

#define TEST_PASSED 0x55
#define PORT_TEST_PASSED 0x00

#define CONFIG_KEYBOARD_INTERRUPT 0x01
#define CONFIG_MOUSE_INTERRUPT 0x02
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_MOUSE_OFF 0x20
#define CONFIG_TRANSLATE 0x40

enum {
	DEVICE_ENABLE = 0xf4, /* send what happens */
	DEVICE_SET_DEFAULTS = 0xf6,
	DEVICE_ACKNOWLEDGE = 0xfa,
	DEVICE_RESEND = 0xfe,
};

#define ANSWER_NS (20 * NSEC_PER_MSEC) /* "Keyboard", "Mouse": 20 ms */
#define RESENDS 3
#define FLUSH_MAX 64 /* more than any controller keeps */

static struct core_lock ps2_lock = CORE_LOCK_INIT("ps2", RANK_IRQ);

static bool present[PS2_PORTS]; /* set once, by ps2_init() */
static int fail_next;           /* needs ps2_lock */

/* Bytes of tests that lie behind the one at DATA_PORT; needs ps2_lock. */
static struct {
	uint8_t bytes[PS2_MAX_BEHIND];
	unsigned int count, taken;
} behind[PS2_PORTS];

/* ---- the controller: all of this needs ps2_lock ---- */

/* Waits until the bits of the status are `want`; false when they do not get
 * so. */
static bool wait_for_status(uint8_t bits, uint8_t want)
{
	uint64_t deadline = time_ns() + ANSWER_NS;

	while ((inb(STATUS_PORT) & bits) != want) {
		if (time_ns() >= deadline)
			return false;
		cpu_relax();
	}
	return true;
}

static void controller_write(uint16_t port, uint8_t value)
{
	if (wait_for_status(STATUS_INPUT_FULL, 0))
		outb(port, value);
}

/* The next byte, whoever sends it; -1 when none comes. */
static int controller_read(void)
{
	if (!wait_for_status(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL))
		return -1;
	return inb(DATA_PORT);
}

static int controller_ask(uint8_t command)
{
	controller_write(STATUS_PORT, command);
	return controller_read();
}

static void controller_flush(void)
{
	for (unsigned int i = 0; i < FLUSH_MAX; i++) {
		if (!(inb(STATUS_PORT) & STATUS_OUTPUT_FULL))
			return;
		inb(DATA_PORT);
	}
}

static void config_write(uint8_t config)
{
	controller_write(STATUS_PORT, COMMAND_WRITE_CONFIG);
	controller_write(DATA_PORT, config);
}

/* ---- the devices: all of this needs ps2_lock ---- */

static bool status_is_from(uint8_t status, enum ps2_port port)
{
	return !!(status & STATUS_FROM_MOUSE) == (port == PS2_MOUSE);
}

/* The next byte of that device; what the other one sends is dropped. */
static int device_read(enum ps2_port port)
{
	for (unsigned int i = 0; i < FLUSH_MAX; i++) {
		if (!wait_for_status(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL))
			return -1;
		uint8_t status = inb(STATUS_PORT), byte = inb(DATA_PORT);

		if (status_is_from(status, port))
			return byte;
	}
	return -1;
}

/* Sends a command; true when the device has acknowledged it. */
static bool device_command(enum ps2_port port, uint8_t command)
{
	int answer = DEVICE_RESEND;

	for (int i = 0; i < RESENDS && answer == DEVICE_RESEND; i++) {
		if (port == PS2_MOUSE)
			controller_write(STATUS_PORT, COMMAND_WRITE_MOUSE);
		controller_write(DATA_PORT, command);
		/* What the device had under way comes before its answer. */
		do
			answer = device_read(port);
		while (answer >= 0 && answer != DEVICE_ACKNOWLEDGE &&
		       answer != DEVICE_RESEND);
	}
	return answer == DEVICE_ACKNOWLEDGE;
}

/* ---- setting up ---- */

/* All of this needs ps2_lock. */
static void setup_stop(void)
{
	controller_write(STATUS_PORT, COMMAND_DISABLE_KEYBOARD);
	controller_write(STATUS_PORT, COMMAND_DISABLE_MOUSE);
	controller_flush();
}

static void setup(void)
{
	if (inb(STATUS_PORT) == STATUS_ABSENT)
		return;
	setup_stop();
	if (controller_ask(COMMAND_TEST) != TEST_PASSED)
		return;
	setup_stop(); /* the test may have turned them on */
	bool keyboard =
		controller_ask(COMMAND_TEST_KEYBOARD) == PORT_TEST_PASSED;
	bool mouse = controller_ask(COMMAND_TEST_MOUSE) == PORT_TEST_PASSED;

	config_write(CONFIG_KEYBOARD_OFF | CONFIG_MOUSE_OFF | CONFIG_TRANSLATE);
	if (keyboard) {
		controller_write(STATUS_PORT, COMMAND_ENABLE_KEYBOARD);
		present[PS2_KEYBOARD] =
			device_command(PS2_KEYBOARD, DEVICE_SET_DEFAULTS) &&
			device_command(PS2_KEYBOARD, DEVICE_ENABLE);
	}
	if (mouse) {
		controller_write(STATUS_PORT, COMMAND_ENABLE_MOUSE);
		present[PS2_MOUSE] =
			device_command(PS2_MOUSE, DEVICE_SET_DEFAULTS);
	}
}

void ps2_init(void)
{
	core_lock(&ps2_lock);
	setup();
	core_unlock(&ps2_lock);
}

bool ps2_present(enum ps2_port port)
{
	return present[port];
}

/* What is absent stays off. */
static uint8_t config_for_present(bool interrupts)
{
	uint8_t config = CONFIG_TRANSLATE;

	if (!present[PS2_KEYBOARD])
		config |= CONFIG_KEYBOARD_OFF;
	else if (interrupts)
		config |= CONFIG_KEYBOARD_INTERRUPT;
	if (!present[PS2_MOUSE])
		config |= CONFIG_MOUSE_OFF;
	else if (interrupts)
		config |= CONFIG_MOUSE_INTERRUPT;
	return config;
}

/* Needs ps2_lock. */
static void devices_start(void)
{
	config_write(config_for_present(false));
	if (present[PS2_MOUSE])
		device_command(PS2_MOUSE, DEVICE_ENABLE);
	config_write(config_for_present(true));
	/* A byte that came in between may have raised nothing; while it lies
	 * there, no other byte would. */
	controller_flush();
}

int ps2_start(void)
{
	int error;

	core_lock(&ps2_lock);
	error = fail_next;
	fail_next = 0;
	if (!error && !present[PS2_KEYBOARD] && !present[PS2_MOUSE])
		error = -ENODEV;
	if (!error)
		devices_start();
	core_unlock(&ps2_lock);
	return error;
}

/* ---- bytes ---- */

int ps2_take(enum ps2_port port)
{
	int byte = -1;

	if (!present[port])
		return -1;
	core_lock(&ps2_lock);
	uint8_t status = inb(STATUS_PORT);

	if ((status & STATUS_OUTPUT_FULL) && status_is_from(status, port))
		byte = inb(DATA_PORT);
	else if (behind[port].taken < behind[port].count)
		byte = behind[port].bytes[behind[port].taken++];
	core_unlock(&ps2_lock);
	return byte;
}

/* ---- for tests ---- */

/* Needs ps2_lock. */
static void byte_inject(enum ps2_port port, uint8_t byte)
{
	controller_write(STATUS_PORT, port == PS2_MOUSE
					      ? COMMAND_RECEIVE_MOUSE
					      : COMMAND_RECEIVE_KEYBOARD);
	controller_write(DATA_PORT, byte);
}

void ps2_inject(enum ps2_port port, uint8_t byte)
{
	core_lock(&ps2_lock);
	byte_inject(port, byte);
	core_unlock(&ps2_lock);
}

void ps2_inject_together(enum ps2_port port, const uint8_t *bytes,
			 unsigned int count)
{
	assert(count > 0 && count <= PS2_MAX_BEHIND + 1);
	core_lock(&ps2_lock);
	behind[port].taken = 0;
	behind[port].count = count - 1;
	memcpy(behind[port].bytes, bytes + 1, count - 1);
	byte_inject(port, bytes[0]);
	core_unlock(&ps2_lock);
}

unsigned int ps2_left_together(enum ps2_port port)
{
	unsigned int left;

	core_lock(&ps2_lock);
	left = behind[port].count - behind[port].taken;
	behind[port].count = behind[port].taken = 0;
	core_unlock(&ps2_lock);
	return left;
}

void ps2_fail_next_start(int error)
{
	core_lock(&ps2_lock);
	fail_next = error;
	core_unlock(&ps2_lock);
}
