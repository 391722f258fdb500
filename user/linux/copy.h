/* Linux calls that move bytes from one file to another: through a buffer here, since the files may be of two servers. */
#pragma once

#include <stdint.h>

int64_t copy_sendfile(int out, int in, uint64_t position, uint64_t length);
int64_t copy_file_range(int in, uint64_t in_position, int out, uint64_t out_position, uint64_t length, uint32_t flags);
