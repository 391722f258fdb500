/* Labels, flags and structures of protocol tty (tty.def). */
#pragma once

#include <stdint.h>

enum {
#define TTY_OP(label, name, ...) TTY_##name = (label),
#include "abi/proto/tty.def"
#undef TTY_OP
};

/* As POSIX names them; bits and indices are those of Linux's termios on x86-64. */
struct tty_attributes {
	uint32_t input, output, control, local;
	uint8_t line;
	uint8_t cc[19];
};

enum { TTY_SET_NOW, TTY_SET_DRAIN, TTY_SET_FLUSH };
enum { TTY_PTY_ASK, TTY_PTY_LOCK, TTY_PTY_UNLOCK };

#define TTY_FORCED 0x1u /* from the background all the same */
#define TTY_FLUSH_INPUT 0x1u
#define TTY_FLUSH_OUTPUT 0x2u
