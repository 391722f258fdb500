/* What the loader says: whole lines, to the firmware's console and to COM1, once each. */
#pragma once

#include <stdint.h>

/* Finds out where the firmware's console goes. */
void console_start(void);

/* The firmware's console is gone (ExitBootServices was tried): from here on only COM1. */
void console_leave_firmware(void);

/* Up to 500 bytes; what is not ASCII shows as `?`. */
void console_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Waits until the seconds are over or a key is pressed. */
void console_wait(uint32_t seconds);
