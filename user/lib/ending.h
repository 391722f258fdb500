/* How a process ended, in words for the log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "abi/handle.h"

#define ENDING_TEXT_MAX 48

/* Whether the process has ended; then the text is "ended with status 1", "was killed", "ended by exception 14" or the like. */
bool ending_text(handle_t process, char text[static ENDING_TEXT_MAX]);

/* Waits until a process that was replaced has ended no more: the call is back before that is done. Not for ever. */
void ending_wait_for_replacement(handle_t process);
