/*
 * The 16550 at COM1's classical address, polled (National Semiconductor PC16550D, section 8). Used only where the firmware's own
 * console does not reach it, and after the firmware is gone.
 */
#include "serial.h"

#include "cpu.h"

#define COM1 0x3f8

enum {
	DATA = COM1,
	INTERRUPTS = COM1 + 1, /* divisor's high byte while DLAB is set */
	FIFO = COM1 + 2,
	LINE = COM1 + 3,
	MODEM = COM1 + 4,
	LINE_STATUS = COM1 + 5,
	SCRATCH = COM1 + 7,
};

#define LINE_DLAB 0x80
#define LINE_8N1 0x03
#define STATUS_EMPTY 0x20 /* the transmitter takes a byte */
#define WAIT_READS 20000  /* about 1 µs each; a byte at 115200 takes 87 µs, a FIFO full of them 1.4 ms */

bool serial_start(void)
{
	cpu_out8(SCRATCH, 0x5a);
	if (cpu_in8(SCRATCH) != 0x5a)
		return false;
	cpu_out8(SCRATCH, 0xa5);
	if (cpu_in8(SCRATCH) != 0xa5)
		return false;
	cpu_out8(INTERRUPTS, 0);
	cpu_out8(LINE, LINE_DLAB | LINE_8N1);
	cpu_out8(DATA, 1); /* 115200 */
	cpu_out8(INTERRUPTS, 0);
	cpu_out8(LINE, LINE_8N1);
	cpu_out8(FIFO, 0x07);
	cpu_out8(MODEM, 0x03);
	return true;
}

void serial_write(const char *text)
{
	for (; *text; text++) {
		for (int reads = 0; !(cpu_in8(LINE_STATUS) & STATUS_EMPTY) && reads < WAIT_READS; reads++)
			;
		cpu_out8(DATA, (uint8_t)*text);
	}
}
