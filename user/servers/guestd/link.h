/*
 * The records of abi/guest_link.h on a serial port. What is sent is queued in the order of sending; what comes in is put together
 * here until a record is whole. A byte that begins no known record makes the link resynchronise by dropping it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/guest_link.h"
#include "user/lib/uart.h"

struct link {
	struct uart uart;
	uint8_t header[5];
	uint32_t header_length;
	uint32_t content_length;
	char content[GUEST_RECORD_MAX + 1];
};

/* False if there is no serial port. */
bool link_init(struct link *link, uint16_t port);

/* How many bytes of content the next record may have so that link_send takes it whole. */
size_t link_space(const struct link *link);

/* `length` is at most link_space. */
void link_send(struct link *link, enum guest_record type, const void *content, size_t length);

/* Takes what has arrived; true when a command is whole: NUL-ended text in link->content. */
bool link_receive_command(struct link *link);
