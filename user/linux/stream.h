/* Pipes, by the server of protocol stream (abi/proto/stream.def) that the process was granted as "stream". */
#pragma once

#include <stdint.h>

#include "user/linux/state.h"

int64_t stream_pipe(uint64_t pair);
int64_t stream_pipe2(uint64_t pair, uint32_t flags);

/* F_GETPIPE_SZ, F_SETPIPE_SZ. */
int64_t stream_get_capacity(const struct open_file *file);
int64_t stream_set_capacity(const struct open_file *file, uint64_t bytes);
