/*
 * serial.c - COM1, a 16550 UART, by polling.
 *
 * The serial line is the console that always works: the log that the grader
 * reads, and the prompt in `make run`.  So it depends on nothing, no interrupt,
 * no lock, no memory; two threads that print are kept apart by printk's lock.
 * Who would rather sleep until a byte comes can have the receiver interrupt:
 * serial_listen().  Reading is by polling, even then.
 *
 * 115200 baud, 8 data bits, no parity, 1 stop bit.  The transmitter's FIFO
 * takes 16 bytes, and the status register says when it is empty.  In an
 * emulator the other side may be a program that does not read for a while: we
 * wait for it, but not for ever, so that a machine whose port is stuck, or
 * which has none, still runs, in silence.
 *
 * Source: Texas Instruments PC16550D data sheet, section 8 (registers).
 */
#include "console.h"
#include "irq.h"
#include "x86.h"

#define COM1 0x3f8
#define COM1_LINE 4

/* Registers, from the base port; the first two mean the divisor while
 * LCR_DIVISOR is set. */
enum {
	UART_DATA = 0,
	UART_INTERRUPT_ENABLE = 1,
	UART_FIFO_CONTROL = 2,
	UART_LINE_CONTROL = 3,
	UART_MODEM_CONTROL = 4,
	UART_LINE_STATUS = 5,
	UART_SCRATCH = 7,
};

#define LCR_8N1 0x03
#define LCR_DIVISOR 0x80
#define FCR_ENABLE_AND_CLEAR 0x07
#define IER_RECEIVED 0x01
#define MCR_DTR_RTS 0x03
#define MCR_OUT2 0x08 /* on a PC: lets the chip's interrupt out */
#define LSR_DATA_READY 0x01
#define LSR_FIFO_EMPTY 0x20
#define LSR_LINE_IDLE 0x40

#define FIFO_SIZE 16

/*
 * A read of a port takes at least 100 ns, so this is ten seconds or more; a
 * full FIFO takes 1.4 ms to leave at 115200 baud.
 */
#define WAIT_POLLS 100000000

static bool present;
static bool stuck; /* the transmitter, when we waited last */

static void uart_write(uint16_t reg, uint8_t value)
{
	outb(COM1 + reg, value);
}

static uint8_t uart_read(uint16_t reg)
{
	return inb(COM1 + reg);
}

static void serial_init(void)
{
	/* Where no chip answers, the scratch register does not keep a value. */
	uart_write(UART_SCRATCH, 0x5a);
	present = uart_read(UART_SCRATCH) == 0x5a;
	if (!present)
		return;
	uart_write(UART_INTERRUPT_ENABLE, 0);
	uart_write(UART_LINE_CONTROL, LCR_DIVISOR);
	uart_write(UART_DATA, 1);             /* 115200 / 1 */
	uart_write(UART_INTERRUPT_ENABLE, 0); /* divisor, high byte */
	uart_write(UART_LINE_CONTROL, LCR_8N1);
	uart_write(UART_FIFO_CONTROL, FCR_ENABLE_AND_CLEAR);
	uart_write(UART_MODEM_CONTROL, MCR_DTR_RTS);
}

/* Waits for a bit of the line status.  A port that has not set it in all that
 * time is not waited for again until it does: what is sent meanwhile is lost.
 */
static bool wait_for_status(uint8_t bit)
{
	unsigned int polls = stuck ? 1 : WAIT_POLLS;

	stuck = true;
	for (unsigned int i = 0; stuck && i < polls; i++)
		stuck = !(uart_read(UART_LINE_STATUS) & bit);
	return !stuck;
}

/* Bytes that may be sent before the status is asked again. */
static unsigned int fifo_room;

static void send_byte(char c)
{
	if (fifo_room == 0) {
		if (!wait_for_status(LSR_FIFO_EMPTY))
			return;
		fifo_room = FIFO_SIZE;
	}
	uart_write(UART_DATA, c);
	fifo_room--;
}

static void serial_write(const char *bytes, size_t len)
{
	fifo_room = 0;
	for (size_t i = 0; present && i < len; i++)
		send_byte(bytes[i]);
}

static int serial_poll(void)
{
	if (!present || !(uart_read(UART_LINE_STATUS) & LSR_DATA_READY))
		return -1;
	return uart_read(UART_DATA);
}

/* Set before the line is attached. */
static void (*receiver)(void);

/* The request ends when the byte is read (data sheet, 8.6): whoever polls, and
 * then polls until there is none, makes the next byte interrupt again. */
static void byte_came(unsigned int line, void *arg)
{
	receiver();
}

static bool serial_listen(void (*ready)(void))
{
	receiver = ready;
	if (!present || irq_attach(COM1_LINE, byte_came, NULL))
		return false;
	uart_write(UART_MODEM_CONTROL, MCR_DTR_RTS | MCR_OUT2);
	uart_write(UART_INTERRUPT_ENABLE, IER_RECEIVED);
	return true;
}

void serial_flush(void)
{
	if (present)
		wait_for_status(LSR_LINE_IDLE);
}

CONSOLE(.mask = CONSOLE_SERIAL, .name = "serial", .init = serial_init,
	.write = serial_write, .poll = serial_poll, .listen = serial_listen);
