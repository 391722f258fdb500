/* The kernel's screen: log lines before the console server takes over, and a panic's report. Works when there is none. */
#pragma once

#include "abi/bootinfo.h"

/* Adds the screen to the log's outputs; needs memory for device mappings. */
void screen_output_init(const struct bootinfo *boot);

/* Draws all that is pending, however long it takes: for panics. */
void screen_output_finish(void);
