/* The 16550 driver: everything by ports, no locks, one caller at a time. */
#include "user/lib/uart.h"

#include "user/lib/state.h"
#include "user/lib/uart_hw.h"

static void out(const struct uart *uart, unsigned reg, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((uint16_t)(uart->port + reg)));
}

static uint8_t in(const struct uart *uart, unsigned reg)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((uint16_t)(uart->port + reg)));
	return value;
}

/* The scratch register keeps what is written, if there is a UART at all. */
static bool answers(const struct uart *uart)
{
	out(uart, UART_SCRATCH, 0x5a);
	if (in(uart, UART_SCRATCH) != 0x5a)
		return false;
	out(uart, UART_SCRATCH, 0xa5);
	return in(uart, UART_SCRATCH) == 0xa5;
}

bool uart_init(struct uart *uart, uint16_t port)
{
	uart->port = port;
	uart->present = uart->waiting = false;
	if (!answers(uart))
		return false;
	out(uart, UART_INTERRUPTS, 0);
	out(uart, UART_LINE_CONTROL, LINE_DIVISOR);
	out(uart, UART_DIVISOR_LOW, 1); /* 115200 baud */
	out(uart, UART_DIVISOR_HIGH, 0);
	out(uart, UART_LINE_CONTROL, LINE_8N1);
	out(uart, UART_FIFO, FIFO_ENABLE | FIFO_TRIGGER_14);
	out(uart, UART_MODEM_CONTROL, MODEM_DTR | MODEM_RTS | MODEM_OUT2);
	out(uart, UART_INTERRUPTS, INTERRUPT_RECEIVED);
	uart->present = true;
	return true;
}

void uart_send(struct uart *uart)
{
	while (uart->sent != uart->queued && in(uart, UART_LINE_STATUS) & STATUS_EMPTY) {
		for (unsigned i = 0; i < FIFO_SIZE && uart->sent != uart->queued; i++) {
			out(uart, UART_DATA, uart->queue[uart->sent % UART_QUEUE]);
			*(volatile uint64_t *)&uart->sent += 1;
		}
	}
	bool waiting = uart->sent != uart->queued;
	if (waiting != uart->waiting) {
		uart->waiting = waiting;
		out(uart, UART_INTERRUPTS, INTERRUPT_RECEIVED | (waiting ? INTERRUPT_EMPTY : 0));
	}
}

size_t uart_write(struct uart *uart, const void *bytes, size_t length)
{
	const uint8_t *from = bytes;

	if (!uart->present)
		return length;
	if (length > uart_space(uart))
		length = uart_space(uart);
	for (size_t i = 0; i < length; i++)
		uart->queue[(uart->queued + i) % UART_QUEUE] = from[i];
	state_keep(&uart->queued, sizeof uart->queued);
	uart->queued += length;
	return length;
}

size_t uart_read(struct uart *uart, uint8_t *to, size_t size)
{
	size_t length = 0;

	if (!uart->present)
		return 0;
	in(uart, UART_CAUSE); /* takes back a transmitter interrupt: 8.8 */
	while (length < size && in(uart, UART_LINE_STATUS) & STATUS_RECEIVED)
		to[length++] = in(uart, UART_DATA);
	return length;
}
