/* Putting records together and taking them apart. */
#include "user/servers/guestd/link.h"

#define HEADER 5u

bool link_init(struct link *link, uint16_t port)
{
	link->header_length = 0;
	link->content_length = 0;
	return uart_init(&link->uart, port);
}

size_t link_space(const struct link *link)
{
	size_t space = uart_space(&link->uart);

	return space > HEADER ? space - HEADER : 0;
}

void link_send(struct link *link, enum guest_record type, const void *content, size_t length)
{
	uint8_t header[HEADER] = {
	        (uint8_t)type, (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16), (uint8_t)(length >> 24)};

	uart_write(&link->uart, header, sizeof header);
	uart_write(&link->uart, content, length);
	uart_send(&link->uart);
}

static uint32_t announced(const struct link *link)
{
	return link->header[1] | (uint32_t)link->header[2] << 8 | (uint32_t)link->header[3] << 16 |
	        (uint32_t)link->header[4] << 24;
}

static bool take(struct link *link, uint8_t byte)
{
	if (link->header_length < HEADER) {
		if (link->header_length == 0 && byte != GUEST_COMMAND)
			return false;
		link->header[link->header_length++] = byte;
		if (link->header_length == HEADER && announced(link) > GUEST_RECORD_MAX)
			link->header_length = 0;
	} else {
		link->content[link->content_length++] = (char)byte;
	}
	if (link->header_length < HEADER || link->content_length < announced(link))
		return false;
	link->content[link->content_length] = '\0';
	link->header_length = 0;
	link->content_length = 0;
	return true;
}

bool link_receive_command(struct link *link)
{
	uint8_t bytes[64];
	size_t length;

	while ((length = uart_read(&link->uart, bytes, sizeof bytes)) > 0) {
		for (size_t i = 0; i < length; i++) {
			if (take(link, bytes[i]))
				return true;
		}
	}
	return false;
}
