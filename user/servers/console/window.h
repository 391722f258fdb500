/*
 * The window size of a terminal at the other end of a serial line, which has no wire for it: the terminal is asked where its
 * cursor ends up in the farthest corner (ECMA-48: CUP, DSR and CPR), and the answer is taken out of what was typed. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Saves the cursor, goes to the far corner, asks for the position, comes back. */
#define WINDOW_QUESTION "\0337\033[999;999H\033[6n\0338"

struct window {
	uint32_t rows, columns; /* 0, 0: unknown */
	bool asked;             /* an answer may come */
	uint8_t held[16];       /* the beginning of what may become one */
	size_t held_length;
};

/*
 * Passes one typed byte through: writes what is not a part of an answer to `out` (room for 17 bytes) and returns how many. With a
 * whole answer rows and columns are set.
 */
size_t window_filter(struct window *window, uint8_t byte, uint8_t *out);

/* The answer did not come in time: what is held back was typed after all. Returns how many bytes it wrote to `out` (16). */
size_t window_give_up(struct window *window, uint8_t *out);
