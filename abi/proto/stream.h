/* Labels, flags and structures of protocol stream (stream.def). */
#pragma once

#include <stdint.h>

enum {
#define STREAM_OP(label, name) STREAM_##name = (label),
#include "abi/proto/stream.def"
#undef STREAM_OP
};

#define STREAM_EVENT_SEMAPHORE 0x1u /* a read takes 1 and not all */

#define STREAM_ATOMIC 4096u          /* a write to a pipe of at most so many bytes goes in whole (PIPE_BUF) */
#define STREAM_CAPACITY 65536u       /* of a new pipe */
#define STREAM_CAPACITY_MAX 1048576u /* of any */
