/*
 * A serial port of the 16550 family with a bounded queue for what goes out. Driven by its interrupt, on which its owner reads what has
 * come and sends what waits. Never waits itself; what does not fit into the queue is the caller's to keep.
 *
 * It may lie in a server's state (state.h), and the queue outlives the server then: that something is queued is under the log, and that it was
 * sent is not, so uart_send() has its place where nothing waits to be committed. All else is of one life.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_QUEUE 32768u

struct uart {
	uint16_t port;
	bool present;
	bool waiting;          /* for the interrupt that says that the transmitter is empty */
	uint64_t queued, sent; /* bytes since the beginning; those between the two are in the queue */
	uint8_t queue[UART_QUEUE];
};

/*
 * Sets 115200 baud, 8 data bits, no parity, 1 stop bit, and the interrupts. False if nothing answers at the port: then writes go
 * nowhere and nothing is received. The process must hold the ioports [port, port + 8). The queue, zeroed at first, stays as it is.
 */
bool uart_init(struct uart *uart, uint16_t port);

/* Queues as much as fits, for uart_send(); answers how many bytes that was. */
size_t uart_write(struct uart *uart, const void *bytes, size_t length);

static inline size_t uart_space(const struct uart *uart)
{
	return UART_QUEUE - (size_t)(uart->queued - uart->sent);
}

/* What has been received, at most `size` bytes. */
size_t uart_read(struct uart *uart, uint8_t *to, size_t size);

/* Sends of the queue what the device takes now, and asks for an interrupt if more waits. */
void uart_send(struct uart *uart);
