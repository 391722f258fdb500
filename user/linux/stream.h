/* Pipes, by the server of protocol stream (abi/proto/stream.def) that the process was granted as "stream". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "user/linux/state.h"

int64_t stream_pipe(uint64_t pair);
/* An open name of a FIFO becomes an end of what it names. An error has closed it. */
int64_t stream_open_fifo(struct open_file *file);
int64_t stream_pipe2(uint64_t pair, uint32_t flags);

/* Gives both open files descriptors, or neither. Their handles are taken over; `pair` is where the program wants the two. */
int64_t stream_add_pair(const struct open_file files[2], bool close_on_exec, uint64_t pair);

/* What a program is told when the server makes nothing for it. */
int64_t stream_make_error(status_t status);

/* Whether an open file is the stream server's, which knows FS_TRANSFER_NO_WAIT. */
bool stream_is_one(const struct open_file *file);

/* F_GETPIPE_SZ, F_SETPIPE_SZ. */
int64_t stream_get_capacity(const struct open_file *file);
int64_t stream_set_capacity(const struct open_file *file, uint64_t bytes);
