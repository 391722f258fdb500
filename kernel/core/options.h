/* The kernel's command line: words of the form NAME or NAME=VALUE, separated by spaces. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"

void options_init(const struct bootinfo *boot); /* copies the text; at most 2047 bytes, more is cut and said so */
bool options_has(const char *name);
const char *options_value(const char *name); /* "" if absent; lives for ever, ends with a NUL */
const char *options_text(void);
