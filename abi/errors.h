/* Errors of the kernel and of every server: the names ERR_* of errors.def, and a sentence for each. */
#pragma once

#include <stdint.h>

/* What a call answers: 0 (ERR_OK) or one of the numbers of errors.def. */
typedef uint32_t status_t;

enum {
#define ERROR(number, name, sentence) ERR_##name = (number),
#include "abi/errors.def"
#undef ERROR
};
