/* The console server as a part of a test: its terminals, without a serial line, a screen and the log. */
#pragma once

int console_main(void);
