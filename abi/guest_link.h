/*
 * Records on COM2 between scripts/guest on the host and guestd in the guest: type (1 byte), length (4 bytes, little-endian),
 * content. Bytes outside of records do not occur. The guest speaks first.
 */
#pragma once

#define GUEST_LINK_VERSION 1
#define GUEST_RECORD_MAX 65536

enum guest_record {
	GUEST_HELLO = 'H',   /* guest → host: version, one byte; the guest is ready for a command */
	GUEST_COMMAND = 'C', /* host → guest: the command line for sh -c */
	GUEST_STDOUT = 'O',  /* guest → host: bytes */
	GUEST_STDERR = 'E',  /* guest → host: bytes */
	GUEST_EXIT = 'X',    /* guest → host: status, 4 bytes little-endian: 0..255, 128 + signal; the last record */
	GUEST_FAILED = 'F',  /* guest → host: a sentence; the command could not be started */
};
