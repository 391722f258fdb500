/* From errors of abi/errors.def to those of Linux. */
#pragma once

#include <asm/errno.h>
#include <stdint.h>

#include "abi/errors.h"

/* 0 for ERR_OK, else a negative errno; an error that nobody has a name for is an I/O error. */
int64_t errors_to_linux(status_t status);
