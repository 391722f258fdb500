/* COM1, for machines whose firmware does not write to it. */
#pragma once

#include <stdbool.h>

/* Finds the port and sets 115200 8N1. False if there is none. */
bool serial_start(void);

/* Never waits longer than a few milliseconds for a byte; a port that stays busy loses bytes. */
void serial_write(const char *text);
