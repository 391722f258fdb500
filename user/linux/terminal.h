/* ioctl: terminals, and the few commands that any descriptor has. */
#pragma once

#include <stdint.h>

int64_t terminal_ioctl(int fd, uint32_t command, uint64_t argument);
