/* Labels, flags and structures of protocol stream (stream.def). */
#pragma once

#include <stdint.h>

enum {
#define STREAM_OP(label, name, ...) STREAM_##name = (label),
#include "abi/proto/stream.def"
#undef STREAM_OP
};

#define STREAM_EVENT_SEMAPHORE 0x1u /* a read takes 1 and not all */

/* Sockets; numbers as on Linux. */
#define STREAM_TYPE_STREAM 1u
#define STREAM_TYPE_DATAGRAM 2u
#define STREAM_TYPE_PACKETS 5u /* connected, and each read is one write */

#define FIFO_READ 0x1u
#define FIFO_WRITE 0x2u

#define STREAM_NAME_MAX 108u

struct stream_name {
	uint16_t length; /* of the text, which has no NUL behind it */
	char text[110];
};

/* send and receive; bit 0 is FS_TRANSFER_NO_WAIT. */
#define STREAM_SEND_TO 0x2u
#define STREAM_RECEIVE_PEEK 0x2u   /* leave it there */
#define STREAM_RECEIVE_ALL 0x4u    /* wait until the buffer is full */
#define STREAM_RECEIVE_SOURCE 0x8u /* tell who sent it */
#define STREAM_RECEIVED_CUT 0x1u   /* the message was longer than the buffer */
#define STREAM_RECEIVED_LOST 0x2u  /* handles came with it that could not be given */
#define STREAM_RECEIVED_LENGTH_SHIFT 32
#define STREAM_NOTES 4 /* words */

#define STREAM_SHUT_READ 0x1u
#define STREAM_SHUT_WRITE 0x2u

enum { STREAM_OPTION_TYPE, STREAM_OPTION_LISTENING, STREAM_OPTION_PEER, STREAM_OPTION_BUFFER };

#define STREAM_ATOMIC 4096u          /* a write to a pipe of at most so many bytes goes in whole (PIPE_BUF) */
#define STREAM_CAPACITY 65536u       /* of a new pipe */
#define STREAM_CAPACITY_MAX 1048576u /* of any */
