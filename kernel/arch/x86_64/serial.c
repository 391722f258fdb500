/*
 * COM1: an NS16550A at 115200 baud, 8 data bits, no parity, 1 stop bit, polled. It counts as there when its scratch register
 * keeps a value and a byte sent in loopback mode comes back. A transmitter that does not get empty within the time of a few
 * characters costs that wait once for each write, and after some such writes nothing is waited for any more.
 */
#include "arch/machine.h"

#include "arch/cpu.h"
#include "arch/x86_64/registers.h"

#define COM1 0x3f8

enum {
	SERIAL_DATA = 0,       /* also the low byte of the divisor */
	SERIAL_INTERRUPTS = 1, /* also its high byte */
	SERIAL_FIFO = 2,
	SERIAL_LINE = 3,
	SERIAL_MODEM = 4,
	SERIAL_STATUS = 5,
	SERIAL_SCRATCH = 7,
};

#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define MODEM_READY 0x0b /* DTR, RTS, and OUT2, which lets interrupts through on a PC */
#define MODEM_LOOPBACK 0x1e
#define STATUS_RECEIVED 0x01
#define STATUS_EMPTY 0x20

#define FIFO_SIZE 16u
#define POLLS 20000u /* about 1 us each on the ISA bus: more than the 1.4 ms that a full FIFO takes */
#define FAILURES_MAX 3u
#define ASKED_MAX 1000u /* times in a row, a second or more, that there was no room: it has stopped for good */

static bool present;
static unsigned failures, asked;

static void out(unsigned offset, uint8_t value)
{
	port_write_8((uint16_t)(COM1 + offset), value);
}

static uint8_t in(unsigned offset)
{
	return port_read_8((uint16_t)(COM1 + offset));
}

static bool wait_status(uint8_t bits)
{
	for (unsigned i = 0; i < POLLS; i++) {
		if (in(SERIAL_STATUS)&bits)
			return true;
		cpu_pause();
	}
	return false;
}

static bool answers(void)
{
	out(SERIAL_SCRATCH, 0xa5);
	if (in(SERIAL_SCRATCH) != 0xa5)
		return false;
	out(SERIAL_SCRATCH, 0x5a);
	if (in(SERIAL_SCRATCH) != 0x5a)
		return false;
	out(SERIAL_MODEM, MODEM_LOOPBACK);
	out(SERIAL_DATA, 0x35);
	return wait_status(STATUS_RECEIVED) && in(SERIAL_DATA) == 0x35;
}

bool serial_init(void)
{
	present = false;
	failures = asked = 0;
	out(SERIAL_INTERRUPTS, 0);
	out(SERIAL_LINE, LINE_DIVISOR);
	out(SERIAL_DATA, 1);
	out(SERIAL_INTERRUPTS, 0);
	out(SERIAL_LINE, LINE_8N1);
	out(SERIAL_FIFO, 0x07); /* on, both emptied */
	present = answers();
	out(SERIAL_MODEM, MODEM_READY);
	return present;
}

size_t serial_room(void)
{
	if (!present)
		return SIZE_MAX;
	if (in(SERIAL_STATUS)&STATUS_EMPTY) {
		asked = 0;
		return FIFO_SIZE;
	}
	present = ++asked < ASKED_MAX;
	return 0;
}

void serial_write(const char *text, size_t length)
{
	if (!present)
		return;
	for (size_t i = 0; i < length; i++) {
		if (i % FIFO_SIZE == 0 && !wait_status(STATUS_EMPTY)) {
			present = ++failures < FAILURES_MAX;
			return;
		}
		out(SERIAL_DATA, (uint8_t)text[i]);
	}
	failures = 0; /* a reader that is slow once is not one that has gone */
}
